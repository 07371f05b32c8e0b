/** TCP (§18). */
import type { ConnectionLimits } from "./connection_limits.ts";
import { ConnectionTransport } from "./connection_transport.ts";
import { StreamCarrier } from "./stream_carrier.ts";
import { TcpSockets } from "./tcp_sockets.ts";

/** Returns a transport that is not listening yet. */
export function createTcpTransport(
  endpoint: { address: string; port: number },
  limits: ConnectionLimits,
): ConnectionTransport {
  return new ConnectionTransport({
    ...endpoint,
    protocol: "tcp",
    limits,
    sockets: new TcpSockets(),
    carrier: new StreamCarrier({ limits, isMessageOriented: false }),
    isKeyedByDomain: false,
  });
}
