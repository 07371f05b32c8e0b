// What the bench measures: a running server or relay.

import { untilPortBound } from "../process/local_port.ts";
import { untilServing } from "../process/options_probe.ts";
import type { RunningProcess } from "../process/running_process.ts";

export interface BenchedSystem {
  readonly name: string;
  readonly process: RunningProcess;
  /** UDP port on 127.0.0.1 that callers send to. */
  readonly port: number;
  /** TCP port on 127.0.0.1 that phones connect to, when it was started with a protocol for them. */
  readonly connectionPort?: number;
  /** V8 inspector, when it was started with one. */
  readonly inspectorPort?: number;
  /** False for the relay: calls then go without a challenge and nobody can register. */
  readonly isServer: boolean;
  /** Milliseconds from the start of the process to the first answer. */
  readonly readyAfter: number;
}

/** Milliseconds a server may take to come up with thousands of users to read. */
const START_TIMEOUT = 60_000;

/** The server just started, once it answers OPTIONS; ends it and throws with its output when it does not. */
export async function whenServing(
  server: Omit<BenchedSystem, "isServer" | "readyAfter">,
): Promise<BenchedSystem> {
  const { name, process, port, connectionPort } = server;
  const giveUp = new AbortController();
  const endedEarly = process.ended.then(() => false);
  const serves = await Promise.race([untilServing(port, START_TIMEOUT, giveUp.signal), endedEarly]);
  const readyAfter = performance.now() - process.startedAt;
  giveUp.abort();
  const listens = connectionPort === undefined || serves && await untilPortBound("tcp", connectionPort);
  if (serves && listens) return { ...server, isServer: true, readyAfter };
  await process.end();
  const missing = serves ? `listen on TCP port ${connectionPort}` : `answer on 127.0.0.1:${port}`;
  throw new Error(`Cannot start "${name}": it did not ${missing}\n${process.output}`);
}
