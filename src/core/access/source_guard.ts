/**
 * Decides by source address who is heard, before a message is read: so many messages a second from each IPv4 address and
 * IPv6 /64 where nobody is known, so many from all of them together, none from those that are banned. Whoever is not
 * heard hears nothing.
 */
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

/** Messages of an IPv6 /48, of those of a /64. */
const SITE_SHARE = 4;
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
  #gatewaysAt = -Infinity;

  constructor(parts: SourceLimitsParts) {
    const { settings, seed, metrics } = parts;
    this.#parts = parts;
    this.#settings = settings;
    this.#trusted = trustedBy(settings);
    this.#sources = new SourceTable(seed);
    this.#sites = new SourceTable(seed);
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

  admits({ remoteAddress }: Flow): boolean {
    if (!this.#settings.isOn) return true;
    const words = addressWords(remoteAddress);
    const [high, low] = keyOf(words);
    const now = this.#parts.clock.now();
    const slot = this.#slotOf(high, low, now);
    this.#refill(slot, now);
    if (this.#sources.bannedUntil[slot] > now && !this.#isExempt(words)) {
      if (this.#sources.knownUntil[slot] <= now || this.#sources.tokens[slot] < 1) {
        return this.#drop(this.#silenced);
      }
      this.#sources.tokens[slot]--;
      return true;
    }
    const isUnknown = this.#sources.knownUntil[slot] <= now;
    const isLimited = this.#sources.tokens[slot] < 1 ||
      isUnknown && words.length > 1 && this.#isSiteEmpty(high, low, now) ||
      isUnknown && !this.#strangers.take(now);
    if (!isLimited) this.#sources.tokens[slot]--;
    return !isLimited || this.#isExempt(words) || this.#drop(this.#limited);
  }

  isMuted(high: number, low: number): boolean {
    if (!this.#settings.isOn) return false;
    const now = this.#parts.clock.now();
    const slot = this.#sources.find(high, low);
    if (slot < 0) return this.#strangers.isEmpty(now) && this.#mutes(high, low, this.#limited);
    const { bannedUntil, knownUntil, tokens } = this.#sources;
    this.#refill(slot, now);
    const isKnown = knownUntil[slot] > now;
    if (bannedUntil[slot] > now) {
      return !(isKnown && tokens[slot] >= 1) && this.#mutes(high, low, this.#silenced);
    }
    return (tokens[slot] < 1 || !isKnown && this.#strangers.isEmpty(now)) &&
      this.#mutes(high, low, this.#limited);
  }

  /** A device or gateway at an address was served. */
  know(address: string): void {
    const [high, low] = keyOf(addressWords(address));
    const now = this.#parts.clock.now();
    this.#sources.knownUntil[this.#slotOf(high, low, now)] = now + ESTABLISHED_MS;
  }

  /** Reports whether a device or gateway was served at an address lately. */
  isKnown(address: string): boolean {
    const [high, low] = keyOf(addressWords(address));
    const slot = this.#sources.find(high, low);
    return slot >= 0 && this.#sources.knownUntil[slot] > this.#parts.clock.now();
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
    const [high, low] = keyOf(addressWords(address));
    const slot = this.#slotOf(high, low, this.#parts.clock.now());
    this.#sources.bannedUntil[slot] = until;
    this.#sources.bans[slot] = Math.min(count, 255);
    if (this.#sources.bannedUntil[slot] <= this.#parts.clock.now()) return;
    this.#sources.tokens[slot] = 0;
  }

  /** Reports whether nothing is heard from an address but from trusted ones. */
  isBanned(address: string): boolean {
    const words = addressWords(address);
    const slot = this.#sources.find(...keyOf(words));
    const now = this.#parts.clock.now();
    return this.#settings.isOn && slot >= 0 && this.#sources.bannedUntil[slot] > now &&
      this.#sources.knownUntil[slot] <= now && !this.#isExempt(words);
  }

  #drop(counter: Counter): false {
    counter.value++;
    return false;
  }

  #mutes(high: number, low: number, counter: Counter): boolean {
    // Half an IPv6 address does not tell whether it is trusted, nor do the zeros of ::1.
    if (this.#trusted.hasIpv6 && (high !== 0 || low === 0)) return false;
    if (this.#isExempt(high === 0 ? [low] : [high, low, 0, 0])) return false;
    counter.value++;
    return true;
  }

  #slotOf(high: number, low: number, now: number): number {
    const known = this.#sources.find(high, low);
    if (known >= 0) return known;
    const slot = this.#sources.claim(high, low, now);
    this.#sources.tokens[slot] = this.#settings.requestBurst;
    return slot;
  }

  #refill(slot: number, now: number): void {
    const { tokens, seenAt, bannedUntil, bans } = this.#sources;
    const elapsed = now - seenAt[slot];
    seenAt[slot] = Math.max(1, now);
    if (bannedUntil[slot] > now) {
      const interval = Math.min(SLOWEST_MS, SLOW_MS * 2 ** (bans[slot] - 1));
      tokens[slot] = Math.min(SLOW_BURST, tokens[slot] + elapsed / interval);
      return;
    }
    const { requestsPerSecond, requestBurst } = this.#settings;
    tokens[slot] = Math.min(requestBurst, tokens[slot] + elapsed * requestsPerSecond / 1000);
  }

  #isSiteEmpty(high: number, low: number, now: number): boolean {
    const { requestsPerSecond, requestBurst } = this.#settings;
    const { tokens, seenAt } = this.#sites;
    const site = low >>> 16;
    let slot = this.#sites.find(high, site);
    if (slot < 0) tokens[slot = this.#sites.claim(high, site, now)] = SITE_SHARE * requestBurst;
    const refilled = tokens[slot] + (now - seenAt[slot]) * SITE_SHARE * requestsPerSecond / 1000;
    seenAt[slot] = Math.max(1, now);
    tokens[slot] = Math.min(SITE_SHARE * requestBurst, refilled);
    if (tokens[slot] < 1) return true;
    tokens[slot]--;
    return false;
  }

  #isExempt(words: readonly number[]): boolean {
    if (!this.#trusted.isEmpty && this.#trusted.admitsWords(words)) return true;
    const now = this.#parts.clock.now();
    if (now - this.#gatewaysAt > GATEWAYS_MS) this.#readGateways(now);
    return this.#gateways.has(numberOf(...keyOf(words)));
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

/** Two words as one number; that some of them share it is of no harm among a few addresses of gateways. */
function numberOf(high: number, low: number): number {
  return high * 2 ** 21 + low;
}
