/** Users who do nothing wrong: they ask, register and call, and are served meanwhile. */
import type { Ground } from "../play/ground.ts";
import { Player } from "../play/player.ts";
import { register } from "../story/registrations.ts";
import { contactOf, SDP } from "../story/requests.ts";
import { hole } from "../message/holes.ts";
import { Story } from "../story/story.ts";
import { Random } from "../../support/random.ts";
import type { Lane, WireName } from "../world/lane.ts";
import type { Finding } from "./finding.ts";

/** The time that each answer may take, and how often it is tried. */
const USUAL = { patienceMs: 1_000, tries: 2 };
/** On a machine with other things to do datagrams are late, and lost. */
const ON_BUSY_MACHINE = { patienceMs: 5_000, tries: 12 };
/** Programs that wait for a core, server and fuzzer themselves included. */
const FEW_PROGRAMS = 1.5 * navigator.hardwareConcurrency;

/** What each has to get, in order. */
const EXPECTED: readonly (readonly [WireName, string])[] = [
  ["alice", "200/OPTIONS"],
  ["bob", "200/REGISTER"],
  ["bob", "INVITE"],
  ["alice", "200/INVITE"],
  ["bob", "ACK"],
  ["bob", "BYE"],
  ["alice", "200/BYE"],
];

export class GoodUser {
  /** Milliseconds of the slowest visit. */
  slowest = 0;
  visits = 0;
  readonly #ground: Ground;
  readonly #lane: Lane;
  readonly #player: Player;

  constructor(ground: Ground, lane: Lane) {
    this.#ground = ground;
    this.#lane = lane;
    this.#player = new Player(ground, lane);
  }

  /** Asks, registers and calls; returns a finding when an answer does not come, several times in a row. */
  async visit(): Promise<Finding | undefined> {
    const { patienceMs, tries } = Deno.loadavg()[0] > FEW_PROGRAMS ? ON_BUSY_MACHINE : USUAL;
    let silence: Finding | undefined;
    for (let left = tries; left > 0; left--) {
      silence = await this.#tryVisit(patienceMs);
      if (!silence) return undefined;
    }
    return silence;
  }

  async #tryVisit(patienceMs: number): Promise<Finding | undefined> {
    const start = performance.now();
    this.#player.patienceMs = patienceMs;
    const wires = this.#ground.wiresOf(this.#lane);
    // Their nonces may have grown old.
    for (const { inbox } of Object.values(wires)) inbox.forgetNonce();
    await this.#player.play(this.#steps());
    for (const [wire, kind] of EXPECTED) {
      const isThere = () => wires[wire].inbox.latest(kind) !== undefined;
      // Without Record-Route the rest of the call goes from phone to phone.
      if (kind === "ACK" && !isRecordRouted(wires.alice.inbox.latest("200/INVITE"))) break;
      if (isThere() || await this.#ground.until(isThere, patienceMs, this.#lane)) continue;
      return { kind: "silence", what: `${wire} of a good user has got no ${kind}` };
    }
    this.slowest = Math.max(this.slowest, performance.now() - start);
    return undefined;
  }

  #steps() {
    const lane = this.#lane;
    const random = new Random(1);
    const story = new Story({ lane, random, number: ++this.visits, others: [], isPlain: true });
    story.send({ method: "OPTIONS", uri: `sip:${lane.domain}`, from: "alice" }, 0);
    register(story, "bob");
    const uri = story.aorOf("bob");
    const rows = [`Contact: ${contactOf(lane, "alice")}`];
    story.send({
      method: "INVITE",
      uri,
      from: "alice",
      rows,
      isSigned: true,
      body: SDP,
    }, 0);
    const contact = [`Contact: ${contactOf(lane, "bob")}`];
    story.respond(
      { at: "bob", of: "INVITE", status: "200 OK", toTag: ";tag=bob", rows: contact, body: SDP },
      0,
    );
    const dialog = {
      uri: hole("contact alice 200/INVITE Contact"),
      from: "alice",
      callee: `<${uri}>;tag=bob`,
      rows: [`Route: ${hole("all alice 200/INVITE Record-Route")}`],
    } as const;
    story.send({ ...dialog, method: "ACK", cseq: story.cseq }, 0);
    story.send({ ...dialog, method: "BYE" }, 0);
    story.respond({ at: "bob", of: "BYE", status: "200 OK" }, 0);
    return story.steps;
  }
}

function isRecordRouted(answer: string | undefined): boolean {
  return answer !== undefined && /^Record-Route: *</im.test(answer);
}
