/** Access control rules: networks that are allowed or denied. */
import type { AccessControlList } from "../../data/access_control_list.ts";
import { parseNetwork } from "../../transport/local_addresses.ts";
import { addressWords, isMapped, wordsOf } from "../../runtime/ip/address_words.ts";

/**
 * An access control list, compiled for fast lookups. The most specific matching rule decides; of two equal rules the
 * allowing one does. An address without a matching rule is denied when the list allows any network, else admitted.
 */
export class AccessRules {
  /** True when there are no rules, so that every address is admitted. */
  readonly isEmpty: boolean;
  /** True when rules concern IPv6 addresses. */
  hasIpv6 = false;
  readonly #ipv4 = new NetworkTable();
  readonly #ipv6 = new NetworkTable();
  readonly #admitsOthers: boolean;

  /** @param list rules that were validated when they were loaded; throws for malformed ones */
  constructor({ allow, deny }: AccessControlList) {
    this.isEmpty = allow.length + deny.length === 0;
    this.#admitsOthers = allow.length === 0;
    // The later of two rules for one network replaces the earlier one.
    for (const rule of deny) this.#add(rule, false);
    for (const rule of allow) this.#add(rule, true);
  }

  /** @param address as flows have it: `192.0.2.1`, `[2001:db8::1]` */
  admits(address: string): boolean {
    return this.isEmpty || this.admitsWords(addressWords(address));
  }

  /** @param words see `addressWords` */
  admitsWords(words: readonly number[]): boolean {
    const table = words.length === 1 ? this.#ipv4 : this.#ipv6;
    return table.find(words) ?? this.#admitsOthers;
  }

  #add(rule: string, isAllowed: boolean): void {
    const [address, length] = parseNetwork(rule);
    const words = wordsOf(address.toByteArray());
    if (words.length === 1) this.#ipv4.add(words, length, isAllowed);
    else if (isMapped(words) && length >= 96) this.#ipv4.add(words.slice(3), length - 96, isAllowed);
    else {
      this.hasIpv6 = true;
      this.#ipv6.add(words, length, isAllowed);
    }
  }
}

/** The networks of one prefix length, keyed by the leading bits of a word. */
interface Prefixes {
  readonly length: number;
  /** Divides a word into its leading bits. */
  readonly divisor: number;
  readonly isAllowed: Map<number, boolean>;
}

/**
 * Networks by one word of their address: a table for each prefix length that ends in this word, and a nested table for
 * each value of the word under longer prefixes. A lookup asks at most 33 tables for IPv4 and 129 for IPv6, however many
 * networks there are.
 */
class NetworkTable {
  /** Longest prefixes first. */
  readonly #prefixes: Prefixes[] = [];
  readonly #longer = new Map<number, NetworkTable>();

  /** @param length bits of the prefix, from the first of `words` on */
  add(words: readonly number[], length: number, isAllowed: boolean): void {
    const [word] = words;
    if (length <= 32) {
      const { divisor, isAllowed: known } = this.#prefixesOf(length);
      known.set(Math.floor(word / divisor), isAllowed);
      return;
    }
    const known = this.#longer.get(word);
    const longer = known ?? new NetworkTable();
    if (!known) this.#longer.set(word, longer);
    longer.add(words.slice(1), length - 32, isAllowed);
  }

  /** Returns the rule of the most specific network that contains the address; undefined when none does. */
  find(words: readonly number[], at = 0): boolean | undefined {
    const word = words[at];
    const found = this.#longer.get(word)?.find(words, at + 1);
    if (found !== undefined) return found;
    for (const { divisor, isAllowed } of this.#prefixes) {
      const own = isAllowed.get(Math.floor(word / divisor));
      if (own !== undefined) return own;
    }
    return undefined;
  }

  #prefixesOf(length: number): Prefixes {
    const known = this.#prefixes.find((prefixes) => prefixes.length === length);
    if (known) return known;
    const prefixes = { length, divisor: 2 ** (32 - length), isAllowed: new Map<number, boolean>() };
    this.#prefixes.push(prefixes);
    this.#prefixes.sort((a, b) => b.length - a.length);
    return prefixes;
  }
}
