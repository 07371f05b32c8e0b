// Finds the highest number that still passes, when trying one is expensive.

export interface SearchOptions {
  /** The first number to try when none is known to pass. */
  readonly start: number;
  /** A number found earlier: the search goes on from there. */
  readonly known?: number;
  /** Never try more. */
  readonly ceiling: number;
  /** Relative distance between the highest that passed and the lowest that failed that is close enough. */
  readonly resolution: number;
}

const FACTOR = 1.5; // from step to step until one passes and one fails
const ROUNDING = 50;
const LOWEST = 100;

/** The highest number known to pass, or 0. Climbs (or descends) by half, then bisects what is left. */
export async function searchHighest(
  passes: (candidate: number) => Promise<boolean>,
  { start, known = 0, ceiling, resolution }: SearchOptions,
): Promise<number> {
  let passed = known;
  let failed = Infinity;
  let candidate = known > 0 ? Math.min(rounded(known * (1 + resolution)), ceiling) : start;
  while (candidate >= LOWEST && passed < ceiling) {
    if (await passes(candidate)) passed = candidate;
    else failed = candidate;
    if (failed - passed <= Math.max(passed * resolution, ROUNDING)) break;
    candidate = nextCandidate(passed, failed, ceiling);
  }
  return passed;
}

function nextCandidate(passed: number, failed: number, ceiling: number): number {
  if (failed === Infinity) return Math.min(rounded(passed * FACTOR), ceiling);
  if (passed === 0) return rounded(failed / FACTOR);
  return rounded((passed + failed) / 2);
}

function rounded(rate: number): number {
  return Math.round(rate / ROUNDING) * ROUNDING;
}
