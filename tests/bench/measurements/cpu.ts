// CPU time per registration and per call: every system in turn, round after round, and the median of the rounds.

import { setTimeout as delay } from "node:timers/promises";
import { registerCallees } from "../load/register_bindings.ts";
import { type LoadOptions, type LoadResult, offerCalls, offerRegistrations } from "../load/sipp_load.ts";
import { cpuMicroseconds, residentBytes } from "../process/process_meter.ts";
import type { SystemName } from "../systems/start_system.ts";
import type { BenchedSystem } from "../systems/benched_system.ts";
import type { BenchContext } from "./bench_context.ts";
import { median } from "./median.ts";

export interface CpuSample extends LoadResult {
  /** User and system time of all threads and children for one registration or call, in microseconds. */
  readonly microseconds: number;
}

export interface CpuFigure {
  readonly median: number;
  readonly samples: readonly CpuSample[];
}

export interface CpuResult {
  readonly system: SystemName;
  readonly registration?: CpuFigure;
  readonly call: CpuFigure;
  /** After the last round. */
  readonly residentBytes: number;
}

type Load = (options: LoadOptions) => Promise<LoadResult>;

const WARM_UP_SECONDS = 2;
/** Milliseconds between a load and its second reading, so that what it left to do is counted too. */
const AFTERMATH = 500;

export async function measureCpu(context: BenchContext): Promise<CpuResult[]> {
  const { systems, rounds } = context.options;
  const started: BenchedSystem[] = [];
  for (const name of systems) started.push(await startWarm(context, name));
  const registrations = started.map((): CpuSample[] => []);
  const calls = started.map((): CpuSample[] => []);
  for (let round = 1; round <= rounds; round++) {
    for (const [index, system] of started.entries()) {
      context.progress(`cpu, round ${round} of ${rounds}: ${system.name}`);
      if (system.isServer) registrations[index].push(await sample(context, system, offerRegistrations));
      calls[index].push(await sample(context, system, offerCalls));
    }
  }
  const results = started.map((system, index) => ({
    system: systems[index],
    registration: system.isServer ? figure(registrations[index]) : undefined,
    call: figure(calls[index]),
    residentBytes: residentBytes(system.process.pid),
  }));
  await Promise.all(started.map(({ process }) => process.end()));
  return results;
}

/** A system with the callees registered; nobody measures a server that has just begun to compile its code. */
export async function startWarm(context: BenchContext, name: SystemName): Promise<BenchedSystem> {
  const { directory, ports, loadUsers, options: { rate } } = context;
  const system = await context.start(name, loadUsers);
  if (!system.isServer) return system;
  context.progress(`warming up: ${name}`);
  await registerCallees(system.port, ports);
  const load = { system, rate: Math.ceil(rate / 2), seconds: WARM_UP_SECONDS, ports, directory };
  await offerRegistrations(load);
  await offerCalls(load);
  return system;
}

async function sample(context: BenchContext, system: BenchedSystem, offer: Load): Promise<CpuSample> {
  const { directory, ports, options: { rate, seconds } } = context;
  const before = cpuMicroseconds(system.process.pid);
  const result = await offer({ system, rate, seconds, ports, directory });
  await delay(AFTERMATH);
  const used = cpuMicroseconds(system.process.pid) - before;
  return { ...result, microseconds: used / result.successful };
}

function figure(samples: CpuSample[]): CpuFigure {
  return { median: median(samples.map(({ microseconds }) => microseconds)), samples };
}
