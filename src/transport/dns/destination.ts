/** From where a URI points to where a request is sent (RFC 3263 §4). */
import type { TransportProtocol } from "../transport.ts";

/** What a URI says about where to send. */
export interface NextHop {
  /** A name or an address as in URIs: lower case, IPv6 in brackets. */
  readonly host: string;
  readonly port: number | undefined;
  readonly protocol: TransportProtocol | undefined;
  /** `sips:`. */
  readonly isSecure: boolean;
}

/** One place to try. */
export interface Destination {
  readonly protocol: TransportProtocol;
  /** As in URIs: IPv6 in brackets. */
  readonly address: string;
  readonly port: number;
  /** The host of the URI: what a certificate must be for (RFC 5922 §7.2). */
  readonly domain: string;
  /**
   * Chosen by the URI, by NAPTR or SRV records or by a secure scheme. False: a large request may go by TCP instead
   * (RFC 3261 §18.1.1).
   */
  readonly isTransportFixed: boolean;
}
