/** A hash table of keys, which are bytes. */

/** Two hashes, a number, and the second of the expiry. */
const SLOT_WORDS = 4;
const MIN_SLOTS = 1024;
const MAX_LOAD = 0.7;
const MAX_SECOND = 2 ** 32 - 1;

/** A key within other bytes. */
export interface KeySpan {
  readonly bytes: Uint8Array;
  readonly keyStart: number;
  readonly keyEnd: number;
}

/**
 * Numbers above 0 by the 64-bit hashes of their keys, in a third of the memory of a `Map` of strings. The hash has a
 * random seed, so that nobody can choose keys with the same hash.
 */
export class KeyIndex {
  #slots = new Uint32Array(SLOT_WORDS * MIN_SLOTS);
  #mask = MIN_SLOTS - 1;
  #size = 0;
  readonly #seed = crypto.getRandomValues(new Uint32Array(2));
  /** The hash of the latest key. */
  #low = 0;
  #high = 0;

  get size(): number {
    return this.#size;
  }

  /** Returns 0 for an unknown key. */
  get(key: KeySpan): number {
    this.#hash(key);
    return this.#slots[this.#find() + 2];
  }

  /**
   * Returns the former number, 0 for none.
   * @param expiresAt milliseconds since 1970
   */
  set(key: KeySpan, { number, expiresAt }: { number: number; expiresAt: number }): number {
    this.#hash(key);
    const at = this.#find();
    const former = this.#slots[at + 2];
    this.#put(at, { number, second: secondOf(expiresAt) });
    if (former === 0) this.#size++;
    if (this.#size > MAX_LOAD * this.#mask) this.#fill(2 * this.#mask + 1, 0);
    return former;
  }

  /** Returns the former number, 0 for none. */
  delete(key: KeySpan): number {
    this.#hash(key);
    const at = this.#find();
    const former = this.#slots[at + 2];
    if (former === 0) return 0;
    this.#size--;
    this.#close(at);
    return former;
  }

  /** Forgets the keys that have expired. */
  expire(now: number): void {
    this.#fill(this.#mask, now / 1000);
  }

  /** Multiplies and mixes as MurmurHash does. */
  #hash({ bytes, keyStart, keyEnd }: KeySpan): void {
    let low = this.#seed[0];
    let high = this.#seed[1];
    for (let i = keyStart; i < keyEnd; i++) {
      low = Math.imul(low ^ bytes[i], 0x9e3779b1);
      high = Math.imul(high ^ bytes[i], 0x5f356495);
      low ^= high >>> 15;
      high ^= low >>> 13;
    }
    this.#low = Math.imul(low ^ low >>> 16, 0x85ebca6b) >>> 0;
    this.#high = Math.imul(high ^ high >>> 13, 0xc2b2ae35) >>> 0;
  }

  /** Returns the slot of the latest key, or the free one for it. */
  #find(): number {
    const slots = this.#slots;
    for (let place = this.#low & this.#mask;; place = (place + 1) & this.#mask) {
      const at = SLOT_WORDS * place;
      if (slots[at + 2] === 0 || slots[at] === this.#low && slots[at + 1] === this.#high) return at;
    }
  }

  #put(at: number, { number, second }: { number: number; second: number }): void {
    const slots = this.#slots;
    slots[at] = this.#low;
    slots[at + 1] = this.#high;
    slots[at + 2] = number;
    slots[at + 3] = second;
  }

  /** Frees a slot. Later slots that are found only over it move up. */
  #close(at: number): void {
    const slots = this.#slots;
    let free = at / SLOT_WORDS;
    slots[at + 2] = 0;
    for (
      let place = (free + 1) & this.#mask;
      slots[SLOT_WORDS * place + 2] > 0;
      place = (place + 1) & this.#mask
    ) {
      const wanted = slots[SLOT_WORDS * place] & this.#mask;
      if (((place - wanted) & this.#mask) < ((place - free) & this.#mask)) continue;
      slots.copyWithin(SLOT_WORDS * free, SLOT_WORDS * place, SLOT_WORDS * place + SLOT_WORDS);
      slots[SLOT_WORDS * place + 2] = 0;
      free = place;
    }
  }

  /** Moves the keys that expire after `second` to a new table. */
  #fill(mask: number, second: number): void {
    const former = this.#slots;
    this.#mask = mask;
    this.#slots = new Uint32Array(SLOT_WORDS * (mask + 1));
    this.#size = 0;
    for (let at = 0; at < former.length; at += SLOT_WORDS) {
      if (former[at + 2] === 0 || former[at + 3] <= second) continue;
      this.#low = former[at];
      this.#high = former[at + 1];
      this.#put(this.#find(), { number: former[at + 2], second: former[at + 3] });
      this.#size++;
    }
  }
}

/** Returns a second at which the time has passed. */
function secondOf(time: number): number {
  return Math.min(Math.max(0, Math.ceil(time / 1000) || 0), MAX_SECOND);
}
