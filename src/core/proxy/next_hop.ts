/** From URI to next hop (§16.6 step 7, RFC 3263 §4). */
import { isHost } from "../../message/via.ts";
import type { SipUri } from "../../message/sip_uri.ts";
import type { NextHop } from "../../transport/dns/destination.ts";
import type { TransportProtocol } from "../../transport/transport.ts";

const PROTOCOLS: ReadonlySet<string> = new Set<TransportProtocol>(["udp", "tcp", "tls", "sctp", "ws", "wss"]);

/** The next hop that a SIP URI names; undefined when its transport is unknown. `maddr` goes before the host (§19.1.1). */
export function nextHopOf(uri: SipUri): NextHop | undefined {
  const protocol = uri.parameter("transport")?.toLowerCase();
  if (protocol !== undefined && !PROTOCOLS.has(protocol)) return undefined;
  const maddr = uri.parameter("maddr")?.toLowerCase();
  return {
    host: maddr !== undefined && maddr !== "" && isHost(maddr) ? maddr : uri.host,
    port: uri.port,
    protocol: protocol as TransportProtocol | undefined,
    isSecure: uri.secure,
  };
}
