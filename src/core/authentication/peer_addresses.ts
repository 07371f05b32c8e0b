/** Where peers have registered from: what comes from there without a From of ours is asked for a peer's password. */
import type { Clock } from "../../runtime/clock.ts";

/** Addresses kept before those are looked for whose time is over. */
const TIDY_SIZE = 1024;

export class PeerAddresses {
  readonly #clock: Clock;
  /** `Clock.now()` milliseconds until which a peer is at the address. */
  readonly #until = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A peer has registered from this address for so many milliseconds. */
  add(address: string, lifetime: number): void {
    const now = this.#clock.now();
    if (this.#until.size >= TIDY_SIZE) {
      for (const [other, until] of this.#until) if (until <= now) this.#until.delete(other);
    }
    // Several peers may share an address.
    this.#until.set(address, Math.max(now + lifetime, this.#until.get(address) ?? 0));
  }

  has(address: string): boolean {
    return (this.#until.get(address) ?? 0) > this.#clock.now();
  }
}
