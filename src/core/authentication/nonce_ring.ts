/** The nonces of this server: age, source and used nonce counts (RFC 7616 §3.3, §3.4). */
import type { Clock } from "../../runtime/clock.ts";
import { hexOf } from "../../runtime/hexadecimal.ts";
import { hashText } from "../../runtime/table_hash.ts";
import { codeAt, cut } from "../../runtime/text.ts";

/** Nonces remembered; a user of a forgotten nonce is challenged anew. */
const SLOTS = 1 << 18;
const LIFETIME_MS = 300_000;
/** Nonce counts up to this far below the highest one are taken, because requests overtake each other on UDP. */
const WINDOW = 32;

const SLOT_DIGITS = 5;
const TEXT_LENGTH = SLOT_DIGITS + 16;

export type NonceVerdict = "fresh" | "stale";

/**
 * A ring of fixed size, so that challenges to unauthenticated senders take no memory:
 *
 *     nonce = slot · 64 random bits          slot = number mod 2¹⁸
 *     slot: random bits, time, hash of the source, connection, highest nc, bits for the 32 counts below it
 */
export class NonceRing {
  readonly #clock: Clock;
  readonly #seed: number;
  readonly #high = new Uint32Array(SLOTS);
  readonly #low = new Uint32Array(SLOTS);
  readonly #madeAt = new Float64Array(SLOTS);
  readonly #source = new Uint32Array(SLOTS);
  readonly #connection = new Uint32Array(SLOTS);
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

  /**
   * Makes a nonce for one source; returns its number, higher for later ones.
   * @param connection the id of the connection that asks, 0 for none
   */
  issue(source: string, connection = 0): number {
    if (this.#randomUsed === this.#random.length) {
      crypto.getRandomValues(this.#random);
      this.#randomUsed = 0;
    }
    const number = this.#count++;
    const slot = number & (SLOTS - 1);
    this.#high[slot] = this.#random[this.#randomUsed++];
    this.#low[slot] = this.#random[this.#randomUsed++];
    this.#madeAt[slot] = this.#clock.now();
    this.#source[slot] = this.#hashOf(source);
    this.#connection[slot] = connection;
    this.#highest[slot] = 0;
    this.#seen[slot] = 0;
    return number;
  }

  /** Returns the text of a remembered nonce: 21 hexadecimal digits. */
  textOf(number: number): string {
    const slot = number & (SLOTS - 1);
    return cut(hexOf(slot), 8 - SLOT_DIGITS) + hexOf(this.#high[slot]) + hexOf(this.#low[slot]);
  }

  /** Returns the number of the remembered nonce in `text[start, end)`; -1 for any other text. */
  numberOf(text: string, start = 0, end = text.length): number {
    if (end - start !== TEXT_LENGTH) return -1;
    const slot = readDigits(text, start, SLOT_DIGITS);
    if (slot < 0 || slot >= SLOTS) return -1;
    const last = this.#count - 1;
    const number = last - ((last - slot) & (SLOTS - 1));
    const isOurs = number >= 0 && readDigits(text, start + SLOT_DIGITS, 8) === this.#high[slot] &&
      readDigits(text, start + SLOT_DIGITS + 8, 8) === this.#low[slot];
    return isOurs ? number : -1;
  }

  /** Reports whether a nonce is remembered, and of this source. */
  isOf(source: string, number: number): boolean {
    return number >= this.#count - SLOTS && this.#source[number & (SLOTS - 1)] === this.#hashOf(source);
  }

  /** Returns the id of the connection that a remembered nonce was made for, 0 for none. */
  connectionOf(number: number): number {
    return this.#connection[number & (SLOTS - 1)];
  }

  /**
   * Uses up one count of a nonce. Call it for right credentials only.
   * @param number as `numberOf` returns it
   * @param count `nc`; 0 for a client without counts, whose nonce is good for one request
   * @returns "stale" when the nonce is forgotten, too old or of another source, or the count was used before
   */
  use(number: number, count: number, source: string): NonceVerdict {
    if (number < 0 || !this.isOf(source, number)) return "stale";
    const slot = number & (SLOTS - 1);
    if (this.#clock.now() - this.#madeAt[slot] > LIFETIME_MS) return "stale";
    return this.#countIn(slot, count === 0 ? 1 : count) ? "fresh" : "stale";
  }

  /** Returns a 32-bit hash of a source. */
  #hashOf(source: string): number {
    return hashText(source, this.#seed) >>> 0;
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

/** Returns the number that is written in lower case hexadecimal digits at `start`, -1 if there are others. */
function readDigits(text: string, start: number, length: number): number {
  let number = 0;
  for (let at = start; at < start + length; at++) {
    const code = codeAt(text, at);
    const digit = code > 96 ? code - 87 : code - 48;
    if (digit < 0 || digit > 15 || code > 57 && code < 97) return -1;
    number = number << 4 | digit;
  }
  return number >>> 0;
}
