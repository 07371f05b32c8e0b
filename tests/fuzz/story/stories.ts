/** All stories, chosen by chance. */
import type { Random } from "../../support/random.ts";
import type { Lane } from "../world/lane.ts";
import { callStory, forkedCallStory } from "./calls.ts";
import { eventStory } from "./events.ts";
import { rawBytesStory } from "./raw_bytes.ts";
import { registrationStory } from "./registrations.ts";
import type { Step } from "./step.ts";
import { Story } from "./story.ts";
import { strangerStory } from "./strangers.ts";
import { TORTURE_TEXTS } from "./torture_texts.ts";
import { callInStory, callOutStory } from "./trunk.ts";

const STORIES: readonly ((story: Story) => void)[] = [
  registrationStory,
  registrationStory,
  callStory,
  callStory,
  callStory,
  forkedCallStory,
  callOutStory,
  callOutStory,
  callInStory,
  eventStory,
  eventStory,
  strangerStory,
  strangerStory,
  rawBytesStory,
];

/** Writes a story; `number` differs for each story of a lane. */
export function writeStory(lane: Lane, random: Random, number: number): readonly Step[] {
  const story = new Story({ lane, random, number, others: TORTURE_TEXTS });
  random.one(STORIES)(story);
  return story.steps;
}
