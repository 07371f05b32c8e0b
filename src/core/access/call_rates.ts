/** Rates of new calls, by the name of the party: a bucket of tokens each, kept as one number. */
import { BoundedMap } from "../../runtime/bounded_map.ts";
import type { Rate } from "./limit_values.ts";

/** Parties remembered; one that is forgotten has its whole burst again. */
const MAX_PARTIES = 65_536;
const MINUTE_MS = 60_000;
/** Sums of fractions are not exact. */
const TOLERANCE_MS = 1;

export class CallRates {
  /** The times at which buckets are full again, by party. */
  readonly #fullAt = new BoundedMap<string, number>(MAX_PARTIES);

  /** Reports whether a new call keeps within the rate. */
  admits(party: string, { perMinute, burst }: Rate, now: number): boolean {
    if (perMinute === Infinity) return true;
    const fullAt = this.#fullAt.get(party);
    if (fullAt === undefined || fullAt <= now) return true;
    // A burst is of one call at least.
    const room = burst === Infinity ? perMinute : Math.max(burst, 1);
    return fullAt - now <= (room - 1) * MINUTE_MS / perMinute + TOLERANCE_MS;
  }

  /** Counts a new call. */
  count(party: string, { perMinute }: Rate, now: number): void {
    if (perMinute === Infinity) return;
    const fullAt = Math.max(now, this.#fullAt.get(party) ?? now) + MINUTE_MS / perMinute;
    this.#fullAt.set(party, fullAt);
  }
}
