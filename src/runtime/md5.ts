/** MD5 (RFC 1321). */
import { TextHash } from "./text_hash.ts";

const INITIAL = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
const SINES = Int32Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32));

export class Md5 extends TextHash {
  /** Words are little-endian, as on every machine that Deno runs on. */
  readonly #words = new Int32Array(this.block.buffer);

  constructor() {
    super(INITIAL, false);
  }

  /** Adds one block (RFC 1321 §3.4), four steps a turn, so that a, b, c and d need not change places. */
  protected override compress(): void {
    const { state } = this;
    const words = this.#words;
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
}
