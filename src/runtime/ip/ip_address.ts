/** IP addresses as SIP writes them: IPv6 in brackets, IPv4-mapped addresses as IPv4. */
import ipaddr from "ipaddr.js";
import { codeAt } from "../text.ts";

/** Reports whether a host of a URI or Via is an address, not a name. */
export function isIpAddress(host: string): boolean {
  return codeAt(host, 0) === 91 || isIpv4(host);
}

export function isIpv4(host: string): boolean {
  return /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/.test(host);
}

export function isIpv6(host: string): boolean {
  return codeAt(host, 0) === 91;
}

/** Returns the URI form of a socket address: `::1` → `[::1]`, `::ffff:127.0.0.1` → `127.0.0.1`. */
export function toUriHost(address: string): string {
  if (address.startsWith("::ffff:") && address.includes(".")) return address.slice(7);
  const zone = address.indexOf("%");
  if (address.includes(":") && codeAt(address, 0) !== 91) {
    return `[${zone < 0 ? address : address.slice(0, zone)}]`;
  }
  return address;
}

/** Returns the socket form of a URI host: `[::1]` → `::1`. */
export function toSocketHost(host: string): string {
  return codeAt(host, 0) === 91 ? host.slice(1, -1) : host;
}

/** Returns the 4 or 16 bytes of an address in URI form. */
export function addressBytes(address: string): number[] {
  return ipaddr.parse(toSocketHost(address)).toByteArray();
}
