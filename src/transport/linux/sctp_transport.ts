/** SCTP (RFC 4168). */
import type { ConnectionLimits } from "../connection_limits.ts";
import { ConnectionTransport } from "../connection_transport.ts";
import { StreamCarrier } from "../stream_carrier.ts";
import { IPPROTO_SCTP, isNotification, SctpSockets } from "./sctp_sockets.ts";

/** A transport that is not listening yet. `protocol`: see `SctpSockets`. */
export function createSctpTransport(
  place: { address: string; port: number },
  limits: ConnectionLimits,
  protocol: number = IPPROTO_SCTP,
): ConnectionTransport {
  const isForeign = protocol === IPPROTO_SCTP ? isNotification : undefined;
  return new ConnectionTransport({
    ...place,
    protocol: "sctp",
    limits,
    sockets: new SctpSockets(protocol),
    carrier: new StreamCarrier({ limits, isMessageOriented: true, isForeign }),
    hasCertificates: false,
  });
}
