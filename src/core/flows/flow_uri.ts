/** Comparison of URIs and flows. */
import type { SipUri } from "../../message/sip_uri.ts";
import { defaultPort, type Flow, type TransportProtocol } from "../../transport/transport.ts";

/** Reports whether a URI has the remote address and port of a flow: there is neither a NAT nor a short-lived port. */
export function namesFlow(uri: SipUri, flow: Flow): boolean {
  const protocol =
    (uri.parameter("transport")?.toLowerCase() ?? (uri.secure ? "tls" : "udp")) as TransportProtocol;
  return uri.nextHost === flow.remoteAddress && (uri.port ?? defaultPort(protocol)) === flow.remotePort;
}

/**
 * Returns the port at which a device takes new connections when this one is closed (§18.1.1): the port of its Contact, if
 * the Contact has the source address and another port than the connection. Returns 0 otherwise, and for WebSocket.
 */
export function listeningPort(contact: SipUri, { protocol, remoteAddress, remotePort }: Flow): number {
  if (protocol !== "tcp" && protocol !== "tls" && protocol !== "sctp") return 0;
  const port = contact.port ?? defaultPort(protocol);
  return contact.host === remoteAddress && port !== remotePort ? port : 0;
}
