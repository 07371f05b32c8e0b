/** SCTP (RFC 4168). */
import type { ConnectionLimits } from "../connection_limits.ts";
import { ConnectionTransport } from "../connection_transport.ts";
import { StreamCarrier } from "../stream_wire.ts";
import { IPPROTO_SCTP, SctpSockets } from "./sctp_sockets.ts";

/**
 * Returns a transport that is not listening yet.
 * @param protocol as in `SctpSockets`
 */
export function createSctpTransport(
  endpoint: { address: string; port: number },
  limits: ConnectionLimits,
  protocol: number = IPPROTO_SCTP,
): ConnectionTransport {
  return new ConnectionTransport({
    ...endpoint,
    protocol: "sctp",
    limits,
    sockets: new SctpSockets(protocol),
    carrier: new StreamCarrier(limits),
    isKeyedByDomain: false,
  });
}
