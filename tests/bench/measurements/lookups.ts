/**
 * CPU time per call and per registration with resources from each provider: lookups are in memory with all of them. The
 * servers have their load at the same time and on the same CPU, so that what disturbs one disturbs all.
 */
import { chooseLoadPorts, type LoadPorts } from "../load/load_ports.ts";
import { registerCallees } from "../load/register_bindings.ts";
import { offerCalls, offerRegistrations } from "../load/sipp_load.ts";
import { keepOnFirstCpu } from "../process/cpu_affinity.ts";
import { OtherLoad } from "../process/other_load.ts";
import type { BenchedSystem } from "../systems/benched_system.ts";
import { keepResources, type Provider, PROVIDERS, type ResourcePlace } from "../systems/resource_place.ts";
import { startReadyRoutr, writeSubscribersConfiguration } from "../systems/routr.ts";
import type { SystemName } from "../systems/start_system.ts";
import type { BenchContext } from "./bench_context.ts";
import { type CpuFigure, type CpuSample, figure, sampleCpu } from "./cpu_sample.ts";
import { median } from "./median.ts";

export interface Lookups {
  readonly system: SystemName;
  readonly providers: Readonly<Record<Provider, LookupCost>>;
  /** CPUs that others used meanwhile. */
  readonly otherCpus: number;
}

export interface LookupCost {
  readonly call: CpuFigure;
  readonly registration: CpuFigure;
  /** What it took of the time with files: medians of the rounds. */
  readonly callRatio: number;
  readonly registrationRatio: number;
}

/** All are in one domain. */
const AGENTS = 10_000;
/** How much longer loads are than elsewhere: some garbage collections more or less must not count. */
const LONGER = 4;
/** Milliseconds until registrations are written behind. */
const WRITTEN_BY = 1500;

interface Subject {
  readonly provider: Provider;
  readonly place: ResourcePlace;
  readonly system: BenchedSystem;
  /** Of SIPp's files. */
  readonly directory: string;
  readonly ports: LoadPorts;
  readonly calls: CpuSample[];
  readonly registrations: CpuSample[];
}

/** Of routr only. */
export async function measureLookups(context: BenchContext): Promise<Lookups[]> {
  if (!context.options.systems.includes("routr")) return [];
  const { rounds } = context.options;
  const others = new OtherLoad();
  const subjects: Subject[] = [];
  for (const provider of PROVIDERS) subjects.push(await startWarm(context, provider));
  for (let round = 1; round <= rounds; round++) {
    context.progress(`lookups, round ${round} of ${rounds}: registrations`);
    await Promise.all(subjects.map(async (subject) => {
      const load = loadOf(context, subject);
      const sample = await sampleCpu(subject.system, () => offerRegistrations(load), WRITTEN_BY);
      subject.registrations.push(sample);
    }));
    context.progress(`lookups, round ${round} of ${rounds}: calls`);
    await Promise.all(subjects.map(async (subject) => {
      const load = loadOf(context, subject);
      subject.calls.push(await sampleCpu(subject.system, () => offerCalls(load)));
    }));
  }
  await Promise.all(subjects.map(({ system }) => system.process.end()));
  await Promise.all(subjects.map(({ place }) => place.end()));
  const [files] = subjects;
  const costs = subjects.map((subject) => [subject.provider, costOf(subject, files)]);
  return [{ system: "routr", providers: Object.fromEntries(costs), otherCpus: others.cpus }];
}

async function startWarm(context: BenchContext, provider: Provider): Promise<Subject> {
  const { directory: parent, options: { binary } } = context;
  const directory = await Deno.makeTempDir({ dir: parent, prefix: `lookups_${provider}_` });
  const configured = await writeSubscribersConfiguration({ directory, users: AGENTS });
  const place = await keepResources(provider, directory);
  const system = await startReadyRoutr({ directory, ...configured, binary, env: place.env });
  context.progress(`lookups: warming up, ${provider}`);
  await keepOnFirstCpu(system.process.pid);
  const ports = chooseLoadPorts(1);
  const subject = { provider, place, system, directory, ports, calls: [], registrations: [] };
  await registerCallees(system.port, ports);
  await offerRegistrations(loadOf(context, subject));
  await offerCalls(loadOf(context, subject));
  return subject;
}

function loadOf({ options: { rate, seconds } }: BenchContext, { system, ports, directory }: Subject) {
  const pace = { rate: Math.ceil(rate / PROVIDERS.length), seconds: LONGER * seconds };
  return { system, ...pace, ports, directory };
}

function costOf({ calls, registrations }: Subject, files: Subject): LookupCost {
  return {
    call: figure(calls),
    registration: figure(registrations),
    callRatio: ratio(calls, files.calls),
    registrationRatio: ratio(registrations, files.registrations),
  };
}

function ratio(samples: readonly CpuSample[], base: readonly CpuSample[]): number {
  return median(samples.map(({ microseconds }, round) => microseconds / base[round].microseconds));
}
