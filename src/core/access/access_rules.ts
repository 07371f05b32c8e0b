/** Access control: who may send requests, by the networks that the operator lists. */
import type { AccessControlList } from "../../data/access_control_list.ts";
import { parseNetwork } from "../../transport/local_addresses.ts";
import { addressWords, isMapped, wordsOf } from "../../runtime/ip/address_words.ts";

/**
 * An access control list made ready for many questions: of all rules that contain an address the most specific
 * decides, and of two that are alike the one that allows. Who is in none is denied if anything is allowed by name.
 */
export class AccessRules {
  /** Whether everybody is admitted because there are no rules. */
  readonly isEmpty: boolean;
  readonly #ipv4 = new NetworkTable();
  readonly #ipv6 = new NetworkTable();
  readonly #admitsOthers: boolean;

  /** @param list rules that were found good when they were loaded; throws for others */
  constructor({ allow, deny }: AccessControlList) {
    this.isEmpty = allow.length + deny.length === 0;
    this.#admitsOthers = allow.length === 0;
    // Of two rules for one network the later one stays.
    for (const rule of deny) this.#add(rule, false);
    for (const rule of allow) this.#add(rule, true);
  }

  /** @param address as flows have it: `192.0.2.1`, `[2001:db8::1]` */
  admits(address: string): boolean {
    if (this.isEmpty) return true;
    const words = addressWords(address);
    const table = words.length === 1 ? this.#ipv4 : this.#ipv6;
    return table.find(words) ?? this.#admitsOthers;
  }

  #add(rule: string, isAllowed: boolean): void {
    const [address, length] = parseNetwork(rule);
    const words = wordsOf(address.toByteArray());
    if (words.length === 1) this.#ipv4.add(words, length, isAllowed);
    else if (isMapped(words) && length >= 96) this.#ipv4.add(words.slice(3), length - 96, isAllowed);
    else this.#ipv6.add(words, length, isAllowed);
  }
}

/** The networks of one prefix length, by what is left of a word without the rest of its bits. */
interface Prefixes {
  readonly length: number;
  /** What to divide a word by. */
  readonly divisor: number;
  readonly isAllowed: Map<number, boolean>;
}

/**
 * Networks by one word of their address: a table for each prefix length that ends in this word, and one like this for
 * each value of the word that longer prefixes begin with. However many networks there are, a look-up asks each table
 * on its way once: at most 33 of an IPv4 address, 129 of IPv6.
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

  /** What the most specific network says that contains the address; undefined when none does. */
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
