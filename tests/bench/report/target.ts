/** Something that routr is held to. */
import type { BenchResults } from "./results.ts";

export interface Target {
  readonly name: string;
  readonly atMost?: number;
  readonly atLeast?: number;
  /** Undefined or NaN when it was not measured in this run. */
  measured(results: BenchResults): number | undefined;
}
