/** What is remembered of sources of messages, in fixed memory: strangers cannot make it grow. */

/** Slots that one source may be in. */
const WAYS = 4;

/**
 * A table of sources by two words of their address: 0 and an IPv4 address, or the first half of an IPv6 address. Columns
 * are read and written by slot, 43 bytes each; pages that are not used take no memory. Where slots are rare, the source
 * that was silent for longest makes room.
 */
export class SourceTable {
  /** Messages that the source may send now. */
  readonly tokens: Float32Array;
  /** When `tokens` was right; times are on the scale of `Clock.now`. 0 marks a free slot. */
  readonly seenAt: Float64Array;
  /** A device or gateway of ours is there until then. */
  readonly knownUntil: Float64Array;
  /** It is banned until then. */
  readonly bannedUntil: Float64Array;
  /** How often it was banned lately; of an IPv6 /48, how many of its /64. */
  readonly bans: Uint8Array;
  /** How many of its messages were dropped since the slot was claimed, and the second after the last one; 0 for none. */
  readonly #drops: Uint16Array;
  readonly #dropSeconds: Uint32Array;
  readonly #high: Uint32Array;
  readonly #low: Uint32Array;
  readonly #seed: number;
  readonly #slots: number;

  /** @param seed secret, so that nobody can choose sources that share slots */
  constructor(seed: number, slots: number) {
    this.#seed = seed;
    this.#slots = slots;
    this.tokens = new Float32Array(slots);
    this.seenAt = new Float64Array(slots);
    this.knownUntil = new Float64Array(slots);
    this.bannedUntil = new Float64Array(slots);
    this.bans = new Uint8Array(slots);
    this.#drops = new Uint16Array(slots);
    this.#dropSeconds = new Uint32Array(slots);
    this.#high = new Uint32Array(slots);
    this.#low = new Uint32Array(slots);
  }

  /** Returns the slot of a source, -1 for none. */
  find(high: number, low: number): number {
    const first = this.#firstOf(high, low);
    for (let slot = first; slot < first + WAYS; slot++) {
      if (this.#low[slot] === low && this.#high[slot] === high && this.seenAt[slot] > 0) return slot;
    }
    return -1;
  }

  /** Returns the slot of a source; one that had none has all tokens, which the next refill bounds. */
  slotOf(high: number, low: number, now: number): number {
    const known = this.find(high, low);
    if (known >= 0) return known;
    const slot = this.claim(high, low, now);
    this.tokens[slot] = Infinity;
    return slot;
  }

  /** A message of the source was dropped. */
  noteDrop(slot: number, now: number): void {
    if (this.#drops[slot] < 0xffff) this.#drops[slot]++;
    this.#dropSeconds[slot] = 1 + now / 1000;
  }

  forgetDrops(slot: number): void {
    this.#drops[slot] = this.#dropSeconds[slot] = 0;
  }

  /** Returns how many messages were dropped, 65,535 at most, and when the last one was, within a second. */
  dropsOf(slot: number): { count: number; lastAt: number } {
    return { count: this.#drops[slot], lastAt: this.#dropSeconds[slot] * 1000 };
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
    this.forgetDrops(slot);
    return slot;
  }

  /** Who is known or banned stays, then who was seen lately. */
  #worth(slot: number, now: number): number {
    return Math.max(this.seenAt[slot], this.knownUntil[slot] > now ? Infinity : 0, this.bannedUntil[slot]);
  }

  #firstOf(high: number, low: number): number {
    let hash = Math.imul(high ^ this.#seed, 0x85ebca6b);
    hash = Math.imul(hash ^ hash >>> 15 ^ low, 0xc2b2ae35);
    return ((hash ^ hash >>> 16) >>> 0) % (this.#slots / WAYS) * WAYS;
  }
}
