/**
 * MD5 (RFC 1321) of short texts, piece by piece and without garbage. Bench: H(A2) and the response of digest credentials
 * 0.9 µs, of concatenated texts by `hash` of node:crypto 2.5 µs. Beyond 250 characters `hash` is faster.
 */
import { Buffer } from "node:buffer";
import { codeAt, cut } from "./text.ts";

const SINES = Int32Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32));
const BLOCK_LENGTH = 64;
/** Where the last block has the length of the text. */
const LENGTH_AT = 56;
const DIGITS = Uint8Array.from("0123456789abcdef", (digit) => codeAt(digit, 0));

/** The values of hexadecimal digits in any case by character code, 16 for other characters. */
const VALUES = new Uint8Array(128).fill(16);
for (const digit of "0123456789abcdefABCDEF") VALUES[codeAt(digit, 0)] = parseInt(digit, 16);

/** One hash at a time: `begin`, any number of `add`, then one of the methods that read it. */
export class Md5 {
  /** Words are little-endian, as on every machine that Deno runs on. */
  readonly #words = new Int32Array(BLOCK_LENGTH / 4);
  readonly #block = new Uint8Array(this.#words.buffer);
  readonly #state = new Int32Array(4);
  #filled = 0;
  #length = 0;

  begin(): this {
    const state = this.#state;
    state[0] = 0x67452301;
    state[1] = 0xefcdab89;
    state[2] = 0x98badcfe;
    state[3] = 0x10325476;
    this.#filled = 0;
    this.#length = 0;
    return this;
  }

