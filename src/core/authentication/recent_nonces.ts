/** The nonces of the latest challenges: retransmissions get the same again, because stateless answers are all the same (§8.2.7). */
import type { RequestHash } from "../stateless_tag.ts";

/** Some seconds of dense traffic; of two requests in one slot the later one is remembered. */
const SLOTS = 1 << 15;

/** Numbers of nonces by the hash of the challenged request, in a table of fixed size. */
export class RecentNonces {
  readonly #high = new Int32Array(SLOTS);
  readonly #low = new Int32Array(SLOTS);
  readonly #numbers = new Float64Array(SLOTS).fill(-1);

  /** Returns the number of the nonce; -1 for none. */
  find({ high, low }: RequestHash): number {
    const slot = low & (SLOTS - 1);
    return this.#high[slot] === high && this.#low[slot] === low ? this.#numbers[slot] : -1;
  }

  remember({ high, low }: RequestHash, number: number): void {
    const slot = low & (SLOTS - 1);
    this.#high[slot] = high;
    this.#low[slot] = low;
    this.#numbers[slot] = number;
  }
}
