/** Random choices that a seed repeats. */

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed, 0x9e3779b1) >>> 0;
  }

  /** Returns a number from 0 to 1, 1 excluded (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ this.#state >>> 15, this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, mixed | 61);
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  }

  /** Returns true with this probability. */
  chance(probability = 0.5): boolean {
    return this.next() < probability;
  }

  /** Returns an integer below `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  one<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)];
  }

  /** Returns some of the choices, at least `min`, in their order. */
  some<T>(choices: readonly T[], min = 0): T[] {
    const left = [...choices];
    const count = min + this.below(choices.length - min + 1);
    while (left.length > count) left.splice(this.below(left.length), 1);
    return left;
  }
}
