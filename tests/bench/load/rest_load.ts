/** Load of the REST service from a process of its own: clients that ask again as soon as they are answered. */
import { join } from "node:path";
import { keepOnCpu } from "../process/cpu_affinity.ts";
import { RunningProcess } from "../process/running_process.ts";

export interface RestLoad {
  /** Of HTTPS at 127.0.0.1. */
  readonly port: number;
  readonly clients: number;
  readonly seconds: number;
  /** Asked for in turn. */
  readonly paths: readonly string[];
  /** The whole value of the header field. */
  readonly authorization: string;
  /** Whether each request has a connection of its own. */
  readonly connectsEachTime?: boolean;
}

export interface RestLoadResult {
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** Milliseconds from a request to its whole answer; with the handshake when each has a connection of its own. */
  readonly median: number;
  readonly percentile99: number;
  readonly longest: number;
  /** How often each status was answered; 0 stands for a connection that failed. */
  readonly statuses: Readonly<Record<number, number>>;
}

const PROGRAM = join(import.meta.dirname!, "rest_load_process.ts");
/** Milliseconds until it has begun, and after its time to tell what was. */
const PATIENCE = 20_000;

/** @param cpu that the clients run on; any if omitted */
export async function offerRestLoad(load: RestLoad, cpu?: number): Promise<RestLoadResult> {
  const process = new RunningProcess({
    path: Deno.execPath(),
    args: ["run", "-A", "--quiet", PROGRAM, JSON.stringify(load)],
  });
  if (cpu !== undefined) await keepOnCpu(process.pid, cpu);
  const [text] = await process.untilOutput(/^\{.*\}$/m, load.seconds * 1000 + PATIENCE);
  await process.end();
  return JSON.parse(text);
}
