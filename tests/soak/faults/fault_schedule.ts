/** Injects faults one after another at random times that a seed repeats. */
import type { Random } from "../../support/random.ts";
import { pause } from "../../support/pause.ts";
import type { FaultWindow } from "../report/ledger.ts";
import type { SoakPart } from "../soak_part.ts";
import type { FaultName } from "./fault.ts";
import { FAULTS } from "./faults.ts";

/** Milliseconds between two faults, and of one fault. */
interface Pace {
  readonly minGap: number;
  readonly maxGap: number;
  readonly minHold: number;
  readonly maxHold: number;
  /** A killed server begins anew, which hides what grows: it is killed in every so many rounds. */
  readonly roundsOfKill: number;
}

const SHORT: Pace = { minGap: 1_500, maxGap: 4_000, minHold: 3_000, maxHold: 5_000, roundsOfKill: 1 };
const LONG: Pace = { minGap: 10_000, maxGap: 40_000, minHold: 5_000, maxHold: 25_000, roundsOfKill: 8 };
/** Below it, each fault comes early and is short. */
const SHORT_RUN_MS = 600_000;
/** A fault begins only when so much time is left. */
const LAST_FAULT_MS = 30_000;

export interface FaultScheduleOptions {
  readonly part: SoakPart;
  readonly faults: readonly FaultName[];
  readonly random: Random;
  readonly durationMs: number;
}

/** Resolves when no more faults are begun; the last one is over then. */
export async function injectFaults(
  { part, faults, random, durationMs }: FaultScheduleOptions,
): Promise<void> {
  const end = performance.now() + durationMs;
  const pace = durationMs < SHORT_RUN_MS ? SHORT : LONG;
  const isTime = () => performance.now() + Math.min(LAST_FAULT_MS, durationMs / 4) < end;
  for (let round = 0; faults.length > 0; round++) {
    const due = faults.filter((name) => name !== "kill" || round % pace.roundsOfKill === 0);
    for (const name of shuffled(due, random)) {
      await pause(between(random, pace.minGap, pace.maxGap));
      if (!isTime()) return;
      await inject(part, name, { random, holdMs: between(random, pace.minHold, pace.maxHold) });
    }
    if (due.length === 0) await pause(pace.minGap);
    if (!isTime()) return;
  }
}

async function inject(
  part: SoakPart,
  name: FaultName,
  { random, holdMs }: { random: Random; holdMs: number },
): Promise<void> {
  const fault = FAULTS[name];
  part.say(`${name} for ${Math.round(holdMs / 1000)} s`);
  const users = new Set<string>();
  const window: FaultWindow = {
    fault: name,
    from: performance.now(),
    until: Infinity,
    excuses: (operation) => fault.excuses(operation, users),
  };
  part.ledger.windows.push(window);
  await fault.run({ part, random, holdMs, users });
  window.until = performance.now() + fault.graceMs;
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items];
  return items.map(() => left.splice(random.below(left.length), 1)[0]);
}

function between(random: Random, min: number, max: number): number {
  return min + random.next() * (max - min);
}
