/** Creates the transport of a listener. */
import { logger } from "../runtime/log.ts";
import type { ConnectionLimits } from "./connection_limits.ts";
import { DenoUdpTransport } from "./deno_udp_transport.ts";
import { createSctpTransport } from "./linux/sctp_transport.ts";
import { LinuxUdpTransport } from "./linux/udp_transport.ts";
import { createTcpTransport } from "./tcp_transport.ts";
import type { TlsContexts } from "./tls/tls_contexts.ts";
import { createTlsTransport } from "./tls/tls_transport.ts";
import type { Transport, TransportProtocol } from "./transport.ts";
import { createWebSocketTransport } from "./websocket/web_socket_transport.ts";

/** An endpoint to listen at: the address in URI form, port 0 for any free one. */
export interface ListenerAddress {
  readonly protocol: TransportProtocol;
  readonly address: string;
  readonly port: number;
}

/** The settings that all transports of a server share. */
export interface TransportOptions {
  readonly limits: ConnectionLimits;
  readonly tls: TlsContexts;
}

/** Returns a transport that is not listening yet. Throws when the platform cannot serve the protocol. */
export function createTransport(listener: ListenerAddress, { limits, tls }: TransportOptions): Transport {
  switch (listener.protocol) {
    case "udp":
      return createUdpTransport(listener.address, listener.port);
    case "tcp":
      return createTcpTransport(listener, limits);
    case "tls":
      return createTlsTransport(listener, limits, tls);
    case "sctp":
      return createSctpTransport(listener, limits);
    case "ws":
      return createWebSocketTransport(listener, limits);
    case "wss":
      return createWebSocketTransport(listener, limits, tls);
  }
}

/** Returns the batched transport where it runs, else the portable one. */
function createUdpTransport(address: string, port: number): Transport {
  try {
    return new LinuxUdpTransport(address, port);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    logger("transport").info("UDP runs without batching: {reason}", { reason });
    return new DenoUdpTransport(address, port);
  }
}
