/** Destinations from which nothing came back lately (RFC 3263 §4.3). */
import { BoundedMap } from "../../runtime/bounded_map.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Destination } from "./destination.ts";

/** Milliseconds for which others are tried first. */
const PENALTY = 60_000;
const MAX_DESTINATIONS = 1024;

/** Remembers them for a minute. */
export class FailedDestinations {
  readonly #clock: Clock;
  readonly #until = new BoundedMap<string, number>(MAX_DESTINATIONS);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(destination: Destination): void {
    this.#until.set(keyOf(destination), this.#clock.now() + PENALTY);
  }

  delete(destination: Destination): void {
    if (this.#until.size > 0) this.#until.delete(keyOf(destination));
  }

  /** The same destinations in the same order, but those that failed after all others. */
  putLast(destinations: readonly Destination[]): readonly Destination[] {
    if (this.#until.size === 0 || destinations.length < 2) return destinations;
    const failed = destinations.filter((destination) => this.#has(destination));
    if (failed.length === 0) return destinations;
    return [...destinations.filter((destination) => !failed.includes(destination)), ...failed];
  }

  #has(destination: Destination): boolean {
    const key = keyOf(destination);
    const until = this.#until.get(key);
    if (until === undefined) return false;
    if (this.#clock.now() < until) return true;
    this.#until.delete(key);
    return false;
  }
}

function keyOf({ protocol, address, port }: Destination): string {
  return `${protocol} ${address} ${port}`;
}
