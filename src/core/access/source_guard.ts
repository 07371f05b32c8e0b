/**
 * Decides by source address who is heard, before a message is read: so many messages a second from each IPv4 address and
 * IPv6 /64 where nobody is known, so many from all of them together, none from those that are banned. Whoever is not
 * heard hears nothing.
 */
import { BoundedMap } from "../../runtime/bounded_map.ts";
import type { Clock } from "../../runtime/clock.ts";
import { addressWords } from "../../runtime/ip/address_words.ts";
import type { Counter, Metrics } from "../../runtime/metrics.ts";
import { ESTABLISHED_MS, type Flow } from "../../transport/transport.ts";
import type { SourceGuard } from "../../transport/source_guard.ts";
import { AccessRules } from "./access_rules.ts";
import type { AccessSettings } from "./access_settings.ts";
import { SourceTable } from "./source_table.ts";
import { TokenBucket } from "./token_bucket.ts";

export interface SourceLimitsParts {
  readonly settings: AccessSettings;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Secret. */
  readonly seed: number;
  /** Addresses of gateways, as flows have them. */
  gatewayAddresses(): Iterable<string>;
}

/** The messages of an address, for those who ask why it is not served; times are on the scale of `Clock.now`. */
export interface SourceTraffic {
  /** When one came that was not of an established flow, or somebody was served there. */
  readonly seenAt: number;
  /** How many were dropped, 65,535 at most, and when last. */
  readonly drops: number;
  readonly droppedAt: number;
}

/** Sources that there is room for, and IPv6 /48: 14 MB together. */
const SOURCES = 1 << 18;
const SITES = 1 << 16;
/** Messages of an IPv6 /48, of those of a /64. */
const SITE_SHARE = 4;
/** Banned /64 of a /48 after which its other strangers are heard slowly, and how long their bans count. */
const SITE_BANS = 3;
const SITE_BANS_MS = 86_400_000;
/** Messages of an address, of those that are set for one where nobody is known (`requestsPerSecond`, `requestBurst`). */
const STRANGER = 1;
/** Many phones may be behind one address, and all of them register after a power cut. */
const KNOWN = 10;
/** What comes from the address of a gateway by another flow than it is served by may be forged. */
const GATEWAY = 100;
const BANNED = 0;
/** Flows remembered that something was wrong with. */
const MAX_OFFENDERS = 16_384;
/** Where devices are known, one message in this time passes from others while the address is banned. */
export const SLOW_MS = 2500;
/** The same after many bans. */
const SLOWEST_MS = 150_000;
/** Messages of others that may come at once then: a REGISTER, and the one that answers its challenge. */
const SLOW_BURST = 2;
/** How long addresses of gateways are remembered. */
const GATEWAYS_MS = 1000;

export class SourceLimits implements SourceGuard {
  readonly #parts: SourceLimitsParts;
  readonly #sources: SourceTable;
  /** IPv6 /48, by their words. */
  readonly #sites: SourceTable;
  readonly #strangers: TokenBucket;
  readonly #limited: Counter;
  readonly #silenced: Counter;
  #settings: AccessSettings;
  #trusted: AccessRules;
  readonly #gateways = new Set<number>();
  /** When something was last wrong with what came by a flow, by its id. */
  readonly #offenders = new BoundedMap<number, number>(MAX_OFFENDERS);
  #gatewaysAt = -Infinity;

