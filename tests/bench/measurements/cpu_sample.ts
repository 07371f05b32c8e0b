/** CPU time of a server for each of the things a load asked of it. */
import { setTimeout as delay } from "node:timers/promises";
import type { LoadResult } from "../load/load_result.ts";
import { cpuMicroseconds } from "../process/process_meter.ts";
import type { BenchedSystem } from "../systems/benched_system.ts";
import { median } from "./median.ts";

export interface CpuSample extends LoadResult {
  /** User and system time of all threads and children for one registration or call, in microseconds. */
  readonly microseconds: number;
}

export interface CpuFigure {
  readonly median: number;
  readonly samples: readonly CpuSample[];
}

/** Milliseconds between a load and its second reading, so that what it left to do is counted too. */
const AFTERMATH = 500;

/** @param aftermath milliseconds between the load and the second reading, for what it leaves to be done later */
export async function sampleCpu(
  { process }: BenchedSystem,
  offer: () => Promise<LoadResult>,
  aftermath = AFTERMATH,
): Promise<CpuSample> {
  const before = cpuMicroseconds(process.pid);
  const result = await offer();
  await delay(aftermath);
  const used = cpuMicroseconds(process.pid) - before;
  return { ...result, microseconds: used / result.successful };
}

/**
 * What ours took of theirs: the median of the rounds, in which both have their load one right after the other, so that
 * what slows the machine down for a while slows both. NaN when there is nothing to compare.
 */
export function cpuRatio(ours: CpuFigure | undefined, theirs: CpuFigure | undefined): number {
  const rounds = ours?.samples ?? [];
  return median(
    rounds.map(({ microseconds }, round) => microseconds / (theirs?.samples[round]?.microseconds ?? NaN)),
  );
}

export function figure(samples: readonly CpuSample[]): CpuFigure {
  return { median: median(samples.map(({ microseconds }) => microseconds)), samples };
}
