import ipaddr from "ipaddr.js";
import type * as z from "zod";
import { property } from "./property_types.ts";

/** Property types for addresses, networks and hosts. */

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$/i;
const HOST_PORT = /^(\[[^\]]+\]|[^:\[\]]+)(?::(\d{1,5}))?$/;

/** Patterns for editors, without flags, and slightly less strict than the checks of the server. */
const OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
const IPV4 = `(?:${OCTET}\\.){3}${OCTET}`;
const IPV6 = "(?=[^%]*:[^%]*:)[0-9A-Fa-f:.]+(?:%[0-9A-Za-z]+)?";
const ADDRESS = `${IPV4}|${IPV6}|\\[${IPV6}\\]`;
const LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?";
const HOST = `${ADDRESS}|(?![0-9.]+(?::|$))${LABEL}(?:\\.${LABEL})*\\.?`;
const PORT = "(?::[0-9]{1,5})?";

const hostForm = { type: "string", pattern: `^(?:${HOST})$` };
const hostPortForm = { type: "string", pattern: `^(?:${IPV6}|(?:${HOST})${PORT})$` };

/** A host with an optional port. IPv6 addresses have no brackets. */
export interface HostPort {
  readonly host: string;
  readonly port?: number;
}

/** An IPv4 or IPv6 address; brackets are removed. */
export function ipAddress(): z.ZodType<string> {
  return property("an IP address", (value) => typeof value === "string" ? addressOf(value) : undefined, {
    type: "string",
    pattern: `^(?:${ADDRESS})$`,
  });
}

/** An access control rule or local network: one address, `192.168.0.0/16`, or `192.168.1.0/255.255.255.0`. */
export function network(): z.ZodType<string> {
  const expected = "an IP address, a network such as 192.168.0.0/16, or one such as 192.168.0.0/255.255.0.0";
  return property(expected, (value) => typeof value === "string" && isNetwork(value) ? value : undefined, {
    type: "string",
    pattern: `^(?:${IPV4}(?:/(?:[0-9]|[12][0-9]|3[0-2]|${IPV4}))?|${IPV6}(?:/[0-9]{1,3})?)$`,
  });
}

/** The name or address of a host, in lower case. */
export function host(expected: string): z.ZodType<string> {
  return property(expected, (value) => typeof value === "string" ? hostOf(value) : undefined, hostForm);
}

/** A host with or without a port: `sip.provider.com:5080`, `[2001:db8::1]:5060`. */
export function hostPort(expected: string): z.ZodType<HostPort> {
  return property(
    expected,
    (value) => typeof value === "string" ? readHostPort(value) : undefined,
    hostPortForm,
  );
}

/** The address of a name server with an optional port, kept as written. */
export function nameServer(): z.ZodType<string> {
  return property("an IP address, with or without a port", (value) => {
    const host = typeof value === "string" ? readHostPort(value)?.host : undefined;
    return host !== undefined && addressOf(host) !== undefined ? value as string : undefined;
  }, { type: "string", pattern: `^(?:${IPV6}|(?:${ADDRESS})${PORT})$` });
}

/** A host with an optional port, kept as written. */
export function hostPortText(expected: string): z.ZodType<string> {
  return property(expected, (value) => {
    return typeof value === "string" && readHostPort(value) !== undefined ? value : undefined;
  }, hostPortForm);
}

function readHostPort(value: string): HostPort | undefined {
  const bare = addressOf(value);
  if (bare !== undefined) return { host: bare };
  const parts = HOST_PORT.exec(value);
  const name = parts === null ? undefined : hostOf(parts[1]);
  if (parts === null || name === undefined) return undefined;
  if (parts[2] === undefined) return { host: name };
  const port = Number(parts[2]);
  return port >= 1 && port <= 65535 ? { host: name, port } : undefined;
}

export function isNetwork(value: string): boolean {
  const [address, suffix, ...more] = value.split("/");
  if (more.length > 0 || addressOf(address) === undefined || address.startsWith("[")) return false;
  if (suffix === undefined) return true;
  const ipv4 = isIpv4(address);
  if (/^\d{1,3}$/.test(suffix)) return Number(suffix) <= (ipv4 ? 32 : 128);
  if (!ipv4 || !isIpv4(suffix)) return false;
  return ipaddr.IPv4.parse(suffix).prefixLengthFromSubnetMask() !== null;
}

function hostOf(value: string): string | undefined {
  const address = addressOf(value);
  if (address !== undefined) return address;
  // A name of digits and dots only is a mistyped address.
  return HOST_NAME.test(value) && !/^[\d.]+$/.test(value) ? value.toLowerCase() : undefined;
}

function addressOf(value: string): string | undefined {
  if (isIpv4(value)) return value;
  const bare = value.startsWith("[") && value.endsWith("]") ? value.slice(1, -1) : value;
  return bare.includes(":") && ipaddr.IPv6.isValid(bare) ? bare.toLowerCase() : undefined;
}

/** The pattern comes first because the library is slow to reject other texts. */
function isIpv4(value: string): boolean {
  return /^[\d.]+$/.test(value) && ipaddr.IPv4.isValidFourPartDecimal(value);
}
