/** Whether a URI and a flow lead to the same place. */
import type { SipUri } from "../../message/sip_uri.ts";
import { defaultPort, type Flow, type TransportProtocol } from "../../transport/transport.ts";

/** Whether a URI, by its own address and port, leads to where the flow comes from: no NAT, no short-lived port. */
export function namesFlow(uri: SipUri, flow: Flow): boolean {
  const protocol =
    (uri.parameter("transport")?.toLowerCase() ?? (uri.secure ? "tls" : "udp")) as TransportProtocol;
  return uri.nextHost === flow.remoteAddress && (uri.port ?? defaultPort(protocol)) === flow.remotePort;
}

/**
 * The port at which the device takes new connections when this one is closed (RFC 3261 §18.1.1): that of its Contact, if
 * that is at the address it came from, and not the port of the connection itself. Otherwise 0, and so by WebSocket.
 */
export function listeningPort(contact: SipUri, { protocol, remoteAddress, remotePort }: Flow): number {
  if (protocol !== "tcp" && protocol !== "tls" && protocol !== "sctp") return 0;
  const port = contact.port ?? defaultPort(protocol);
  return contact.host === remoteAddress && port !== remotePort ? port : 0;
}
