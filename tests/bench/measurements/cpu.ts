// CPU time per registration and per call: every system in turn, round after round, and the median of the rounds.

import { chooseLoadPorts } from "../load/load_ports.ts";
import { registerCallees } from "../load/register_bindings.ts";
import type { LoadResult } from "../load/load_result.ts";
import { type LoadOptions, offerCalls, offerRegistrations } from "../load/sipp_load.ts";
import { residentBytes } from "../process/process_meter.ts";
import type { SystemName } from "../systems/start_system.ts";
import type { BenchedSystem } from "../systems/benched_system.ts";
import type { BenchContext } from "./bench_context.ts";
import { type CpuFigure, type CpuSample, figure, sampleCpu } from "./cpu_sample.ts";

export interface CpuResult {
  readonly system: SystemName;
  readonly registration?: CpuFigure;
  /** At `DENSITY` times the rate. */
  readonly denseRegistration?: CpuFigure;
  /** While the other servers have the same load at the same time: none rests between its rounds. */
  readonly steadyRegistration?: CpuFigure;
  readonly call: CpuFigure;
  /** After the last round. */
  readonly residentBytes: number;
}

type Load = (options: LoadOptions) => Promise<LoadResult>;

const WARM_UP_SECONDS = 5;
export const DENSITY = 3;

function offerDenseRegistrations(options: LoadOptions): Promise<LoadResult> {
  return offerRegistrations({ ...options, rate: DENSITY * options.rate });
}

export async function measureCpu(context: BenchContext): Promise<CpuResult[]> {
  const { systems, rounds } = context.options;
  const started: BenchedSystem[] = [];
  for (const name of systems) started.push(await startWarm(context, name));
  const registrations = started.map((): CpuSample[] => []);
  const dense = started.map((): CpuSample[] => []);
  const calls = started.map((): CpuSample[] => []);
  for (let round = 1; round <= rounds; round++) {
    for (const [index, system] of started.entries()) {
      context.progress(`cpu, round ${round} of ${rounds}: ${system.name}`);
      if (system.isServer) {
        registrations[index].push(await sample(context, system, offerRegistrations));
        dense[index].push(await sample(context, system, offerDenseRegistrations));
      }
      calls[index].push(await sample(context, system, offerCalls));
    }
  }
  const steady = await measureTogether(context, started.filter(({ isServer }) => isServer));
  const results = started.map((system, index) => ({
    system: systems[index],
    registration: system.isServer ? figure(registrations[index]) : undefined,
    denseRegistration: system.isServer ? figure(dense[index]) : undefined,
    steadyRegistration: steady.get(system),
    call: figure(calls[index]),
    residentBytes: residentBytes(system.process.pid),
  }));
  await Promise.all(started.map(({ process }) => process.end()));
  return results;
}

/** What disturbs one of them disturbs all, and a server under load for minutes is what people have. */
async function measureTogether(
  { directory: parent, options: { rate, rounds, seconds }, progress }: BenchContext,
  systems: readonly BenchedSystem[],
): Promise<ReadonlyMap<BenchedSystem, CpuFigure>> {
  const samples = new Map(systems.map((system) => [system, [] as CpuSample[]]));
  const places = new Map(systems.map((system) => [system, {
    ports: chooseLoadPorts(0),
    directory: Deno.makeTempDirSync({ dir: parent, prefix: `${system.name}_load_` }),
  }]));
  for (let round = 1; round <= rounds; round++) {
    progress(`cpu, round ${round} of ${rounds}: all servers at the same time`);
    await Promise.all(systems.map(async (system) => {
      const load = { system, rate, seconds, ...places.get(system)! };
      samples.get(system)!.push(await sampleCpu(system, () => offerRegistrations(load)));
    }));
  }
  return new Map(systems.map((system) => [system, figure(samples.get(system)!)]));
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

function sample(context: BenchContext, system: BenchedSystem, offer: Load): Promise<CpuSample> {
  const { directory, ports, options: { rate, seconds } } = context;
  return sampleCpu(system, () => offer({ system, rate, seconds, ports, directory }));
}
