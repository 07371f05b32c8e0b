/**
 * Bans of addresses that guess passwords or look for users. Points for what they do wrong are forgiven in time, and when
 * the same user gets in; more of them than are allowed ban the address, each time for longer. By UDP only what answers a
 * nonce that went to the address counts, so nobody is banned by datagrams that he did not send.
 */
import type { Clock } from "../../runtime/clock.ts";
import { networkOf } from "../../runtime/ip/address_words.ts";
import { logger } from "../../runtime/log.ts";
import type { Counter, Metrics } from "../../runtime/metrics.ts";
import type { Flow } from "../../transport/transport.ts";
import type { Offence } from "../answer.ts";
import type { ServerEvents } from "../server_events.ts";
import { accountName } from "./account_guesses.ts";
import type { AccessSettings } from "./access_settings.ts";
import { SLOW_MS, type SourceLimits } from "./source_guard.ts";
import { type Suspect, Suspects } from "./suspects.ts";

export interface BansParts {
  readonly settings: AccessSettings;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly events: ServerEvents;
  readonly sources: SourceLimits;
  /** Reports whether an address is a router of this machine's networks, which may hide many others: Docker's bridge. */
  isRouter(address: string): boolean;
}

/** A ban as it is shown and kept; times are milliseconds since 1970. */
export interface Ban {
  /** An IPv4 address, or an IPv6 /64. */
  readonly network: string;
  /** An address of it. */
  readonly address: string;
  readonly since: number;
  readonly until: number;
  /** How often the address was banned lately. */
  readonly count: number;
  /** Why, in plain words. */
  readonly reason: string;
  /** User names that were tried. */
  readonly users: readonly string[];
  /** Whether devices are known there, so that others at the address are heard slowly instead of not at all. */
  readonly isShared: boolean;
}

/** What is known of an address, for those who ask why it is not served. */
export interface SourceState {
  readonly network: string;
  readonly ban: Ban | undefined;
  /** Points that are not forgiven yet, and how many ban. */
  readonly points: number;
  readonly maxPoints: number;
  readonly isTrusted: boolean;
  readonly isKnown: boolean;
}

/** Whose password is tried. */
export interface TriedUser {
  readonly username: string;
  readonly realm: string;
  /** Reports whether the user is registered by the flow that the password came by. */
  isRegistered(): boolean;
}

/** Doublings of the time of a ban. */
const MAX_DOUBLINGS = 30;
/** Wrong passwords of one user that are answered by another challenge. */
const HOPELESS_POINTS = 2;

const log = logger("access");

export class Bans {
  readonly #parts: BansParts;
  readonly #suspects = new Suspects();
  readonly #bans: Counter;
  #settings: AccessSettings;
  #onChange = () => {};

