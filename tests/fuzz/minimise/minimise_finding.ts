/** Finds out whose stories a finding came of, and makes them as few and as small as they can be. */
import { replay } from "../report/replaying.ts";
import type { Step } from "../story/step.ts";
import { describe, type Finding } from "../watch/finding.ts";
import type { Lane } from "../world/lane.ts";
import { fewest } from "./delta_debugging.ts";
import { minimiseStory } from "./minimise_story.ts";

/** Stories played in order to make a finding small. */
const MAX_TRIES = 4_000;
/** Steps shown of a finding that is not seen again. */
const SHOWN_STEPS = 20;

/** Stories of one lane, the latest last. */
export interface Suspects {
  readonly lane: Lane;
  readonly stories: readonly (readonly Step[])[];
}

export interface SmallFinding {
  readonly steps: readonly Step[];
  readonly lane: number;
  readonly isReproduced: boolean;
}

export async function minimiseFinding(
  finding: Finding,
  suspects: readonly Suspects[],
): Promise<SmallFinding> {
  const { kind } = finding;
  console.log(`Found, and making it small: ${describe(finding)}`);
  for (const { lane, stories } of suspects) {
    const happens = async (tried: readonly (readonly Step[])[]) =>
      (await replay(tried, lane, kind))?.kind === kind;
    const last = stories.slice(-1);
    const isOfLast = await happens(last);
    if (!isOfLast && !await happens(stories)) continue;
    const few = isOfLast ? last : await fewest(stories, happens);
    const steps = await minimiseStory(few.flat(), (steps) => happens([steps]), MAX_TRIES);
    return { steps, lane: lane.number, isReproduced: true };
  }
  const [first] = suspects;
  const steps = suspects.length === 1 ? first.stories.flat().slice(-SHOWN_STEPS) : [];
  return { steps, lane: first?.lane.number ?? 1, isReproduced: false };
}