  constructor(parts: SourceLimitsParts) {
    const { settings, seed, metrics } = parts;
    this.#parts = parts;
    this.#settings = settings;
    this.#trusted = trustedBy(settings);
    this.#sources = new SourceTable(seed, SOURCES);
    this.#sites = new SourceTable(seed, SITES);
    this.#strangers = new TokenBucket(settings.strangersPerSecond);
    this.#limited = metrics.counter(
      "routr_limited_messages_total",
      "Messages dropped because their address, or all unknown addresses together, sent too many",
    );
    this.#silenced = metrics.counter(
      "routr_banned_messages_total",
      "Messages dropped because their address is banned",
    );
  }

  /** Puts other settings in force. */
  change(settings: AccessSettings): void {
    this.#settings = settings;
    this.#trusted = trustedBy(settings);
    this.#strangers.change(settings.strangersPerSecond);
  }

  admits({ id, remoteAddress }: Flow): boolean {
    if (!this.#settings.isOn) return true;
    const words = addressWords(remoteAddress);
    if (this.#isInTrusted(words)) return true;
    const [high, low] = keyOf(words);
    const now = this.#parts.clock.now();
    const slot = this.#sources.slotOf(high, low, now);
    const { tokens } = this.#sources;
    const share = this.#shareOf(slot, numberOf(high, low), now);
    this.#refill(slot, share, now);
    if (share === BANNED) {
      if (!this.#isKnownAt(slot, now) || tokens[slot] < 1 || this.#hasOffended(id, now)) {
        return this.#drop(this.#silenced, slot, now);
      }
    } else {
      const isStranger = share === STRANGER;
      const isLimited = tokens[slot] < 1 ||
        isStranger && words.length > 1 && this.#isSiteEmpty(high, low, now) ||
        isStranger && !this.#strangers.take(now);
      if (isLimited) return this.#drop(this.#limited, slot, now);
    }
    tokens[slot]--;
    return true;
  }

  isMuted(high: number, low: number): boolean {
    if (!this.#settings.isOn) return false;
    const now = this.#parts.clock.now();
    const slot = this.#sources.find(high, low);
    if (slot < 0) return this.#strangers.isEmpty(now) && this.#mutes(high, low, this.#limited);
    const share = this.#shareOf(slot, numberOf(high, low), now);
    this.#refill(slot, share, now);
    const isEmpty = this.#sources.tokens[slot] < 1;
    if (share === BANNED) {
      return (isEmpty || !this.#isKnownAt(slot, now)) && this.#mutes(high, low, this.#silenced, slot);
    }
    return (isEmpty || share === STRANGER && this.#strangers.isEmpty(now)) &&
      this.#mutes(high, low, this.#limited, slot);
  }

  /** The number of messages that were dropped so far. */
  get dropped(): number {
    return this.#limited.value + this.#silenced.value;
  }

  /** A device or gateway at an address was served. */
  know(address: string): void {
    const [high, low] = keyOf(addressWords(address));
    const now = this.#parts.clock.now();
    this.#sources.knownUntil[this.#sources.slotOf(high, low, now)] = now + ESTABLISHED_MS;
  }

  /** Reports whether a device or gateway was served at an address lately. */
  isKnown(address: string): boolean {
    const [high, low] = keyOf(addressWords(address));
    const slot = this.#sources.find(high, low);
    return slot >= 0 && this.#isKnownAt(slot, this.#parts.clock.now());
  }

  /** Something was wrong with what came by a flow: while its address is banned, it has no part in what is heard slowly. */
  offended({ id }: Flow): void {
    this.#offenders.set(id, this.#parts.clock.now());
  }

  /** Reports whether an address is in a trusted network, or a gateway's. */
  isTrusted(address: string): boolean {
    return this.#isExempt(addressWords(address));
  }

  /**
   * Silences an address, for the `count`-th time. Where devices are known, their flows are heard, and others slowly.
   * @param until on the scale of `Clock.now`; the past ends a ban
   */
  ban(address: string, until: number, count: number): void {
    const words = addressWords(address);
    const [high, low] = keyOf(words);
    const now = this.#parts.clock.now();
    if (until <= now && this.#sources.find(high, low) < 0) return;
    const slot = this.#sources.slotOf(high, low, now);
    const { bannedUntil, bans, tokens } = this.#sources;
    if (words.length > 1 && (bans[slot] > 0) !== (count > 0)) {
      this.#countSiteBan(high, low, count > 0 ? 1 : -1);
    }
    bannedUntil[slot] = until;
    bans[slot] = Math.min(count, 255);
    if (until > now) tokens[slot] = 0;
    else {
      // The refill bounds it.
      tokens[slot] = Infinity;
      this.#sources.forgetDrops(slot);
    }
  }

  /** Reports whether nothing is heard from an address but from trusted ones. */
  isBanned(address: string): boolean {
    const words = addressWords(address);
    const slot = this.#sources.find(...keyOf(words));
    const now = this.#parts.clock.now();
    return this.#settings.isOn && slot >= 0 && this.#sources.bannedUntil[slot] > now &&
      !this.#isKnownAt(slot, now) && !this.#isExempt(words);
  }

  /** Returns what is known of the messages of an address; undefined where none is remembered. */
  trafficOf(address: string): SourceTraffic | undefined {
    const slot = this.#sources.find(...keyOf(addressWords(address)));
    if (slot < 0) return undefined;
    const { count, lastAt } = this.#sources.dropsOf(slot);
    return { seenAt: this.#sources.seenAt[slot], drops: count, droppedAt: lastAt };
  }

  #drop(counter: Counter, slot: number, now: number): false {
    counter.value++;
    this.#sources.noteDrop(slot, now);
    return false;
  }

  #mutes(high: number, low: number, counter: Counter, slot = -1): boolean {
    // Half an IPv6 address does not tell whether it is trusted, nor do the zeros of ::1.
    if (this.#trusted.hasIpv6 && (high !== 0 || low === 0)) return false;
    if (this.#isInTrusted(high === 0 ? [low] : [high, low, 0, 0])) return false;
    if (slot < 0 && this.#isGateway(numberOf(high, low), this.#parts.clock.now())) {
      return false;
    }
    counter.value++;
    if (slot >= 0) this.#sources.noteDrop(slot, this.#sources.seenAt[slot]);
    return true;
  }

  #refill(slot: number, share: number, now: number): void {
    const { tokens, seenAt, bans } = this.#sources;
    const elapsed = Math.max(0, now - seenAt[slot]);
    seenAt[slot] = Math.max(1, now);
    if (share === BANNED) {
      const interval = Math.min(SLOWEST_MS, SLOW_MS * 2 ** (bans[slot] - 1));
      tokens[slot] = Math.min(SLOW_BURST, tokens[slot] + elapsed / interval);
      return;
    }
    const { requestsPerSecond, requestBurst } = this.#settings;
    tokens[slot] = Math.min(share * requestBurst, tokens[slot] + elapsed * share * requestsPerSecond / 1000);
  }

  /** Returns how many times as much as a stranger a source may send; `BANNED` when it is heard slowly at most. */
  #shareOf(slot: number, number: number, now: number): number {
    if (this.#isGateway(number, now)) return GATEWAY;
    if (this.#sources.bannedUntil[slot] > now) return BANNED;
    return this.#isKnownAt(slot, now) ? KNOWN : STRANGER;
  }

  #isKnownAt(slot: number, now: number): boolean {
    return this.#sources.knownUntil[slot] > now;
  }

  #hasOffended(id: number, now: number): boolean {
    const at = this.#offenders.get(id);
    return at !== undefined && now - at < this.#settings.ban.windowSeconds * 1000;
  }

  /** Takes a message of strangers in an IPv6 /48; after several bans there, they are heard slowly together. */
  #isSiteEmpty(high: number, low: number, now: number): boolean {
    const { requestsPerSecond, requestBurst } = this.#settings;
    const { tokens, seenAt, bans, bannedUntil } = this.#sites;
    const slot = this.#sites.slotOf(high, low >>> 16, now);
    const isSlow = bans[slot] >= SITE_BANS && bannedUntil[slot] > now;
    const rate = isSlow ? 1 / SLOW_MS : SITE_SHARE * requestsPerSecond / 1000;
    const burst = isSlow ? SLOW_BURST : SITE_SHARE * requestBurst;
    tokens[slot] = Math.min(burst, tokens[slot] + (now - seenAt[slot]) * rate);
    seenAt[slot] = Math.max(1, now);
    if (tokens[slot] < 1) return true;
    tokens[slot]--;
    return false;
  }

  #countSiteBan(high: number, low: number, change: 1 | -1): void {
    const { bans, bannedUntil } = this.#sites;
    const now = this.#parts.clock.now();
    const slot = this.#sites.slotOf(high, low >>> 16, now);
    const before = bannedUntil[slot] > now ? bans[slot] : 0;
    bans[slot] = Math.max(0, Math.min(255, before + change));
    if (change > 0) bannedUntil[slot] = now + SITE_BANS_MS;
  }

  #isExempt(words: readonly number[]): boolean {
    return this.#isInTrusted(words) || this.#isGateway(numberOf(...keyOf(words)), this.#parts.clock.now());
  }

  #isInTrusted(words: readonly number[]): boolean {
    return !this.#trusted.isEmpty && this.#trusted.admitsWords(words);
  }

  #isGateway(number: number, now: number): boolean {
    if (now - this.#gatewaysAt > GATEWAYS_MS) this.#readGateways(now);
    return this.#gateways.has(number);
  }

  #readGateways(now: number): void {
    this.#gatewaysAt = now;
    this.#gateways.clear();
    for (const address of this.#parts.gatewayAddresses()) {
      this.#gateways.add(numberOf(...keyOf(addressWords(address))));
    }
  }
}

/** Networks that nothing is held against: rules that allow them, and nobody else. */
function trustedBy({ trusted }: AccessSettings): AccessRules {
  return new AccessRules({ allow: trusted, deny: [] });
}

/** Returns the two words that a source is known by: 0 and the IPv4 address, or the first half of the IPv6 address. */
function keyOf(words: readonly number[]): readonly [high: number, low: number] {
  return words.length === 1 ? [0, words[0]] : [words[0], words[1]];
}

/** Two words as one number; some neighbours of an IPv6 network share it, which is of no harm. */
function numberOf(high: number, low: number): number {
  return high * 2 ** 32 + low;
}
