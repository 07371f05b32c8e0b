/** Tests made of findings: their steps are played to a server in memory, and nothing may be found any more. */
import assert from "node:assert/strict";
import { MemoryGround } from "../ground/memory_ground.ts";
import { Player } from "../play/player.ts";
import type { Step } from "../story/step.ts";
import { describe, type Finding, type FindingKind } from "../watch/finding.ts";
import { GoodUser } from "../watch/good_user.ts";
import { leftovers } from "../watch/leftovers.ts";
import { Lane } from "../world/lane.ts";
import { readSteps } from "./test_case.ts";

/** Returns a test body. */
export function replaying(steps: readonly Step[], { lane = 1 } = {}): () => Promise<void> {
  return async () => {
    const finding = await replay([readSteps(steps)], new Lane(lane));
    assert.equal(finding && describe(finding), undefined);
  };
}

/**
 * Plays stories one after the other to a new server in memory; returns what is found then, or hours later.
 * @param kind the only kind that is asked for, if it is left out all are
 */
export async function replay(
  stories: readonly (readonly Step[])[],
  lane: Lane,
  kind?: FindingKind,
): Promise<Finding | undefined> {
  const goodLane = new Lane(lane.number + 1_000);
  const ground = await MemoryGround.start([lane, goodLane]);
  try {
    const player = new Player(ground, lane);
    for (const steps of stories) await player.play(steps);
    const finding = ground.takeFinding();
    if (finding) return finding;
    const silence = isAsked("silence", kind) ? await new GoodUser(ground, goodLane).visit() : undefined;
    return silence ?? (isAsked("something left", kind) ? await leftovers(ground) : undefined);
  } finally {
    await ground.stop();
  }
}

function isAsked(kind: FindingKind, asked: FindingKind | undefined): boolean {
  return asked === undefined || asked === kind;
}
