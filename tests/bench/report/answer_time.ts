/** How soon calls were answered. */
import type { LoadResult } from "../load/load_result.ts";
import type { CpuResult } from "../measurements/cpu.ts";
import { median, percentile } from "../measurements/median.ts";

/** Milliseconds that 99 % of a round's calls did not exceed: the median of the rounds. */
export function answerTime(
  result: CpuResult | undefined,
  times: keyof Pick<LoadResult, "challengeTimes" | "ringingTimes">,
): number | undefined {
  const rounds = result?.call.samples.map((sample) => sample[times] ?? []).filter(({ length }) => length > 0);
  return rounds === undefined || rounds.length === 0
    ? undefined
    : median(rounds.map((round) => percentile(round, 99)));
}
