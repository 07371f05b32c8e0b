/** From URI to next hop (§16.6 step 7, RFC 3263 §4 as far as explicit ports and A/AAAA go). */
import type { SipUri } from "../../message/sip_uri.ts";
import { defaultPort, type TransportProtocol } from "../../transport/transport.ts";
import type { NextHop } from "../../transport/transport_layer.ts";

const PROTOCOLS: ReadonlySet<string> = new Set<TransportProtocol>(["udp", "tcp", "tls", "sctp", "ws", "wss"]);

/** The next hop a SIP URI names; undefined when its transport is unknown. `maddr` is not followed (RFC 3261 §19.1.1). */
export function nextHopOf(uri: SipUri): NextHop | undefined {
  const named = uri.parameter("transport")?.toLowerCase();
  if (named !== undefined && !PROTOCOLS.has(named)) return undefined;
  const protocol = secured(
    named === undefined ? "udp" : named as TransportProtocol,
    uri.secure,
    named === undefined,
  );
  return { protocol, host: uri.host, port: uri.port ?? defaultPort(protocol) };
}

/** `sips:` means TLS, whatever the transport parameter says (RFC 3263 §4.1, RFC 5630 §3.1.1). */
function secured(protocol: TransportProtocol, isSecure: boolean, isDefault: boolean): TransportProtocol {
  if (!isSecure) return protocol;
  if (protocol === "ws" || protocol === "wss") return "wss";
  return isDefault || protocol === "tcp" ? "tls" : protocol;
}
