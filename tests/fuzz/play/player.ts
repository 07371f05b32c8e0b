/** Plays steps on a ground: waits for what a message needs, fills its holes, sends it. */
import { isRestart, isSend, type SendStep, type Step } from "../story/step.ts";
import { requestText } from "../story/requests.ts";
import type { Lane, WireName } from "../world/lane.ts";
import { fill, missingIn, needsNonce, type Surroundings } from "./fill.ts";
import type { Ground } from "./ground.ts";

/** Time for what a message needs; it may never come, because the message before was damaged. */
const PATIENCE_MS = 60;
const NONCE_PATIENCE_MS = 1_000;

export class Player {
  /** The time that is waited for what a message needs. */
  patienceMs = PATIENCE_MS;
  /** Messages sent. */
  sent = 0;
  readonly #ground: Ground;
  readonly #lane: Lane;
  /** What was waited for in this story in vain. */
  readonly #missed = new Set<string>();
  #challenges = 0;

  constructor(ground: Ground, lane: Lane) {
    this.#ground = ground;
    this.#lane = lane;
  }

  /** Plays the steps; what came before is forgotten, nonces aside. */
  async play(steps: readonly Step[]): Promise<void> {
    const wires = this.#ground.wiresOf(this.#lane);
    for (const wire of Object.values(wires)) wire.inbox.clear();
    this.#missed.clear();
    for (const step of steps) {
      if (isSend(step)) await this.#send(step);
      else if (isRestart(step)) await this.#ground.restart();
      else await this.#ground.pass(step.passSeconds);
    }
  }

  async #send({ from, text, cuts, isFrame }: SendStep): Promise<void> {
    const ground = this.#ground;
    const around = this.#around(from);
    await this.#awaitMessages(text, around);
    if (needsNonce(text) && around.inboxOf(from).nonce === "") await this.#askForNonce(from);
    const wire = ground.wiresOf(this.#lane)[from];
    await wire.open();
    this.sent++;
    await wire.send(fill(text, around), { cuts, isFrame });
  }

  /** Waits for what a message needs; what has not come in time is not waited for again. */
  async #awaitMessages(text: string, around: Surroundings): Promise<void> {
    const missing = missingIn(text, around).filter(([wire, kind]) => !this.#missed.has(`${wire} ${kind}`));
    if (missing.length === 0) return;
    const isThere = () => missing.every(([wire, kind]) => around.inboxOf(wire).latest(kind) !== undefined);
    if (await this.#ground.until(isThere, this.patienceMs, this.#lane)) return;
    for (const [wire, kind] of missing) this.#missed.add(`${wire} ${kind}`);
  }

  /** Sends a REGISTER without credentials, which is challenged. */
  async #askForNonce(from: WireName): Promise<void> {
    const lane = this.#lane;
    const around = this.#around(from);
    const number = ++this.#challenges;
    const text = requestText(lane, {
      method: "REGISTER",
      uri: `sip:${lane.domain}`,
      from,
      cseq: number,
      callId: `n${number}-${from}@lane${lane.number}`,
      branch: `z9hG4bK-n-${lane.number}-${from}-${number}`,
    });
    this.sent++;
    const wire = this.#ground.wiresOf(lane)[from];
    await wire.open();
    await wire.send(fill(text, around));
    await this.#ground.until(() => wire.inbox.nonce !== "", NONCE_PATIENCE_MS, lane);
  }

  #around(from: WireName): Surroundings {
    const wires = this.#ground.wiresOf(this.#lane);
    return {
      lane: this.#lane,
      from,
      inboxOf: (wire) => wires[wire].inbox,
      endpointOf: (wire) => wires[wire].endpoint,
      serverFor: (wire) => wires[wire].server,
    };
  }
}
