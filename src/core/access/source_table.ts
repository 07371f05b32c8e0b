/** What is remembered of sources of messages, in fixed memory: strangers cannot make it grow. */

/** Slots; with all of them in use, the source that was silent for longest makes room. */
const SLOTS = 1 << 17;
/** Slots that one source may be in. */
const WAYS = 4;

/**
 * A table of sources by two words of their address: 0 and an IPv4 address, or the first half of an IPv6 address. Columns
 * are read and written by slot. Pages that are not used take no memory; all of them are 5 MB.
 */
export class SourceTable {
  /** Messages that the source may send now. */
  readonly tokens = new Float32Array(SLOTS);
  /** When `tokens` was right; times are on the scale of `Clock.now`. 0 marks a free slot. */
  readonly seenAt = new Float64Array(SLOTS);
  /** A device or gateway of ours is there until then. */
  readonly knownUntil = new Float64Array(SLOTS);
  /** It is banned until then. */
  readonly bannedUntil = new Float64Array(SLOTS);
  /** How often it was banned lately. */
  readonly bans = new Uint8Array(SLOTS);
  readonly #high = new Uint32Array(SLOTS);
  readonly #low = new Uint32Array(SLOTS);
  readonly #seed: number;

  /** @param seed secret, so that nobody can choose sources that share slots */
  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Returns the slot of a source, -1 for none. */
  find(high: number, low: number): number {
    const first = this.#firstOf(high, low);
    for (let slot = first; slot < first + WAYS; slot++) {
      if (this.#low[slot] === low && this.#high[slot] === high && this.seenAt[slot] > 0) return slot;
    }
    return -1;
  }

  /** Returns the slot of a source that has none, empty. */
  claim(high: number, low: number, now: number): number {
    const first = this.#firstOf(high, low);
    let slot = first;
    for (let other = first + 1; other < first + WAYS; other++) {
      if (this.#worth(other, now) < this.#worth(slot, now)) slot = other;
    }
    this.#high[slot] = high;
    this.#low[slot] = low;
    this.tokens[slot] = 0;
    this.seenAt[slot] = Math.max(1, now);
    this.knownUntil[slot] = this.bannedUntil[slot] = this.bans[slot] = 0;
    return slot;
  }

  /** Who is known or banned stays, then who was seen lately. */
  #worth(slot: number, now: number): number {
    return Math.max(this.seenAt[slot], this.knownUntil[slot] > now ? Infinity : 0, this.bannedUntil[slot]);
  }

  #firstOf(high: number, low: number): number {
    let hash = Math.imul(high ^ this.#seed, 0x85ebca6b);
    hash = Math.imul(hash ^ hash >>> 15 ^ low, 0xc2b2ae35);
    return ((hash ^ hash >>> 16) >>> 0) % (SLOTS / WAYS) * WAYS;
  }
}
