// How long a server takes from its start to its first answer.

import type { SystemName } from "../systems/start_system.ts";
import { type BenchContext, FEW_USERS } from "./bench_context.ts";
import { median } from "./median.ts";

export interface StartTime {
  readonly system: SystemName;
  /** Milliseconds of each start. */
  readonly starts: readonly number[];
  readonly median: number;
}

export async function measureStartTime(context: BenchContext): Promise<StartTime[]> {
  const results: StartTime[] = [];
  for (const system of context.servers) {
    context.progress(`start: ${system}`);
    const starts: number[] = [];
    while (starts.length < context.options.starts) {
      const started = await context.start(system, FEW_USERS);
      starts.push(started.readyAfter);
      await started.process.end();
    }
    results.push({ system, starts, median: median(starts) });
  }
  return results;
}
