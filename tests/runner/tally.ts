/** Counts of passed and failed tests. */
import { stripVTControlCharacters } from "node:util";

export interface Tally {
  readonly passed: number;
  readonly failed: number;
}

/**
 * Reads the counts of the summary with which `deno test` ends, such as
 * `FAILED | 9 passed (4 steps) | 2 failed (1 step) | 1 ignored (30s)`. No summary: the run died, one failure.
 */
export function countTests(output: string): Tally {
  const steps = String.raw`(?: \(\d+ steps?\))?`;
  const summary = new RegExp(String.raw`^(?:ok|FAILED) \| (\d+) passed${steps} \| (\d+) failed`, "gm");
  const last = [...stripVTControlCharacters(output).matchAll(summary)].at(-1);
  if (!last) return { passed: 0, failed: 1 };
  return { passed: Number(last[1]), failed: Number(last[2]) };
}

/** Returns the end of the report: the failed stages, and the line `N passed, N failed`. */
export function summaryOf(tallies: ReadonlyMap<string, Tally>): string {
  let passed = 0;
  let failed = 0;
  const failedStages: string[] = [];
  for (const [name, tally] of tallies) {
    passed += tally.passed;
    failed += tally.failed;
    if (tally.failed > 0) failedStages.push(name);
  }
  const stages = failedStages.length > 0 ? `Failed: ${failedStages.join(", ")}` : "";
  return `\n${stages}\n${passed} passed, ${failed} failed`;
}
