/** From URI to next hop (§16.6 step 7, RFC 3263 §4). */
import type { SipUri } from "../../message/sip_uri.ts";
import type { NextHop } from "../../transport/dns/destination.ts";
import type { TransportProtocol } from "../../transport/transport.ts";

const PROTOCOLS: ReadonlySet<string> = new Set<TransportProtocol>(["udp", "tcp", "tls", "sctp", "ws", "wss"]);

/** The next hop that a SIP URI names; undefined when its transport is unknown. */
export function nextHopOf(uri: SipUri): NextHop | undefined {
  const protocol = uri.parameter("transport")?.toLowerCase();
  if (protocol !== undefined && !PROTOCOLS.has(protocol)) return undefined;
  return {
    host: uri.nextHost,
    port: uri.port,
    protocol: protocol as TransportProtocol | undefined,
    isSecure: uri.secure,
  };
}
