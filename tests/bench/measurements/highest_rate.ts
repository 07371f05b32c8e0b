// The highest rate of calls and of registrations at which none fails and practically nothing is sent again: the best of
// several passes over all systems, because other work on the machine only ever lowers it.

import { setTimeout as delay } from "node:timers/promises";
import {
  isLossFree,
  type LoadOptions,
  offerCalls,
  offerRegistrations,
  RATE_PER_PAIR,
} from "../load/sipp_load.ts";
import type { LoadResult } from "../load/load_result.ts";
import { cpuMicroseconds } from "../process/process_meter.ts";
import type { SystemName } from "../systems/start_system.ts";
import type { BenchedSystem } from "../systems/benched_system.ts";
import type { BenchContext } from "./bench_context.ts";
import { startWarm } from "./cpu.ts";
import { searchHighest } from "./search_highest.ts";

export interface HighestRate {
  readonly system: SystemName;
  /** Calls a second; 0 when even the lowest rate loses calls. */
  readonly rate: number;
  /** Registrations a second; 0 of a system that takes none. */
  readonly registrationRate: number;
  readonly steps: readonly Step[];
}

interface Step {
  readonly load: "calls" | "registrations";
  readonly rate: number;
  readonly lossFree: boolean;
}

const OFFERS: Record<Step["load"], (options: LoadOptions) => Promise<LoadResult>> = {
  calls: offerCalls,
  registrations: offerRegistrations,
};
/** No server reaches more on two CPUs that the load needs as well. */
const MOST_REGISTRATIONS = 20_000;

/** Steps closer than this are noise; relative. */
const RESOLUTION = 0.1;
/** Other work on the machine must not decide: a step fails only when it fails this often. */
const ATTEMPTS = 2;

export async function measureHighestRate(context: BenchContext): Promise<HighestRate[]> {
  const { systems, peakPasses } = context.options;
  const subjects: Subject[] = [];
  for (const name of systems) {
    subjects.push({
      system: await startWarm(context, name),
      rates: { calls: 0, registrations: 0 },
      steps: [],
    });
  }
  for (let pass = 0; pass < peakPasses; pass++) {
    for (const subject of subjects) {
      await search(context, subject, "calls");
      if (subject.system.isServer) await search(context, subject, "registrations");
    }
  }
  await Promise.all(subjects.map(({ system }) => system.process.end()));
  return subjects.map(({ rates, steps }, index) => ({
    system: systems[index],
    rate: rates.calls,
    registrationRate: rates.registrations,
    steps,
  }));
}

interface Subject {
  readonly system: BenchedSystem;
  readonly steps: Step[];
  readonly rates: Record<Step["load"], number>;
}

async function search(context: BenchContext, subject: Subject, load: Step["load"]): Promise<void> {
  const { system, steps, rates } = subject;
  const ceiling = load === "calls" ? context.ports.pairs.length * RATE_PER_PAIR : MOST_REGISTRATIONS;
  const start = system.isServer ? 2 * context.options.rate : ceiling;
  const options = { start, known: rates[load], ceiling, resolution: RESOLUTION };
  rates[load] = await searchHighest(async (rate) => {
    const lossFree = await tryRate(context, system, { load, rate });
    context.progress(`peak: ${system.name} at ${rate} ${load}/s ${lossFree ? "loss-free" : "loses some"}`);
    steps.push({ load, rate, lossFree });
    return lossFree;
  }, options);
}

async function tryRate(
  context: BenchContext,
  system: BenchedSystem,
  { load, rate }: Pick<Step, "load" | "rate">,
): Promise<boolean> {
  const { ports, directory, options: { stepSeconds: seconds } } = context;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const result = await OFFERS[load]({ system, rate, seconds, ports, directory, stopAtLoss: true });
    await untilQuiet(system);
    if (isLossFree(result, seconds)) return true;
  }
  return false;
}

/** Waits until the system is nearly idle again: overload leaves timers and retransmissions behind. */
async function untilQuiet({ process }: BenchedSystem): Promise<void> {
  const interval = 250; // milliseconds
  const quiet = 0.05; // of one CPU
  for (let waited = 0; waited < 5000; waited += interval) {
    const before = cpuMicroseconds(process.pid);
    await delay(interval);
    if (cpuMicroseconds(process.pid) - before <= interval * 1000 * quiet) return;
  }
}
