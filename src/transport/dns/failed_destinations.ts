/** Destinations that did not answer lately (RFC 3263 §4.3). */
import { BoundedMap } from "../../runtime/bounded_map.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Destination } from "./destination.ts";

/** Time for which others are tried first. */
const PENALTY_MS = 60_000;
const MAX_DESTINATIONS = 1024;

export class FailedDestinations {
  readonly #clock: Clock;
  readonly #until = new BoundedMap<string, number>(MAX_DESTINATIONS);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(destination: Destination): void {
    this.#until.set(keyOf(destination), this.#clock.now() + PENALTY_MS);
  }

  delete(destination: Destination): void {
    if (this.#until.size > 0) this.#until.delete(keyOf(destination));
  }

  /** Returns the destinations with the failed ones last. */
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
