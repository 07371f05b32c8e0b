/** What a run of fuzzing did and found. */
import type { Step } from "../story/step.ts";
import { describe, type Finding } from "../watch/finding.ts";
import { testCase } from "./test_case.ts";

export interface ReportedFinding {
  readonly finding: Finding;
  /** As few as it takes, or the last ones where it could not be shown again. */
  readonly steps: readonly Step[];
  readonly isReproduced: boolean;
  readonly lane: number;
  readonly seed: number;
  /** The first story of its batch. */
  readonly from: number;
}

export interface FuzzReport {
  readonly messages: number;
  readonly seconds: number;
  readonly found: ReportedFinding | undefined;
  /** Further figures: `slowest visit` and so on. */
  readonly figures: readonly string[];
}

/** Counts messages. */
export class Tally {
  readonly #startedAt = performance.now();
  #messages = 0;

  add(messages: number): void {
    this.#messages += messages;
  }

  report(found: ReportedFinding | undefined, figures: readonly string[] = []): FuzzReport {
    return {
      messages: this.#messages,
      seconds: (performance.now() - this.#startedAt) / 1000,
      found,
      figures,
    };
  }
}

/** Returns the lines that tell of a run on sockets or in memory. */
export function reportLines({ messages, seconds, found, figures }: FuzzReport, ground: string): string[] {
  const rate = Math.round(messages / seconds);
  const summary = `${messages} messages in ${Math.round(seconds)} s, ${rate} a second`;
  if (!found) return [[summary, ...figures, "nothing found"].join(", ")];
  const { finding, steps, isReproduced, lane, seed, from } = found;
  const again = isReproduced ? "" : " (not seen again when its messages were sent to a new server)";
  return [
    [summary, ...figures].join(", "),
    `FOUND ${describe(finding)}${again}`,
    `Again: deno task fuzz --on ${ground} --seed ${seed}${from === 0 ? "" : ` --from ${from}`}`,
    testCase(`Fuzzing, seed ${seed}: ${finding.kind}`, steps, lane),
  ];
}
