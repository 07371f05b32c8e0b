/** What becomes of requests from addresses that are denied: 403 the first time, silence for a flood. */
import type { AccessControlList } from "../../data/access_control_list.ts";
import type { Domain } from "../../data/domain.ts";
import type { Clock } from "../../runtime/clock.ts";
import { TextMap } from "../../runtime/text_map.ts";
import type { AccessControl, AccessVerdict } from "../../transport/transport_layer.ts";
import { AccessRules } from "./access_rules.ts";
import { ownerOf } from "../../runtime/ip/address_words.ts";

/** Milliseconds that must pass between two refusals of one address. */
const SILENCE = 60_000;

/** Refusals remembered of the time of one silence; beyond them nobody is told any more until it is over. */
const MAX_REFUSALS = 16_384;

/** The access control list of the whole server (`spec.accessControlList`). */
export class ServerAccessControl implements AccessControl {
  #rules: AccessRules;
  readonly #refusals: Refusals;

  constructor(list: AccessControlList, clock: Clock) {
    this.#rules = new AccessRules(list);
    this.#refusals = new Refusals(clock);
  }

  /** Another list from now on. */
  change(list: AccessControlList): void {
    this.#rules = new AccessRules(list);
  }

  admits(address: string): boolean {
    return this.#rules.admits(address);
  }

  verdict(address: string): AccessVerdict {
    if (this.#rules.admits(address)) return "admit";
    return this.#refusals.note(ownerOf(address)) ? "refuse" : "ignore";
  }

  /** Whether the address is denied, and was told so within the last minute. */
  hasRefused(address: string): boolean {
    return !this.#refusals.isEmpty && this.#refusals.has(ownerOf(address)) && !this.#rules.admits(address);
  }
}

/** The access control lists of domains (`spec.context.accessControlList`), applied after that of the server. */
export class DomainAccessControl {
  /** A domain that is changed is another object, and its rules are made anew. */
  readonly #rules = new WeakMap<Domain, AccessRules>();
  /** One for all domains, so that a flood fills it once and not once a domain. */
  readonly #refusals: Refusals;

  constructor(clock: Clock) {
    this.#refusals = new Refusals(clock);
  }

  verdict(domain: Domain, address: string): AccessVerdict {
    if (domain.accessControlList === undefined) return "admit";
    if (this.#rulesOf(domain, domain.accessControlList).admits(address)) return "admit";
    return this.#refusals.note(`${ownerOf(address)} ${domain.ref}`) ? "refuse" : "ignore";
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
  /** When the recent map was begun. */
  #begun: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#begun = clock.now();
  }

  get isEmpty(): boolean {
    return this.#recent.size + this.#earlier.size === 0;
  }

  has(key: string): boolean {
    return this.#isWithin(key, this.#clock.now());
  }

  /** Whether somebody may be told now, which is then noted. Costs nothing that lasts when not. */
  note(key: string): boolean {
    const now = this.#clock.now();
    this.#turn(now);
    if (this.#recent.size >= MAX_REFUSALS || this.#isWithin(key, now)) return false;
    this.#recent.set(key, now);
    return true;
  }

  #isWithin(key: string, now: number): boolean {
    const at = this.#recent.get(key) ?? this.#earlier.get(key);
    return at !== undefined && now - at < SILENCE;
  }

  #turn(now: number): void {
    const age = now - this.#begun;
    if (age < SILENCE) return;
    this.#earlier = age < 2 * SILENCE ? this.#recent : new TextMap();
    this.#recent = new TextMap();
    this.#begun = now;
  }
}
