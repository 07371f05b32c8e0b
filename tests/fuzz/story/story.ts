/** A story in the making: its steps, and how many of its messages are damaged. */
import type { Random } from "../../support/random.ts";
import { mutate } from "../mutation/mutator.ts";
import {
  isStranger,
  type Lane,
  PROTOCOLS,
  STRANGER_MARK,
  TRAP_NETWORK,
  type WireName,
} from "../world/lane.ts";
import { type RequestParts, requestText, type ResponseParts, responseText } from "./requests.ts";
import type { Step } from "./step.ts";

/** Chance of damage to messages that others build on, and to those that come at the end. */
export const RARELY = 0.15;
export const MOSTLY = 0.85;
/** Times that one message is sent. */
const MAX_TIMES = 5;

export interface StoryParts {
  readonly lane: Lane;
  readonly random: Random;
  /** Differs for each story of a lane: branches and Call-IDs are made of it. */
  readonly number: number;
  /** Messages whose rows may be spliced in, besides those of the story. */
  readonly others: readonly string[];
  /** Nothing is left to chance that is not damage. */
  readonly isPlain?: boolean;
}

/** Some of a request; the rest is usual. */
export type RequestSketch = Pick<RequestParts, "method" | "uri" | "from"> & Partial<RequestParts>;

export class Story {
  readonly lane: Lane;
  readonly random: Random;
  readonly steps: Step[] = [];
  readonly callId: string;
  readonly #number: number;
  readonly #texts: string[];
  readonly #isPlain: boolean;
  #branches = 0;
  #cseq: number;

  constructor({ lane, random, number, others, isPlain = false }: StoryParts) {
    this.lane = lane;
    this.random = random;
    this.callId = `c${number}@lane${lane.number}`;
    this.#number = number;
    // A registration must have a higher one than those before it.
    this.#cseq = 64 * number;
    this.#texts = [...others];
    this.#isPlain = isPlain;
  }

  /** A branch that no other request has. */
  branch(): string {
    return `z9hG4bK-${this.lane.number}-${this.#number}-${++this.#branches}`;
  }

  /** The highest sequence number so far. */
  get cseq(): number {
    return this.#cseq;
  }

  aorOf(wire: WireName): string {
    return `sip:${this.lane.userOf(wire)}@${this.lane.domain}`;
  }

  /** The text of a request with a higher sequence number, that of an ACK or a CANCEL aside. */
  request(sketch: RequestSketch): string {
    const cseq = sketch.cseq ?? ++this.#cseq;
    const usual = { callId: this.callId, branch: this.branch(), digestUri: this.#digestUri() };
    return requestText(this.lane, { ...usual, ...sketch, cseq });
  }

  /** Another URI than the Request-URI now and then; some phones name the domain only. */
  #digestUri(): string | undefined {
    const { domain } = this.lane;
    if (this.#isPlain || !this.random.chance(0.06)) return undefined;
    return this.random.one([
      `sip:${domain}`,
      this.aorOf("bob"),
      `SIP:x@${domain}`,
      "sip:x.invalid",
      "tel:1",
      "",
    ]);
  }

  send(sketch: RequestSketch, damage: number): void {
    this.sendText(sketch.from, this.request(sketch), damage);
  }

  respond(parts: ResponseParts, damage: number): void {
    this.sendText(parts.at, responseText(parts), damage);
  }

  /** Sends a text, damaged with a probability: one that nothing builds on often several times, each time otherwise. */
  sendText(from: WireName, text: string, damage: number): void {
    this.#texts.push(text);
    const times = damage >= MOSTLY ? 1 + this.random.below(MAX_TIMES) : 1;
    for (let time = 0; time < times; time++) this.#sendOnce(from, text, damage);
  }

  #sendOnce(from: WireName, text: string, damage: number): void {
    const { random } = this;
    const isDamaged = random.chance(damage);
    const sent = marked(isDamaged ? mutate(text, random, this.#texts) : text, from);
    if (PROTOCOLS[from] === "udp" || !isDamaged || random.chance(0.7)) {
      this.steps.push({ from, text: sent });
      return;
    }
    const cuts = Array.from({ length: 1 + random.below(4) }, () => random.below(sent.length)).sort((a, b) =>
      a - b
    );
    this.steps.push({ from, text: sent, cuts });
  }

  restart(): void {
    this.steps.push({ isRestart: true });
  }

  pass(passSeconds: number): void {
    this.steps.push({ passSeconds });
  }
}

/** Whatever strangers send can be recognised, and wants answers to go to the trap. */
function marked(text: string, from: WireName): string {
  if (!isStranger(from)) return text;
  return text
    .replace(
      /^(Call-ID|i|From|f|Subject|s)( *: *)/gim,
      (_, name, colon) =>
        `${name}${colon}${/^(from|f)$/i.test(name) ? `${STRANGER_MARK} ` : `${STRANGER_MARK}-`}`,
    )
    .replaceAll("127.88.0.", TRAP_NETWORK);
}
