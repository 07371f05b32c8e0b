/** Message authentication codes for what leaves the process and comes back, or is kept outside of it. */
import { hash } from "node:crypto";
import { codeAt } from "./text.ts";

/**
 * SHA-256 over key and text, cut to at most half of its digits. The cut is what makes a plain keyed hash a MAC: nobody can
 * continue a hash of which half is missing. It takes 0.9 µs, and `createHmac` of node:crypto 10; Route headers need several
 * for each request.
 */
export class Mac {
  readonly #key: string;
  readonly #digits: number;

  /**
   * @param key a secret, followed by what tells this use of it from others
   * @param digits hexadecimal, 32 at most
   */
  constructor(key: string, digits: number) {
    if (digits > 32) throw new RangeError(`Cannot make a MAC of ${digits} digits: 32 are the most`);
    this.#key = key;
    this.#digits = digits;
  }

  of(text: string): string {
    return hash("sha256", this.#key + text).substring(0, this.#digits);
  }

  /** Reports whether a text has this MAC, in constant time. */
  verify(mac: string, text: string): boolean {
    return equalsInConstantTime(mac, this.of(text));
  }
}

/** Reports whether two texts are equal, in a time that depends on the length of `actual` alone. */
export function equalsInConstantTime(actual: string, expected: string): boolean {
  let difference = actual.length ^ expected.length;
  for (let i = 0, end = actual.length; i < end; i++) {
    difference |= codeAt(actual, i) ^ codeAt(expected, i % expected.length);
  }
  return difference === 0;
}
