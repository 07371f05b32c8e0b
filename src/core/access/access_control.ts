/** Verdicts on requests by source address: a denied address gets one 403 a minute, and silence in between. */
import type { AccessControlList } from "../../data/access_control_list.ts";
import type { Domain } from "../../data/domain.ts";
import type { Clock } from "../../runtime/clock.ts";
import { TextMap } from "../../runtime/text_map.ts";
import type { AccessControl, AccessVerdict } from "../../transport/transport_layer.ts";
import { AccessRules } from "./access_rules.ts";
import { ownerOf } from "../../runtime/ip/address_words.ts";

/** Time between two refusals of one address. */
const SILENCE_MS = 60_000;

/** Refusals remembered in each generation; when it is full, further addresses get silence. */
const MAX_REFUSALS = 16_384;

/** The access control list of the whole server (`spec.accessControlList`). */
export class ServerAccessControl implements AccessControl {
  #rules: AccessRules;
  readonly #refusals: Refusals;

  constructor(list: AccessControlList, clock: Clock) {
    this.#rules = new AccessRules(list);
    this.#refusals = new Refusals(clock);
  }

  /** Replaces the list. */
  change(list: AccessControlList): void {
    this.#rules = new AccessRules(list);
  }

  admits(address: string): boolean {
    return this.#rules.admits(address);
  }

  verdict(address: string): AccessVerdict {
    if (this.#rules.admits(address)) return "admit";
    return this.#refusals.admit(ownerOf(address)) ? "refuse" : "ignore";
  }

  /** Reports whether the address is denied, and got a 403 within the last minute. */
  hasRefused(address: string): boolean {
    return !this.#refusals.isEmpty && this.#refusals.has(ownerOf(address)) && !this.#rules.admits(address);
  }
}

/** The access control lists of domains (`spec.context.accessControlList`), applied after the list of the server. */
export class DomainAccessControl {
  /** Keyed by domain object: a changed domain is a new object. */
  readonly #rules = new WeakMap<Domain, AccessRules>();
  /** Shared by all domains, so that a flood fills it once. */
  readonly #refusals: Refusals;

  constructor(clock: Clock) {
    this.#refusals = new Refusals(clock);
  }

  verdict(domain: Domain, address: string): AccessVerdict {
    if (domain.accessControlList === undefined) return "admit";
    if (this.#rulesOf(domain, domain.accessControlList).admits(address)) return "admit";
    return this.#refusals.admit(`${ownerOf(address)} ${domain.ref}`) ? "refuse" : "ignore";
  }

  #rulesOf(domain: Domain, list: AccessControlList): AccessRules {
    const known = this.#rules.get(domain);
    if (known) return known;
    const rules = new AccessRules(list);
    this.#rules.set(domain, rules);
    return rules;
  }
}

/** Addresses refused in the last one to two minutes, in two generations of maps. */
class Refusals {
  readonly #clock: Clock;
  #recent = new TextMap<number>();
  #earlier = new TextMap<number>();
  /** Start of the recent generation, on the scale of `Clock.now`. */
  #startedAt: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedAt = clock.now();
  }

  get isEmpty(): boolean {
    return this.#recent.size + this.#earlier.size === 0;
  }

  has(key: string): boolean {
    return this.#isWithin(key, this.#clock.now());
  }

  /** Reports whether a refusal may be sent now, and remembers it. A negative result stores nothing. */
  admit(key: string): boolean {
    const now = this.#clock.now();
    this.#rotate(now);
    if (this.#recent.size >= MAX_REFUSALS || this.#isWithin(key, now)) return false;
    this.#recent.set(key, now);
    return true;
  }

  #isWithin(key: string, now: number): boolean {
    const at = this.#recent.get(key) ?? this.#earlier.get(key);
    return at !== undefined && now - at < SILENCE_MS;
  }

  #rotate(now: number): void {
    const age = now - this.#startedAt;
    if (age < SILENCE_MS) return;
    this.#earlier = age < 2 * SILENCE_MS ? this.#recent : new TextMap();
    this.#recent = new TextMap();
    this.#startedAt = now;
  }
}