  constructor(parts: BansParts) {
    const { metrics, settings } = parts;
    this.#parts = parts;
    this.#settings = settings;
    this.#bans = metrics.counter("routr_bans_total", "Addresses banned");
    metrics.gauge("routr_banned_addresses", "Addresses that are banned now", () => this.#banned().length);
  }

  /** Calls `listener` when a ban begins or is lifted. It replaces the former one. */
  onChange(listener: () => void): void {
    this.#onChange = listener;
  }

  change(settings: AccessSettings): void {
    this.#settings = settings;
  }

  /** Something was wrong with what came by a flow; `user` is the user name that was tried, with its realm. */
  blame(flow: Flow, offence: Offence, user = ""): void {
    const { clock, sources } = this.#parts;
    const { isOn, ban } = this.#settings;
    const { remoteAddress, protocol } = flow;
    if (!isOn || sources.isTrusted(remoteAddress)) return;
    sources.offended(flow);
    const now = clock.now();
    const suspect = this.#suspects.of(remoteAddress);
    this.#suspects.forgive(suspect, now, ban);
    this.#suspects.add(suspect, offence, user);
    // What was forgiven since the first offence is part of a point: with 10 points the tenth bans, at whatever pace.
    if (Math.ceil(suspect.points) >= ban.points && suspect.until <= now) {
      this.#ban(suspect, `${offence} by ${protocol}`);
    }
  }

  /** Whether anything is held against anybody. */
  get isAnySuspected(): boolean {
    return this.#suspects.size > 0;
  }

  /** A user got in by a flow: what was wrong with his password in this realm before is forgiven. */
  absolve({ remoteAddress }: Flow, username: string, realm: string): void {
    if (this.#suspects.size > 0) this.#suspects.absolve(remoteAddress, accountName(username, realm));
  }

  /**
   * Reports whether the password of a user may be tried by an established flow, which is heard although its address is
   * banned: there, passwords of users that were wrong are tried slowly. A try is counted.
   */
  mayTry({ isEstablished, remoteAddress }: Flow, { username, realm, isRegistered }: TriedUser): boolean {
    if (this.#suspects.size === 0 || isEstablished !== true) return true;
    const suspect = this.#suspects.find(remoteAddress);
    const now = this.#parts.clock.now();
    if (!this.#settings.isOn || !suspect || suspect.until <= now) return true;
    if (!this.#suspects.mayHaveFailed(suspect, accountName(username, realm)) || isRegistered()) return true;
    if (now - suspect.triedAt < SLOW_MS) return false;
    suspect.triedAt = now;
    return true;
  }

  /**
   * Reports whether the password of a user was wrong twice lately where a flow comes from. Another challenge is of no use
   * then: some clients answer each at once with the same password, and would ban themselves.
   */
  isHopeless({ remoteAddress }: Flow, username: string, realm: string): boolean {
    const suspect = this.#suspects.size === 0 ? undefined : this.#suspects.find(remoteAddress);
    if (!suspect || !this.#settings.isOn) return false;
    this.#suspects.forgive(suspect, this.#parts.clock.now(), this.#settings.ban);
    return Math.ceil(this.#suspects.pointsOf(suspect, accountName(username, realm))) >= HOPELESS_POINTS;
  }

  /** Bans in force, the latest first. */
  list(): Ban[] {
    return this.#banned().map((suspect) => this.#shown(suspect)).toSorted((a, b) => b.since - a.since);
  }

  /** Returns what is known of an address. */
  stateOf(address: string): SourceState {
    const { clock, sources } = this.#parts;
    const { ban } = this.#settings;
    const suspect = this.#suspects.find(address);
    if (suspect) this.#suspects.forgive(suspect, clock.now(), ban);
    return {
      network: networkOf(address),
      ban: suspect && suspect.until > clock.now() ? this.#shown(suspect) : undefined,
      points: suspect?.points ?? 0,
      maxPoints: ban.points,
      isTrusted: sources.isTrusted(address),
      isKnown: sources.isKnown(address),
    };
  }

  /** Ends the ban of an address and forgets what it did; false when it is not banned. */
  lift(address: string): boolean {
    const { clock, sources, events } = this.#parts;
    const suspect = this.#suspects.find(address);
    const wasBanned = suspect !== undefined && suspect.until > clock.now();
    this.#suspects.delete(address);
    sources.ban(address, 0, 0);
    if (!wasBanned) return false;
    log.info("{network} is not banned any more", { network: networkOf(address) });
    events.emit("address.unbanned", { address, network: networkOf(address) });
    this.#onChange();
    return true;
  }

  /** Takes over bans that were kept. */
  adopt(bans: readonly Ban[]): void {
    const { clock, sources } = this.#parts;
    const longest = clock.now() + this.#settings.ban.maxSeconds * 1000;
    for (const { address, since, until, count, reason, users } of bans) {
      // The wall clock may have been set meanwhile.
      const end = Math.min(longest, clock.now() + until - clock.wallTime());
      if (end <= clock.now()) continue;
      const suspect = this.#suspects.of(address);
      Object.assign(suspect, { since, until: end, count, reason });
      for (const user of users) this.#suspects.name(suspect, user);
      sources.ban(address, end, count);
    }
  }

  #ban(suspect: Suspect, reason: string): void {
    const { clock, sources, events } = this.#parts;
    const { ban } = this.#settings;
    const now = clock.now();
    const wasLately = suspect.until > 0 && now - suspect.until < ban.maxSeconds * 1000;
    suspect.count = wasLately ? suspect.count + 1 : 1;
    const doublings = Math.min(MAX_DOUBLINGS, suspect.count - 1);
    const seconds = Math.min(ban.maxSeconds, ban.seconds * 2 ** doublings);
    suspect.until = now + seconds * 1000;
    suspect.since = clock.wallTime();
    suspect.reason = reason;
    this.#suspects.clear(suspect);
    const { address } = suspect;
    if (this.#parts.isRouter(address)) return this.#spareRouter(suspect);
    sources.ban(address, suspect.until, suspect.count);
    this.#bans.value++;
    const { network, isShared, users } = this.#shown(suspect);
    log.warn("Banned {network} for {seconds} s{how}: {reason}{whose}", {
      network,
      seconds,
      how: isShared ? ", but for the phones that are registered there" : "",
      reason,
      whose: users.length === 0 ? "" : ` (${users.join(", ")})`,
    });
    events.emit("address.banned", {
      address,
      network,
      seconds,
      reason,
      users,
      count: suspect.count,
      isShared,
    });
    this.#onChange();
  }

  /** Behind a router all phones may be: its own address is no reason to silence them. */
  #spareRouter(suspect: Suspect): void {
    const { address, reason, until } = suspect;
    this.#suspects.delete(address);
    this.#parts.sources.know(address);
    this.#parts.sources.ban(address, until, suspect.count);
    log.warn(
      "{address} guesses passwords ({reason}), but it is the router of this machine: everybody may be behind it, as with a " +
        "port that Docker forwards. Phones that are registered go on; others are heard slowly. Use the host's network",
      { address, reason },
    );
  }

  #banned(): Suspect[] {
    const now = this.#parts.clock.now();
    return [...this.#suspects.all()].filter(({ until }) => until > now);
  }

  #shown({ address, since, until, count, reason, users }: Suspect): Ban {
    const { clock, sources } = this.#parts;
    return {
      network: networkOf(address),
      address,
      since,
      until: Math.round(clock.wallTime() + until - clock.now()),
      count,
      reason,
      users: users.map(({ name }) => name).filter((name) => name !== ""),
      isShared: sources.isKnown(address),
    };
  }
}
