/** A rate limit of wrong passwords and forged tokens by network: from the tenth on, each costs a longer delay. */
import { BoundedMap } from "../../runtime/bounded_map.ts";
import { ownerOf } from "../../runtime/ip/address_words.ts";
import type { Clock } from "../../runtime/clock.ts";

/** The number of the first failure that costs a delay. */
const FIRST_DELAYED = 10;
const MIN_DELAY_MS = 1000;
const MAX_DELAY_MS = 300_000;
/** Failures are forgotten after this time without another one; longer than any delay. */
const MEMORY_MS = 900_000;
/** Networks remembered without a delay, and as many with one. */
const MAX_NETWORKS = 5000;

interface Failures {
  readonly count: number;
  /** The time of the last failure. */
  readonly at: number;
  readonly delayMs: number;
}

/** Counts failures. A correct password resets nothing: an attacker may share an administrator's address. */
export class Attempts {
  readonly #clock: Clock;
  readonly #undelayed = new BoundedMap<string, Failures>(MAX_NETWORKS);
  readonly #delayed = new BoundedMap<string, Failures>(MAX_NETWORKS);
  /** The delay of networks that find `#delayed` full, so that a flood neither frees others nor goes on freely. */
  #overflow: Failures | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns the milliseconds until this address may try again; 0 when it may now. */
  delayOf(address: string): number {
    if (this.#delayed.size === 0) return 0;
    const owner = ownerOf(address);
    const own = this.#delayed.get(owner);
    if (own !== undefined) return this.#remainingMs(own);
    const sharesDelay = this.#undelayed.get(owner)?.count === FIRST_DELAYED - 1;
    return sharesDelay && this.#overflow !== undefined ? this.#remainingMs(this.#overflow) : 0;
  }

  /** Counts a failure and returns the delay that it costs, in milliseconds. */
  fail(address: string): number {
    const owner = ownerOf(address);
    const failures = this.#next(this.#delayed.get(owner) ?? this.#undelayed.get(owner));
    const wasDelayed = this.#delayed.delete(owner);
    this.#undelayed.delete(owner);
    if (failures.count < FIRST_DELAYED) {
      this.#undelayed.set(owner, failures);
      return 0;
    }
    if (wasDelayed || this.#hasRoom()) {
      this.#delayed.set(owner, failures);
      return failures.delayMs;
    }
    this.#undelayed.set(owner, { ...failures, count: FIRST_DELAYED - 1, delayMs: 0 });
    this.#overflow = this.#next(this.#overflow, FIRST_DELAYED);
    return this.#overflow.delayMs;
  }

  /** @param first the count when nothing is remembered */
  #next(before: Failures | undefined, first = 1): Failures {
    const now = this.#clock.now();
    const isForgotten = before === undefined || now - before.at > MEMORY_MS;
    const count = isForgotten ? first : before.count + 1;
    const delayMs = count < FIRST_DELAYED
      ? 0
      : Math.min(MAX_DELAY_MS, MIN_DELAY_MS * 2 ** (count - FIRST_DELAYED));
    return { count, at: now, delayMs };
  }

  #remainingMs({ at, delayMs }: Failures): number {
    return Math.max(0, at + delayMs - this.#clock.now());
  }

  /** Makes room by the oldest network only when its delay is over. */
  #hasRoom(): boolean {
    if (!this.#delayed.isFull) return true;
    const [[owner, oldest]] = this.#delayed;
    return this.#remainingMs(oldest) === 0 && this.#delayed.delete(owner);
  }
}
