// What the figures were measured on and with; they mean nothing without it.

import { availableParallelism, cpus, loadavg, release } from "node:os";
import { RunningProcess } from "../process/running_process.ts";

/** Two lines: the machine, and the versions of what took part. */
export async function describeMachine(): Promise<string> {
  const load = loadavg()[0].toFixed(1);
  const machine = `${availableParallelism()} × ${cpus()[0].model}, Linux ${release()}, load average ${load}`;
  const [kamailio, sipp] = await Promise.all([
    version("kamailio", /version: kamailio (\S+)/),
    version("sipp", /SIPp v([\d.]+)/),
  ]);
  return `${machine}\nDeno ${Deno.version.deno}, Kamailio ${kamailio}, SIPp ${sipp}`;
}

async function version(program: string, pattern: RegExp): Promise<string> {
  const process = new RunningProcess({ path: program, args: ["-v"] });
  await process.ended;
  return process.output.match(pattern)?.[1] ?? "of unknown version";
}
