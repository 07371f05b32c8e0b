/** Addresses that peers have registered from: requests from there with a foreign From are challenged. */
import type { Clock } from "../../runtime/clock.ts";

/** Addresses kept before the expired ones are dropped. */
const TIDY_SIZE = 1024;

export class PeerAddresses {
  readonly #clock: Clock;
  /** End of a peer's registration from an address, on the scale of `Clock.now`. */
  readonly #until = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Adds the address of a registration. */
  add(address: string, lifetimeMs: number): void {
    const now = this.#clock.now();
    if (this.#until.size >= TIDY_SIZE) {
      for (const [other, until] of this.#until) if (until <= now) this.#until.delete(other);
    }
    // Several peers may share an address.
    this.#until.set(address, Math.max(now + lifetimeMs, this.#until.get(address) ?? 0));
  }

  has(address: string): boolean {
    return (this.#until.get(address) ?? 0) > this.#clock.now();
  }
}
