// What the bench measures: a running server or relay.

import { untilServing } from "../process/options_probe.ts";
import type { RunningProcess } from "../process/running_process.ts";

export interface BenchedSystem {
  readonly name: string;
  readonly process: RunningProcess;
  /** UDP port on 127.0.0.1 that callers send to. */
  readonly port: number;
  /** False for the relay: calls then go without a challenge and nobody can register. */
  readonly isServer: boolean;
  /** Milliseconds from the start of the process to the first answer. */
  readonly readyAfter: number;
}

/** Milliseconds a server may take to come up with thousands of users to read. */
const START_TIMEOUT = 60_000;

/** The server just started, once it answers OPTIONS; ends it and throws with its output when it does not. */
export async function whenServing(
  server: Pick<BenchedSystem, "name" | "process" | "port">,
): Promise<BenchedSystem> {
  const { name, process, port } = server;
  const giveUp = new AbortController();
  const endedEarly = process.ended.then(() => false);
  const serves = await Promise.race([untilServing(port, START_TIMEOUT, giveUp.signal), endedEarly]);
  const readyAfter = performance.now() - process.startedAt;
  giveUp.abort();
  if (serves) return { ...server, isServer: true, readyAfter };
  await process.end();
  throw new Error(`Cannot start "${name}": it did not answer on 127.0.0.1:${port}\n${process.output}`);
}
