/** Addresses that did something wrong lately, and how much of it. */
import { BoundedTextMap } from "../../runtime/bounded_map.ts";
import { ownerOf } from "../../runtime/ip/address_words.ts";
import { detachText } from "../../runtime/text.ts";
import type { Offence } from "../answer.ts";
import type { BanSettings } from "./access_settings.ts";

const POINTS: Readonly<Record<Offence, number>> = {
  "wrong password": 1,
  // As much as a wrong password, or the number of tries until silence would tell who exists.
  "unknown user": 1,
  "scanner": 10,
  "malformed messages": 1,
  "HTTP": 5,
};

/** Suspects remembered, 23 MB; the one that was silent for longest makes room. */
const MAX_SUSPECTS = 20_480;
/** User names remembered of each suspect. */
const MAX_USERS = 4;
/** UTF-16 units of a user name with its realm. */
const MAX_NAME_LENGTH = 48;

export interface Suspect {
  /** As flows have it. */
  readonly address: string;
  /** Points that are not forgiven yet, as they were at `at`. */
  points: number;
  at: number;
  /** The user names that were tried, with their realms (`accountName`), and their points. */
  users: { readonly name: string; points: number }[];
  /** Of the last ban: when it began, in milliseconds since 1970, and its end on the scale of `Clock.now`; 0 for none. */
  since: number;
  until: number;
  count: number;
  reason: string;
  /** When the last password was tried by an established flow while the address is banned. */
  triedAt: number;
}

export class Suspects {
  /** By `ownerOf` their address. */
  readonly #suspects = new BoundedTextMap<Suspect>(MAX_SUSPECTS, { evicts: "leastRecentlyUsed" });

  get size(): number {
    return this.#suspects.size;
  }

  find(address: string): Suspect | undefined {
    return this.#suspects.get(ownerOf(address));
  }

  of(address: string): Suspect {
    const known = this.find(address);
    if (known) return known;
    const suspect = {
      address,
      points: 0,
      at: 0,
      users: [],
      since: 0,
      until: 0,
      count: 0,
      reason: "",
      triedAt: -Infinity,
    };
    this.#suspects.set(ownerOf(address), suspect);
    return suspect;
  }

  /** Forgives what the time since the last look is worth. */
  forgive(suspect: Suspect, now: number, { points, windowSeconds }: BanSettings): void {
    const forgiven = Math.max(0, now - suspect.at) * points / (windowSeconds * 1000);
    // Of each user as much as of all, or a success would take back what others have done.
    const left = suspect.points > forgiven ? 1 - forgiven / suspect.points : 0;
    suspect.points *= left;
    for (const user of suspect.users) user.points *= left;
    suspect.at = now;
    if (suspect.points === 0 && suspect.until <= now) suspect.users = [];
  }

  /** Forgives everything: the ban has begun. */
  clear(suspect: Suspect): void {
    suspect.points = 0;
    for (const user of suspect.users) user.points = 0;
  }

  add(suspect: Suspect, offence: Offence, user: string): void {
    const points = POINTS[offence];
    suspect.points += points;
    if (user === "") return;
    const known = this.name(suspect, user);
    if (known) known.points += points;
  }

  /** Returns what is held against an address with a user name; undefined when too many names were tried. */
  name({ users }: Suspect, user: string): Suspect["users"][number] | undefined {
    const name = user.slice(0, MAX_NAME_LENGTH);
    const known = users.find((each) => each.name === name);
    if (known || users.length >= MAX_USERS) return known;
    const added = { name: detachText(name), points: 0 };
    users.push(added);
    return added;
  }

  /** Reports whether a user name was tried in vain, or may have been: only so many names are remembered. */
  mayHaveFailed({ users }: Suspect, user: string): boolean {
    const name = user.slice(0, MAX_NAME_LENGTH);
    return users.length >= MAX_USERS || users.some((each) => each.name === name);
  }

  /** Returns the points of a user name, or of all names when too many were tried. */
  pointsOf(suspect: Suspect, user: string): number {
    const name = user.slice(0, MAX_NAME_LENGTH);
    const known = suspect.users.find((each) => each.name === name);
    if (known) return known.points;
    return suspect.users.length < MAX_USERS ? 0 : suspect.points;
  }

  absolve(address: string, user: string): void {
    const suspect = this.find(address);
    const name = user.slice(0, MAX_NAME_LENGTH);
    const index = suspect?.users.findIndex((each) => each.name === name) ?? -1;
    if (!suspect || index < 0) return;
    suspect.points = Math.max(0, suspect.points - suspect.users[index].points);
    suspect.users.splice(index, 1);
  }

  delete(address: string): void {
    this.#suspects.delete(ownerOf(address));
  }

  *all(): Generator<Suspect> {
    for (const [, suspect] of this.#suspects) yield suspect;
  }
}
