/** The last refusals, by source and by user, for those who ask why somebody is not served. No secrets are in them. */
import { BoundedTextMap } from "../../runtime/bounded_map.ts";
import { ownerOf } from "../../runtime/ip/address_words.ts";
import { detachText } from "../../runtime/text.ts";

/** A request that was refused. */
export interface PastRefusal {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly address: string;
  readonly port: number;
  readonly transport: string;
  readonly method: string;
  /** URIs without passwords and parameters. */
  readonly from: string;
  readonly to: string;
  readonly status: number;
  /** Why, in plain words. */
  readonly cause: string;
}

/** Sources and users remembered; the one that was refused nothing for longest makes room. */
const MAX_OWNERS = 1000;
/** Refusals of each. */
const MAX_REFUSALS = 5;
/** UTF-16 units of a user name. */
const MAX_NAME_LENGTH = 64;

export class RefusalHistory {
  readonly #bySource = new Latest();
  readonly #byUser = new Latest();

  /** @param user whose credentials were wrong, or who is said to send the request; "" for nobody */
  add(refusal: PastRefusal, user: string): void {
    this.#bySource.add(ownerOf(refusal.address), refusal);
    if (user !== "") this.#byUser.add(user.slice(0, MAX_NAME_LENGTH), refusal);
  }

  /** Returns what was refused to an IPv4 address or IPv6 /64, the latest first. */
  ofSource(address: string): readonly PastRefusal[] {
    return this.#bySource.of(ownerOf(address));
  }

  /** Returns what was refused to a user name, the latest first. */
  ofUser(user: string): readonly PastRefusal[] {
    return this.#byUser.of(user.slice(0, MAX_NAME_LENGTH));
  }
}

/** The latest refusals of each owner. */
class Latest {
  readonly #refusals = new BoundedTextMap<PastRefusal[]>(MAX_OWNERS);

  of(owner: string): readonly PastRefusal[] {
    return this.#refusals.get(owner)?.toReversed() ?? [];
  }

  add(owner: string, refusal: PastRefusal): void {
    const known = this.#refusals.get(owner);
    const refusals = known ?? [];
    if (refusals.length >= MAX_REFUSALS) refusals.shift();
    refusals.push(refusal);
    // A written entry is the newest.
    this.#refusals.set(known ? owner : detachText(owner), refusals);
  }
}
