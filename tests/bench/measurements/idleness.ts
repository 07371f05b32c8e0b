// What a server uses while nothing happens.

import { setTimeout as delay } from "node:timers/promises";
import { cpuMicroseconds, residentBytes } from "../process/process_meter.ts";
import type { SystemName } from "../systems/start_system.ts";
import { type BenchContext, FEW_USERS } from "./bench_context.ts";

export interface Idleness {
  readonly system: SystemName;
  readonly residentBytes: number;
  /** Of one CPU, in percent. */
  readonly cpuPercent: number;
}

/** Milliseconds after the start before a server counts as idle: it has returned the memory of its start. */
const COMING_UP = 45_000;

/** All servers at the same time: an idle one does not disturb the others. */
export async function measureIdleness(context: BenchContext): Promise<Idleness[]> {
  const seconds = context.options.idleSeconds;
  context.progress(`idle: ${context.servers.join(", ")}`);
  const started = await Promise.all(context.servers.map((name) => context.start(name, FEW_USERS)));
  await delay(COMING_UP);
  const before = started.map(({ process }) => cpuMicroseconds(process.pid));
  await delay(seconds * 1000);
  const results = started.map(({ process }, index) => ({
    system: context.servers[index],
    residentBytes: residentBytes(process.pid),
    cpuPercent: (cpuMicroseconds(process.pid) - before[index]) / (seconds * 1e6) * 100,
  }));
  await Promise.all(started.map(({ process }) => process.end()));
  return results;
}
