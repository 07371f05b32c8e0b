/** Whether a URI and a flow lead to the same place. */
import type { SipUri } from "../message/sip_uri.ts";
import { defaultPort, type Flow, type TransportProtocol } from "../transport/transport.ts";

/** Whether a URI, by its own address and port, leads to where the flow comes from: no NAT, no short-lived port. */
export function namesFlow(uri: SipUri, flow: Flow): boolean {
  const protocol =
    (uri.parameter("transport")?.toLowerCase() ?? (uri.secure ? "tls" : "udp")) as TransportProtocol;
  return uri.host === flow.remoteAddress && (uri.port ?? defaultPort(protocol)) === flow.remotePort;
}
