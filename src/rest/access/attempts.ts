/** Wrong passwords and forged tokens, by the network they come from: who has had ten waits longer each time. */
import { ownerOf } from "../../runtime/ip/address_words.ts";
import type { Clock } from "../../runtime/clock.ts";

/** The one that costs a delay for the first time. */
const FIRST_DELAYED = 10;
/** Milliseconds. */
const FIRST_DELAY = 1000;
const LONGEST_DELAY = 300_000;
/** Milliseconds without a wrong one after which all are forgotten; longer than any delay. */
const MEMORY = 900_000;
/** Networks that are remembered of those without a delay, and of those with one. */
const MOST = 5000;

interface Failures {
  readonly count: number;
  /** Of the last. */
  readonly at: number;
  /** Milliseconds from then on. */
  readonly delay: number;
}

/**
 * Counts failures, and says how long to wait. A right password changes nothing: otherwise whoever shares an address with
 * an administrator could try ten times after each of the administrator's requests.
 */
export class Attempts {
  readonly #clock: Clock;
  /** In both, those whose last failure is longest ago come first. */
  readonly #few = new Map<string, Failures>();
  readonly #many = new Map<string, Failures>();
  /**
   * Of those for whom there is no room among `#many`. A flood from many networks therefore neither frees one that waits,
   * nor goes on without a delay: the rest waits in common.
   */
  #crowd: Failures | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds until this address may try again; 0 when it may. */
  delayOf(address: string): number {
    if (this.#many.size === 0) return 0;
    const owner = ownerOf(address);
    const own = this.#many.get(owner);
    if (own !== undefined) return this.#rest(own);
    const isInCrowd = this.#few.get(owner)?.count === FIRST_DELAYED - 1;
    return isInCrowd && this.#crowd !== undefined ? this.#rest(this.#crowd) : 0;
  }

  /** Notes a failure; returns the delay in milliseconds that it costs. */
  fail(address: string): number {
    const owner = ownerOf(address);
    const failures = this.#next(this.#many.get(owner) ?? this.#few.get(owner));
    const wasAmongMany = this.#many.delete(owner);
    this.#few.delete(owner);
    if (failures.count < FIRST_DELAYED) {
      this.#addToFew(owner, failures);
      return 0;
    }
    if (wasAmongMany || this.#hasRoom()) {
      this.#many.set(owner, failures);
      return failures.delay;
    }
    this.#addToFew(owner, { ...failures, count: FIRST_DELAYED - 1, delay: 0 });
    this.#crowd = this.#next(this.#crowd, FIRST_DELAYED);
    return this.#crowd.delay;
  }

  /** @param first the count when nothing is remembered */
  #next(before: Failures | undefined, first = 1): Failures {
    const now = this.#clock.now();
    const isForgotten = before === undefined || now - before.at > MEMORY;
    const count = isForgotten ? first : before.count + 1;
    const delay = count < FIRST_DELAYED
      ? 0
      : Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (count - FIRST_DELAYED));
    return { count, at: now, delay };
  }

  #rest({ at, delay }: Failures): number {
    return Math.max(0, at + delay - this.#clock.now());
  }

  #addToFew(owner: string, failures: Failures): void {
    if (this.#few.size >= MOST) {
      const [oldest] = this.#few.keys();
      this.#few.delete(oldest);
    }
    this.#few.set(owner, failures);
  }

  /** Whoever waits keeps waiting; whoever need not any more makes room. */
  #hasRoom(): boolean {
    if (this.#many.size < MOST) return true;
    const [[owner, oldest]] = this.#many;
    return this.#rest(oldest) === 0 && this.#many.delete(owner);
  }
}
