/** Selects the services of a domain that a request may use (RFC 3263 §4.1, RFC 3403 §4.1, RFC 7118 §5). */
import type { TransportProtocol } from "../transport.ts";
import type { NaptrRecord } from "./record.ts";

const PROTOCOLS: ReadonlyMap<string, TransportProtocol> = new Map([
  ["SIP+D2U", "udp"],
  ["SIP+D2T", "tcp"],
  ["SIP+D2S", "sctp"],
  ["SIP+D2W", "ws"],
  ["SIPS+D2T", "tls"],
  ["SIPS+D2W", "wss"],
]);

/** A service that a NAPTR record names. */
export interface Service {
  readonly order: number;
  /** The name of its SRV records. */
  readonly name: string;
  readonly protocol: TransportProtocol;
}

/**
 * Returns the services that the records lead to, in their order, without those that are not served and, for `sips:`,
 * those without TLS. `SIPS+D2S`, TLS over SCTP, is never served.
 */
export function selectServices(
  records: readonly NaptrRecord[],
  isSecure: boolean,
  serves: (protocol: TransportProtocol) => boolean,
): readonly Service[] {
  return records.flatMap(({ order, flags, service, regexp, replacement }) => {
    const protocol = PROTOCOLS.get(service.toUpperCase());
    if (protocol === undefined || !serves(protocol)) return [];
    if (isSecure && protocol !== "tls" && protocol !== "wss") return [];
    const leadsToServers = flags.toLowerCase() === "s" && regexp === "" && replacement !== ".";
    return leadsToServers ? [{ order, name: replacement, protocol }] : [];
  });
}

/** Returns the label of the SRV records of a protocol; undefined when there is none. */
export function serviceLabel(protocol: TransportProtocol): string | undefined {
  return LABELS.get(protocol);
}

const LABELS: ReadonlyMap<TransportProtocol, string> = new Map([
  ["udp", "_sip._udp"],
  ["tcp", "_sip._tcp"],
  ["sctp", "_sip._sctp"],
  ["tls", "_sips._tcp"],
]);
