/**
 * Hashes of short texts, piece by piece and without garbage. Bench, by `hash` of node:crypto and here: H(A2) and the
 * response of digest credentials 2.5 and 0.9 µs, a MAC of 100 characters 2.1 and 1.4. Beyond 250 characters `hash` is
 * faster.
 */
import { Buffer } from "node:buffer";
import { HEX_DIGITS, hexOf } from "./hexadecimal.ts";
import { codeAt, cut } from "./text.ts";

const BLOCK_LENGTH = 64;
/** Where the last block has the length of the text. */
const LENGTH_AT = 56;

/** The values of hexadecimal digits in any case by character code, 16 for other characters. */
const VALUES = new Uint8Array(128).fill(16);
for (const digit of "0123456789abcdefABCDEF") VALUES[codeAt(digit, 0)] = parseInt(digit, 16);

/** One hash at a time: `begin`, any number of `add`, then one of the methods that read it. */
export abstract class TextHash {
  protected readonly block = new Uint8Array(BLOCK_LENGTH);
  protected readonly state: Int32Array;
  readonly #initial: Int32Array;
  /** What turns the number of a byte in a word, or of a digit, into that of its place: 3 and 7 where high ones come first. */
  readonly #byteFlip: 0 | 3;
  readonly #digitFlip: 1 | 7;
  #filled = 0;
  #length = 0;

  /** @param isBigEndian whether the high byte of a word comes first */
  constructor(initial: Int32Array, isBigEndian: boolean) {
    this.#initial = initial;
    this.state = new Int32Array(initial.length);
    this.#byteFlip = isBigEndian ? 3 : 0;
    this.#digitFlip = isBigEndian ? 7 : 1;
  }

  begin(): this {
    this.state.set(this.#initial);
    this.#filled = 0;
    this.#length = 0;
    return this;
  }

  /** Hashes `text[from, end)` as UTF-8. A surrogate pair has to come in one piece. */
  add(text: string, from = 0, end = text.length): this {
    const block = this.block;
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
        this.compress();
        at = 0;
      }
    }
    this.#length += end - from;
    this.#filled = at;
    return this;
  }

  /** Hashes the digits of a hash that is complete. */
  addDigitsOf(other: TextHash): this {
    other.#finish();
    const length = other.state.length * 8;
    for (let i = 0; i < length; i++) {
      this.block[this.#filled++] = HEX_DIGITS[other.#digitAt(i)];
      if (this.#filled === BLOCK_LENGTH) this.#compressFull();
    }
    this.#length += length;
    return this;
  }

  /** Returns the first 16 digits of the hash, in lower case. */
  digits16(): string {
    this.#finish();
    return this.#digitsOf(this.state[0]) + this.#digitsOf(this.state[1]);
  }

  /** Returns all digits of the hash, in lower case. */
  digits(): string {
    this.#finish();
    let digits = "";
    for (const word of this.state) digits += this.#digitsOf(word);
    return digits;
  }

  /** Reports whether `text[from, end)` has the digits of the hash, in any case; in constant time. */
  isWrittenIn(text: string, from = 0, end = text.length): boolean {
    this.#finish();
    const length = this.state.length * 8;
    if (end - from !== length) return false;
    let difference = 0;
    for (let i = 0; i < length; i++) {
      const code = codeAt(text, from + i);
      difference |= code & ~127 | VALUES[code & 127] ^ this.#digitAt(i);
    }
    return difference === 0;
  }

  /** Adds the block to the state. */
  protected abstract compress(): void;

  #addBytes(bytes: Uint8Array): this {
    for (let i = 0; i < bytes.length; i++) {
      this.block[this.#filled++] = bytes[i];
      if (this.#filled === BLOCK_LENGTH) this.#compressFull();
    }
    this.#length += bytes.length;
    return this;
  }

  #compressFull(): void {
    this.compress();
    this.#filled = 0;
  }

  #finish(): void {
    const block = this.block;
    let at = this.#filled;
    block[at++] = 0x80;
    if (at > LENGTH_AT) {
      while (at < BLOCK_LENGTH) block[at++] = 0;
      this.compress();
      at = 0;
    }
    while (at < BLOCK_LENGTH) block[at++] = 0;
    // A text has less than 2³² bits. The words come in the order of their bytes.
    const low = this.#byteFlip === 0 ? LENGTH_AT : LENGTH_AT + 4;
    for (let i = 0; i < 4; i++) block[low + (i ^ this.#byteFlip)] = this.#length << 3 >>> 8 * i;
    this.compress();
  }

  #digitAt(place: number): number {
    return this.state[place >> 3] >>> (((place & 7) ^ this.#digitFlip) << 2) & 15;
  }

  /** Returns the digits of a word of the state, its first byte first. */
  #digitsOf(word: number): string {
    return hexOf(this.#byteFlip === 3 ? word : swapBytes(word));
  }
}

function swapBytes(word: number): number {
  return word << 24 | (word & 0xff00) << 8 | word >>> 8 & 0xff00 | word >>> 24;
}