  /** Hashes `text[from, end)` as UTF-8. A surrogate pair has to come in one piece. */
  add(text: string, from = 0, end = text.length): this {
    const block = this.#block;
    let at = this.#filled;
    for (let i = from; i < end; i++) {
      const code = codeAt(text, i);
      if (code > 127) {
        this.#length += i - from;
        this.#filled = at;
        return this.#addBytes(Buffer.from(cut(text, i, end), "utf8"));
      }
      block[at++] = code;
      if (at === BLOCK_LENGTH) {
        compress(this.#state, this.#words);
        at = 0;
      }
    }
    this.#length += end - from;
    this.#filled = at;
    return this;
  }

  /** Hashes the digits of a hash that is complete. */
  addDigitsOf(other: Md5): this {
    const state = other.#finish();
    const block = this.#block;
    let at = this.#filled;
    for (let i = 0; i < 32; i++) {
      block[at++] = DIGITS[digitOf(state, i)];
      if (at === BLOCK_LENGTH) {
        compress(this.#state, this.#words);
        at = 0;
      }
    }
    this.#length += 32;
    this.#filled = at;
    return this;
  }

  /** Returns the hash as 32 digits in lower case. */
  digits(): string {
    const state = this.#finish();
    let digits = "";
    for (let i = 0; i < 32; i += 8) {
      digits += String.fromCharCode(
        DIGITS[digitOf(state, i)],
        DIGITS[digitOf(state, i + 1)],
        DIGITS[digitOf(state, i + 2)],
        DIGITS[digitOf(state, i + 3)],
        DIGITS[digitOf(state, i + 4)],
        DIGITS[digitOf(state, i + 5)],
        DIGITS[digitOf(state, i + 6)],
        DIGITS[digitOf(state, i + 7)],
      );
    }
    return digits;
  }

  /** Reports whether `text[from, end)` has the digits of the hash, in any case; in constant time. */
  isWrittenIn(text: string, from = 0, end = text.length): boolean {
    const state = this.#finish();
    if (end - from !== 32) return false;
    let difference = 0;
    for (let i = 0; i < 32; i++) {
      const code = codeAt(text, from + i);
      difference |= code & ~127 | VALUES[code & 127] ^ digitOf(state, i);
    }
    return difference === 0;
  }

  #addBytes(bytes: Uint8Array): this {
    for (let i = 0; i < bytes.length; i++) {
      this.#block[this.#filled++] = bytes[i];
      if (this.#filled === BLOCK_LENGTH) {
        compress(this.#state, this.#words);
        this.#filled = 0;
      }
    }
    this.#length += bytes.length;
    return this;
  }

  #finish(): Int32Array {
    const block = this.#block;
    const words = this.#words;
    let at = this.#filled;
    block[at++] = 0x80;
    if (at > LENGTH_AT) {
      while (at < BLOCK_LENGTH) block[at++] = 0;
      compress(this.#state, words);
      at = 0;
    }
    while (at < LENGTH_AT) block[at++] = 0;
    words[14] = this.#length << 3;
    words[15] = this.#length >>> 29;
    compress(this.#state, words);
    return this.#state;
  }
}

/** Returns the value of the digit at a place. */
function digitOf(state: Int32Array, place: number): number {
  return state[place >> 3] >>> (((place & 7) ^ 1) << 2) & 15;
}

/** Adds one block (RFC 1321 §3.4), four steps a turn, so that a, b, c and d need not change places. */
function compress(state: Int32Array, words: Int32Array): void {
  let a = state[0];
  let b = state[1];
  let c = state[2];
  let d = state[3];
  let t = 0;
  for (let i = 0; i < 16; i += 4) {
    t = a + (d ^ b & (c ^ d)) + words[i] + SINES[i] | 0;
    a = (t << 7 | t >>> 25) + b | 0;
    t = d + (c ^ a & (b ^ c)) + words[i + 1] + SINES[i + 1] | 0;
    d = (t << 12 | t >>> 20) + a | 0;
    t = c + (b ^ d & (a ^ b)) + words[i + 2] + SINES[i + 2] | 0;
    c = (t << 17 | t >>> 15) + d | 0;
    t = b + (a ^ c & (d ^ a)) + words[i + 3] + SINES[i + 3] | 0;
    b = (t << 22 | t >>> 10) + c | 0;
  }
  for (let i = 16; i < 32; i += 4) {
    t = a + (c ^ d & (b ^ c)) + words[5 * i + 1 & 15] + SINES[i] | 0;
    a = (t << 5 | t >>> 27) + b | 0;
    t = d + (b ^ c & (a ^ b)) + words[5 * i + 6 & 15] + SINES[i + 1] | 0;
    d = (t << 9 | t >>> 23) + a | 0;
    t = c + (a ^ b & (d ^ a)) + words[5 * i + 11 & 15] + SINES[i + 2] | 0;
    c = (t << 14 | t >>> 18) + d | 0;
    t = b + (d ^ a & (c ^ d)) + words[5 * i & 15] + SINES[i + 3] | 0;
    b = (t << 20 | t >>> 12) + c | 0;
  }
  for (let i = 32; i < 48; i += 4) {
    t = a + (b ^ c ^ d) + words[3 * i + 5 & 15] + SINES[i] | 0;
    a = (t << 4 | t >>> 28) + b | 0;
    t = d + (a ^ b ^ c) + words[3 * i + 8 & 15] + SINES[i + 1] | 0;
    d = (t << 11 | t >>> 21) + a | 0;
    t = c + (d ^ a ^ b) + words[3 * i + 11 & 15] + SINES[i + 2] | 0;
    c = (t << 16 | t >>> 16) + d | 0;
    t = b + (c ^ d ^ a) + words[3 * i + 14 & 15] + SINES[i + 3] | 0;
    b = (t << 23 | t >>> 9) + c | 0;
  }
  for (let i = 48; i < 64; i += 4) {
    t = a + (c ^ (b | ~d)) + words[7 * i & 15] + SINES[i] | 0;
    a = (t << 6 | t >>> 26) + b | 0;
    t = d + (b ^ (a | ~c)) + words[7 * i + 7 & 15] + SINES[i + 1] | 0;
    d = (t << 10 | t >>> 22) + a | 0;
    t = c + (a ^ (d | ~b)) + words[7 * i + 14 & 15] + SINES[i + 2] | 0;
    c = (t << 15 | t >>> 17) + d | 0;
    t = b + (d ^ (c | ~a)) + words[7 * i + 5 & 15] + SINES[i + 3] | 0;
    b = (t << 21 | t >>> 11) + c | 0;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
}
