/** IP addresses as 32-bit words, for look-ups by network. */
import { BoundedTextMap } from "../bounded_map.ts";
import { addressBytes, isIpv6 } from "./ip_address.ts";
import { codeAt } from "../text.ts";

/** IPv6 addresses whose words are remembered, because parsing is the costly part. */
const MAX_REMEMBERED = 4096;

const remembered = new BoundedTextMap<readonly number[]>(MAX_REMEMBERED);

/**
 * Returns the words of an address as flows have it: one for IPv4, four for IPv6. An IPv4-mapped address
 * (RFC 4291 §2.5.5.2) counts as IPv4.
 */
export function addressWords(address: string): readonly number[] {
  if (!isIpv6(address)) return [ipv4Word(address)];
  const known = remembered.get(address);
  if (known) return known;
  const words = wordsOf(addressBytes(address));
  const result = isMapped(words) ? words.slice(3) : words;
  remembered.set(address, result);
  return result;
}

/** Returns the words of 4 or 16 bytes. */
export function wordsOf(bytes: readonly number[]): number[] {
  const words: number[] = [];
  for (let at = 0; at < bytes.length; at += 4) {
    words.push(((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0);
  }
  return words;
}

/** Reports whether the words are of an address in `::ffff:0:0/96`. */
export function isMapped(words: readonly number[]): boolean {
  return words.length === 4 && words[0] === 0 && words[1] === 0 && words[2] === 0xffff;
}

/** Parses by hand, because every message asks. */
function ipv4Word(address: string): number {
  let word = 0;
  let byte = 0;
  for (let at = 0; at < address.length; at++) {
    const code = codeAt(address, at);
    if (code === 46) {
      word = word << 8 | byte;
      byte = 0;
    } else byte = byte * 10 + code - 48;
  }
  return (word << 8 | byte) >>> 0;
}

/** Returns the network of one owner for people: an IPv4 address, or an IPv6 /64. */
export function networkOf(address: string): string {
  const words = addressWords(address);
  if (words.length === 1) return address;
  const groups = words.slice(0, 2).flatMap((word) => [word >>> 16, word & 0xffff]);
  return `${groups.map((group) => group.toString(16)).join(":")}::/64`;
}

/** Returns a key for the owner of an address: an IPv4 address, or the /64 around an IPv6 address. */
export function ownerOf(address: string): string {
  if (!isIpv6(address)) return address;
  const words = addressWords(address);
  return words.length === 1 ? address : `${words[0]}:${words[1]}`;
}
