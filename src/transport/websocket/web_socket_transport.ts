/** WebSocket (RFC 7118), plain and over TLS. */
import type { ConnectionLimits } from "../connection_limits.ts";
import { ConnectionTransport } from "../connection_transport.ts";
import { TcpSockets } from "../tcp_sockets.ts";
import type { TlsContexts } from "../tls/tls_contexts.ts";
import { TlsSockets } from "../tls/tls_sockets.ts";
import { WebSocketCarrier } from "./web_socket_carrier.ts";

/** Returns a transport that is not listening yet: `wss` with contexts, `ws` without. */
export function createWebSocketTransport(
  endpoint: { address: string; port: number },
  limits: ConnectionLimits,
  contexts?: TlsContexts,
): ConnectionTransport {
  const protocol = contexts ? "wss" : "ws";
  return new ConnectionTransport({
    ...endpoint,
    protocol,
    limits,
    sockets: contexts ? new TlsSockets(contexts) : new TcpSockets(),
    carrier: new WebSocketCarrier(protocol, limits.maxMessageSize),
    isKeyedByDomain: contexts !== undefined,
  });
}
