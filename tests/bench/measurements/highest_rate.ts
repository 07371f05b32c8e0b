// The highest rate at which no call fails and practically nothing is sent again.

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
const ATTEMPTS = 3;

export async function measureHighestRate(context: BenchContext): Promise<HighestRate[]> {
  const results: HighestRate[] = [];
  for (const name of context.options.systems) {
    const system = await startWarm(context, name);
    const ceiling = context.ports.pairs.length * RATE_PER_PAIR;
    const steps: { rate: number; lossFree: boolean }[] = [];
    const rate = await searchHighest(async (rate) => {
      const lossFree = await tryRate(context, system, rate);
      context.progress(`peak: ${name} at ${rate} calls/s ${lossFree ? "loss-free" : "loses calls"}`);
      steps.push({ rate, lossFree });
      return lossFree;
    }, {
      start: system.isServer ? 2 * context.options.rate : ceiling,
      ceiling,
      resolution: RESOLUTION,
    });
    results.push({ system: name, rate, steps });
    await system.process.end();
  }
  return results;
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
