/** Fuzzing in memory: stories in batches, each with a server of its own, at whose end nothing may be left. */
import { Random } from "../support/random.ts";
import { MemoryGround } from "./ground/memory_ground.ts";
import { minimiseFinding } from "./minimise/minimise_finding.ts";
import { Player } from "./play/player.ts";
import { type FuzzReport, Tally } from "./report/fuzz_report.ts";
import { writeStory } from "./story/stories.ts";
import type { Step } from "./story/step.ts";
import type { Finding } from "./watch/finding.ts";
import { GoodUser } from "./watch/good_user.ts";
import { leftovers } from "./watch/leftovers.ts";
import { HeapWatch } from "./watch/heap_watch.ts";
import { Lane } from "./world/lane.ts";

const STORIES_PER_BATCH = 400;
const STORIES_BETWEEN_VISITS = 50;

export interface MemoryFuzzOptions {
  readonly seed: number;
  /** The first story. */
  readonly from: number;
  readonly milliseconds: number;
}

/** Lanes whose configurations differ take turns. */
const LANES = [1, 2, 3, 4].map((number) => new Lane(number));
const GOOD_LANE = new Lane(5);

export async function fuzzInMemory({ seed, from, milliseconds }: MemoryFuzzOptions): Promise<FuzzReport> {
  const end = performance.now() + milliseconds;
  const tally = new Tally();
  const heap = new HeapWatch();
  for (let first = from; performance.now() < end; first += STORIES_PER_BATCH) {
    const batch = new Batch({ seed, first });
    const finding = await batch.play(end);
    tally.add(batch.sent);
    if (finding) {
      const small = await minimiseFinding(finding, [{ lane: batch.lane, stories: batch.played }]);
      return tally.report({ finding, ...small, seed, from: first });
    }
    heap.sample();
  }
  const growth = heap.finding();
  return tally.report(
    growth && { finding: growth, steps: [], isReproduced: false, lane: 1, seed, from },
  );
}

/** Stories that one server is told. */
class Batch {
  readonly played: (readonly Step[])[] = [];
  readonly lane: Lane;
  sent = 0;
  readonly #seed: number;
  readonly #first: number;

  constructor({ seed, first }: { seed: number; first: number }) {
    this.#seed = seed;
    this.#first = first;
    this.lane = LANES[first / STORIES_PER_BATCH % LANES.length | 0];
  }

  async play(end: number): Promise<Finding | undefined> {
    const ground = await MemoryGround.start([this.lane, GOOD_LANE]);
    try {
      const player = new Player(ground, this.lane);
      const goodUser = new GoodUser(ground, GOOD_LANE);
      const finding = await this.#playStories(ground, { player, goodUser, end });
      this.sent = player.sent;
      return finding ?? await leftovers(ground);
    } finally {
      await ground.stop();
    }
  }

  async #playStories(
    ground: MemoryGround,
    { player, goodUser, end }: { player: Player; goodUser: GoodUser; end: number },
  ): Promise<Finding | undefined> {
    for (let number = 0; number < STORIES_PER_BATCH && performance.now() < end; number++) {
      const story = this.#first + number;
      const steps = writeStory(this.lane, new Random(this.#seed * 1_000_003 + story), story);
      this.played.push(steps);
      await player.play(steps);
      const finding = ground.takeFinding();
      if (finding) return finding;
      if (number % STORIES_BETWEEN_VISITS > 0) continue;
      const silence = await goodUser.visit();
      if (silence) return silence;
    }
    return undefined;
  }
}
