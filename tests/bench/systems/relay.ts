// A UDP relay in C that only copies datagrams between each caller and its callee: the least any proxy can cost.

import { join } from "node:path";
import { RunningProcess } from "../process/running_process.ts";
import { freePort, untilPortBound } from "../process/local_port.ts";
import type { LoadPorts } from "../load/load_ports.ts";
import type { BenchedSystem } from "./benched_system.ts";

export async function startRelay(directory: string, ports: LoadPorts): Promise<BenchedSystem> {
  const program = join(directory, "relay");
  await compile(join(import.meta.dirname!, "relay.c"), program);
  const port = freePort();
  const pairs = ports.pairs.flatMap(({ caller, callee }) => [caller, callee]);
  const process = new RunningProcess({ path: program, args: [port, ...pairs].map(String) });
  await untilPortBound("udp", port);
  return { name: "relay", process, port, isServer: false, readyAfter: performance.now() - process.startedAt };
}

async function compile(source: string, program: string): Promise<void> {
  const compiler = new RunningProcess({ path: "gcc", args: ["-O2", "-o", program, source] });
  if (await compiler.ended !== 0) throw new Error(`Cannot compile "${source}"\n${compiler.output}`);
}
