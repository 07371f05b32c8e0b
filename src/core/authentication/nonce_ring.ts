/** The nonces of this server: age, source and used nonce counts (RFC 7616 §3.3, §3.4). */
import type { Clock } from "../../runtime/clock.ts";
import { codeAt, cut, indexIn } from "../../runtime/text.ts";

/** Nonces remembered; a user of a forgotten nonce is challenged anew. */
const SLOTS = 1 << 18;
const LIFETIME_MS = 300_000;
/** Nonce counts up to this far below the highest one are taken, because requests overtake each other on UDP. */
const WINDOW = 32;

export type NonceVerdict = "fresh" | "stale";

/**
 * A ring of fixed size, so that challenges to unauthenticated senders take no memory:
 *
 *     nonce = number · 64 random bits        slot = number mod 2¹⁸
 *     slot: random bits, time, hash of the source, highest nc, bits for the 32 counts below it
 */
export class NonceRing {
  readonly #clock: Clock;
  readonly #seed: number;
  readonly #high = new Uint32Array(SLOTS);
  readonly #low = new Uint32Array(SLOTS);
  readonly #madeAt = new Float64Array(SLOTS);
  readonly #source = new Uint32Array(SLOTS);
  readonly #highest = new Uint32Array(SLOTS);
  readonly #seen = new Uint32Array(SLOTS);
  readonly #random = new Uint32Array(1024);
  #randomUsed = 1024;
  #count = 0;

  /** @param seed of the hashes that sources are kept as */
  constructor(clock: Clock, seed: number) {
    this.#clock = clock;
    this.#seed = seed;
  }

  /** Makes a nonce for one source. */
  issue(source: string): string {
    if (this.#randomUsed === this.#random.length) {
      crypto.getRandomValues(this.#random);
      this.#randomUsed = 0;
    }
    const number = this.#count++;
    const slot = number & (SLOTS - 1);
    const high = this.#high[slot] = this.#random[this.#randomUsed++];
    const low = this.#low[slot] = this.#random[this.#randomUsed++];
    this.#madeAt[slot] = this.#clock.now();
    this.#source[slot] = this.#hashOf(source);
    this.#highest[slot] = 0;
    this.#seen[slot] = 0;
    return textOf(number, high, low);
  }

  /** Returns the number of a remembered nonce, higher for later ones; -1 for any other text. */
  numberOf(nonce: string): number {
    const first = indexIn(nonce, "-");
    const second = indexIn(nonce, "-", first + 1);
    const number = parseInt(cut(nonce, 0, first), 36);
    const high = parseInt(cut(nonce, first + 1, second), 36);
    const low = parseInt(cut(nonce, second + 1), 36);
    const slot = number & (SLOTS - 1);
    const isOurs = number < this.#count && number >= this.#count - SLOTS && this.#high[slot] === high &&
      this.#low[slot] === low && textOf(number, high, low) === nonce;
    return isOurs ? number : -1;
  }

  /**
   * Uses up one count of a nonce. Call it for right credentials only.
   * @param count `nc`; 0 for a client without counts, whose nonce is good for one request
   * @returns "stale" when the nonce is forgotten, too old or of another source, or the count was used before
   */
  use(nonce: string, count: number, source: string): NonceVerdict {
    const number = this.numberOf(nonce);
    const slot = number & (SLOTS - 1);
    if (number < 0 || this.#clock.now() - this.#madeAt[slot] > LIFETIME_MS) return "stale";
    if (this.#source[slot] !== this.#hashOf(source)) return "stale";
    return this.#countIn(slot, count === 0 ? 1 : count) ? "fresh" : "stale";
  }

  /** Returns a 32-bit hash of a source. */
  #hashOf(source: string): number {
    let hash = this.#seed;
    for (let i = 0, end = source.length; i < end; i++) hash = Math.imul(hash ^ codeAt(source, i), 0x01000193);
    return hash >>> 0;
  }

  #countIn(slot: number, count: number): boolean {
    const highest = this.#highest[slot];
    if (count > highest) {
      const shift = count - highest;
      this.#seen[slot] = shift >= WINDOW ? 1 : this.#seen[slot] << shift | 1;
      this.#highest[slot] = count;
      return true;
    }
    const behind = highest - count;
    if (behind >= WINDOW || (this.#seen[slot] >>> behind & 1) === 1) return false;
    this.#seen[slot] |= 1 << behind;
    return true;
  }
}

function textOf(number: number, high: number, low: number): string {
  return `${number.toString(36)}-${high.toString(36)}-${low.toString(36)}`;
}
