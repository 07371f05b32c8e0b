/** IP addresses as people and files write them. */
import ipaddr from "ipaddr.js";
import { isIpv4 } from "./ip_address.ts";

/** The longest IPv6 address with a zone, brackets and a prefix. */
const MAX_LENGTH = 80;
const IPV6 = /^(?:\[([0-9a-f:.]+)\]|([0-9a-f:.]+))(?:%[\w.-]+)?(?:\/64)?$/i;

/**
 * Returns an address as flows have it: IPv6 in brackets, an IPv4-mapped one as IPv4. An IPv6 /64 is its first address.
 * Undefined for any other text.
 */
export function readAddress(text: string): string | undefined {
  const written = text.trim();
  if (written.length > MAX_LENGTH) return undefined;
  const ipv4 = written.replace(/\/32$/, "");
  if (isIpv4(ipv4)) return ipv4;
  const parts = IPV6.exec(written);
  const bare = parts?.[1] ?? parts?.[2];
  if (bare === undefined || !bare.includes(":") || !ipaddr.IPv6.isValid(bare)) return undefined;
  const address = ipaddr.IPv6.parse(bare);
  return address.isIPv4MappedAddress() ? address.toIPv4Address().toString() : `[${address.toString()}]`;
}
