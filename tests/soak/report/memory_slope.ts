/** How fast memory grows, from samples of a server that was started again now and then. */

export interface MemorySample {
  /** Which start of the server it belongs to. */
  readonly start: number;
  /** Hours, of any origin. */
  readonly hours: number;
  /** Hours since the server was ready. */
  readonly age: number;
  readonly megabytes: number;
}

export interface MemorySlope {
  /** Megabytes an hour by least squares, each start of the server with a level of its own; NaN without samples. */
  readonly perHour: number;
  /** The standard error of the slope. */
  readonly error: number;
  /** Hours that the samples span, without warm-ups. */
  readonly hours: number;
}

/** @param warmUpHours after each start, whose samples do not count */
export function memorySlope(samples: readonly MemorySample[], warmUpHours: number): MemorySlope {
  const starts = Map.groupBy(samples.filter(({ age }) => age >= warmUpHours), ({ start }) => start);
  let [covariance, spread, variance, count, levels, hours] = [0, 0, 0, 0, 0, 0];
  for (const group of starts.values()) {
    const meanHours = mean(group.map((sample) => sample.hours));
    const level = mean(group.map(({ megabytes }) => megabytes));
    for (const sample of group) {
      covariance += (sample.hours - meanHours) * (sample.megabytes - level);
      spread += (sample.hours - meanHours) ** 2;
      variance += (sample.megabytes - level) ** 2;
    }
    count += group.length;
    levels++;
    hours += group.at(-1)!.hours - group[0].hours;
  }
  const perHour = covariance / spread;
  const freedom = count - levels - 1;
  const rest = Math.max(0, variance - perHour * covariance);
  return { perHour, error: Math.sqrt(rest / freedom / spread), hours };
}

/** Reports whether the slope is above a limit beyond doubt: by more than two standard errors. */
export function grows({ perHour, error }: MemorySlope, limit: number): boolean {
  return perHour - 2 * error > limit;
}

function mean(values: readonly number[]): number {
  return values.reduce((total, each) => total + each, 0) / values.length;
}
