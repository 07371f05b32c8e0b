/** Fuzzing on sockets: lanes side by side at a server process that good users call by meanwhile. */
import { Random } from "../support/random.ts";
import { SocketGround } from "./ground/socket_ground.ts";
import { minimiseFinding, type Suspects } from "./minimise/minimise_finding.ts";
import { Player } from "./play/player.ts";
import { type FuzzReport, Tally } from "./report/fuzz_report.ts";
import { requestText } from "./story/requests.ts";
import { writeStory } from "./story/stories.ts";
import type { Step } from "./story/step.ts";
import type { Finding } from "./watch/finding.ts";
import { GoodUser } from "./watch/good_user.ts";
import { ProcessWatch } from "./watch/process_watch.ts";
import { Lane } from "./world/lane.ts";

/** Stories of each lane that a finding may come of. */
const REMEMBERED_STORIES = 6;
/** The time for an answer after a story, so that nobody sends faster than the server works. */
const RETRANSMISSION_MS = 500;
const SYNC_TRIES = 40;
const VISIT_INTERVAL_MS = 1_000;
/** Differs from the stories of other lanes. */
const STORIES_PER_LANE = 100_000;

export interface SocketFuzzOptions {
  readonly seed: number;
  readonly milliseconds: number;
  readonly lanes: number;
  readonly binary?: string;
}

export async function fuzzOnSockets(options: SocketFuzzOptions): Promise<FuzzReport> {
  const { seed, milliseconds, binary } = options;
  const lanes = Array.from({ length: options.lanes }, (_, index) => new Lane(index + 1));
  const goodLane = new Lane(lanes.length + 1);
  const ground = await SocketGround.start({ lanes: [...lanes, goodLane], binary });
  const end = performance.now() + milliseconds;
  const run = new SocketRun(ground, { seed, end });
  const watch = new ProcessWatch(ground.process);
  const goodUser = new GoodUser(ground, goodLane);
  const tally = new Tally();
  try {
    await Promise.all([
      ...lanes.map((lane) => run.playLane(lane)),
      run.watch(goodUser, watch),
    ]);
    tally.add(run.sent);
    const finding = run.finding ?? await watch.finding();
    const figures = [`slowest call of a good user ${Math.round(goodUser.slowest)} ms`, ...watch.figures];
    if (!finding) return tally.report(undefined, figures);
    const small = await minimiseFinding(finding, run.suspects);
    return tally.report({ finding, ...small, seed, from: 0 }, figures);
  } finally {
    await ground.stop();
  }
}

class SocketRun {
  finding: Finding | undefined;
  sent = 0;
  readonly #ground: SocketGround;
  readonly #seed: number;
  readonly #end: number;
  readonly #latest = new Map<Lane, (readonly Step[])[]>();

  constructor(ground: SocketGround, { seed, end }: { seed: number; end: number }) {
    this.#ground = ground;
    this.#seed = seed;
    this.#end = end;
  }

  /** The latest stories of each lane, those of a lane that is known to be concerned alone. */
  get suspects(): readonly Suspects[] {
    const { suspect } = this.#ground;
    return [...this.#latest].map(([lane, stories]) => ({ lane, stories }))
      .filter(({ lane }) => suspect === undefined || lane === suspect);
  }

  get #isOver(): boolean {
    return this.finding !== undefined || performance.now() > this.#end;
  }

  async playLane(lane: Lane): Promise<void> {
    const player = new Player(this.#ground, lane);
    const latest: (readonly Step[])[] = [];
    this.#latest.set(lane, latest);
    for (let number = 0; !this.#isOver; number++) {
      const story = lane.number * STORIES_PER_LANE + number;
      const steps = writeStory(lane, new Random(this.#seed * 1_000_003 + story), number);
      latest.push(steps);
      if (latest.length > REMEMBERED_STORIES) latest.shift();
      const before = player.sent;
      await player.play(steps);
      await this.#synchronise(lane, number);
      this.sent += player.sent - before;
      this.finding ??= this.#ground.takeFinding();
    }
  }

  /** Visits of good users and looks at the process, once a second. */
  async watch(goodUser: GoodUser, watch: ProcessWatch): Promise<void> {
    while (!this.#isOver) {
      const start = performance.now();
      this.finding ??= await goodUser.visit() ?? await watch.look() ?? this.#ground.takeFinding();
      const rest = VISIT_INTERVAL_MS - (performance.now() - start);
      await pause(Math.max(0, Math.min(rest, this.#end - performance.now())));
    }
  }

  /** Waits until the server has come to the end of what a lane has sent. */
  async #synchronise(lane: Lane, number: number): Promise<void> {
    const { alice } = this.#ground.wiresOf(lane);
    const callId = `sync${number}@lane${lane.number}`;
    const text = requestText(lane, {
      method: "OPTIONS",
      uri: `sip:${lane.domain}`,
      from: "alice",
      callId,
      cseq: 1,
      branch: `z9hG4bK-sync-${lane.number}-${number}`,
    });
    const isAnswered = () => alice.inbox.latest("200/OPTIONS")?.includes(callId) ?? false;
    for (let tries = SYNC_TRIES; tries > 0 && !this.#isOver && !isAnswered(); tries--) {
      await alice.send(text.replace(/[\ue000-\uf8ff]/, alice.endpoint));
      await this.#ground.until(isAnswered, RETRANSMISSION_MS, lane);
    }
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
