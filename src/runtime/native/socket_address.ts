/** `struct sockaddr_in` and `sockaddr_in6` of Linux, from and to hosts as SIP writes them. */
import { isIpv4 } from "../ip/ip_address.ts";
import { codeAt } from "../text.ts";

const AF_INET = 2;
const AF_INET6 = 10;

/** Returns the bytes of a socket address of a family. */
export function sockaddrLength(isIpv6: boolean): number {
  return isIpv6 ? 28 : 16;
}

/**
 * Returns the socket address of a host for a socket of a family, undefined when the socket cannot reach it. An IPv6
 * socket reaches IPv4 hosts by mapped addresses.
 */
export function formatSockaddr(
  host: string,
  port: number,
  isIpv6: boolean,
): Uint8Array<ArrayBuffer> | undefined {
  const bytes = new Uint8Array(sockaddrLength(isIpv6));
  bytes[2] = port >> 8;
  bytes[3] = port & 255;
  if (!isIpv6) {
    if (!isIpv4(host)) return undefined;
    bytes[0] = AF_INET;
    bytes.set(host.split(".").map(Number), 4);
    return bytes;
  }
  bytes[0] = AF_INET6;
  if (isIpv4(host)) bytes.set([0xff, 0xff, ...host.split(".").map(Number)], 18);
  else {
    const address = parseIpv6(host);
    if (!address) return undefined;
    bytes.set(address, 8);
  }
  return bytes;
}

/** Returns the host in the socket address at `at`: IPv6 in brackets, mapped addresses as IPv4. */
export function hostOfSockaddr(bytes: Uint8Array, at: number): string {
  if (bytes[at] === AF_INET) return `${bytes[at + 4]}.${bytes[at + 5]}.${bytes[at + 6]}.${bytes[at + 7]}`;
  const isMapped = bytes[at + 18] === 0xff && bytes[at + 19] === 0xff && isZero(bytes, at + 8, at + 18);
  if (isMapped) return `${bytes[at + 20]}.${bytes[at + 21]}.${bytes[at + 22]}.${bytes[at + 23]}`;
  const groups: string[] = [];
  for (let i = at + 8; i < at + 24; i += 2) groups.push((bytes[i] << 8 | bytes[i + 1]).toString(16));
  return new URL(`http://[${groups.join(":")}]`).hostname;
}

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] !== 0) return false;
  return true;
}

function parseIpv6(host: string): number[] | undefined {
  // The URL parser reads every spelling, and returns hexadecimal groups with one "::" at most.
  const url = `http://${host}`;
  if (codeAt(host, 0) !== 91 || !URL.canParse(url)) return undefined;
  const canonical = new URL(url).hostname.slice(1, -1);
  const [head, tail] = canonical.split("::").map((half) => half === "" ? [] : half.split(":"));
  const gap = tail === undefined ? [] : new Array(8 - head.length - tail.length).fill("0");
  return [...head, ...gap, ...(tail ?? [])].flatMap((group) => {
    const value = parseInt(group, 16);
    return [value >> 8, value & 255];
  });
}
