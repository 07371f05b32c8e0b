/** The next hop of a URI, and the destinations it leads to (RFC 3263 §4). */
import type { TransportProtocol } from "../transport.ts";

/** The next hop that a URI names. */
export interface NextHop {
  /** A name or an address in URI form: lower case, IPv6 in brackets. */
  readonly host: string;
  readonly port: number | undefined;
  readonly protocol: TransportProtocol | undefined;
  /** True for `sips:`. */
  readonly isSecure: boolean;
}

/** An endpoint to try. */
export interface Destination {
  readonly protocol: TransportProtocol;
  /** IPv6 in brackets. */
  readonly address: string;
  readonly port: number;
  /** The host of the URI, which a certificate must be for (RFC 5922 §7.2). */
  readonly domain: string;
  /**
   * True when the URI, its scheme or DNS has chosen the transport. Otherwise a large request may use TCP (§18.1.1).
   */
  readonly isTransportFixed: boolean;
}
