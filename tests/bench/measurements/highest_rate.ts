// The highest rate at which no call fails and practically nothing is sent again: the best of several passes over all
// systems, because other work on the machine only ever lowers it.

import { setTimeout as delay } from "node:timers/promises";
import { isLossFree, offerCalls, RATE_PER_PAIR } from "../load/sipp_load.ts";
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
  readonly steps: readonly { readonly rate: number; readonly lossFree: boolean }[];
}

/** Steps closer than this are noise; relative. */
const RESOLUTION = 0.1;
/** Other work on the machine must not decide: a step fails only when it fails this often. */
const ATTEMPTS = 2;

export async function measureHighestRate(context: BenchContext): Promise<HighestRate[]> {
  const { systems, peakPasses } = context.options;
  const subjects: Subject[] = [];
  for (const name of systems) subjects.push({ system: await startWarm(context, name), rate: 0, steps: [] });
  for (let pass = 0; pass < peakPasses; pass++) {
    for (const subject of subjects) await search(context, subject);
  }
  await Promise.all(subjects.map(({ system }) => system.process.end()));
  return subjects.map(({ rate, steps }, index) => ({ system: systems[index], rate, steps }));
}

interface Subject {
  readonly system: BenchedSystem;
  readonly steps: { rate: number; lossFree: boolean }[];
  rate: number;
}

async function search(context: BenchContext, subject: Subject): Promise<void> {
  const { system, steps } = subject;
  const ceiling = context.ports.pairs.length * RATE_PER_PAIR;
  const start = system.isServer ? 2 * context.options.rate : ceiling;
  const options = { start, known: subject.rate, ceiling, resolution: RESOLUTION };
  subject.rate = await searchHighest(async (rate) => {
    const lossFree = await tryRate(context, system, rate);
    context.progress(`peak: ${system.name} at ${rate} calls/s ${lossFree ? "loss-free" : "loses calls"}`);
    steps.push({ rate, lossFree });
    return lossFree;
  }, options);
}

async function tryRate(context: BenchContext, system: BenchedSystem, rate: number): Promise<boolean> {
  const { ports, directory, options: { stepSeconds: seconds } } = context;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const result = await offerCalls({ system, rate, seconds, ports, directory, stopAtLoss: true });
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
