/** Creates the transport of a listener. */
import { logger } from "../runtime/log.ts";
import type { ConnectionLimits } from "./connection_limits.ts";
import { ConnectionTransport } from "./connection_transport.ts";
import { DenoUdpTransport } from "./deno_udp_transport.ts";
import { createSctpTransport } from "./linux/sctp_transport.ts";
import { LinuxTcpSockets } from "./linux/tcp_sockets.ts";
import { LinuxUdpTransport } from "./linux/udp_transport.ts";
import type { Sockets } from "./sockets.ts";
import { StreamCarrier } from "./stream_wire.ts";
import { TcpSockets } from "./tcp_sockets.ts";
import type { TlsContexts } from "./tls/tls_contexts.ts";
import { TlsSockets } from "./tls/tls_sockets.ts";
import type { Transport, TransportProtocol } from "./transport.ts";
import { WebSocketCarrier } from "./websocket/web_socket_carrier.ts";

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
    case "sctp":
      return createSctpTransport(listener, limits);
    case "tcp":
    case "ws":
      return createConnectionTransport(listener, limits);
    case "tls":
    case "wss":
      return createConnectionTransport(listener, limits, tls);
  }
}

/** Returns a transport over TCP, or with contexts over TLS: of SIP on a stream, or in a WebSocket (RFC 7118). */
export function createConnectionTransport(
  listener: ListenerAddress,
  limits: ConnectionLimits,
  tls?: TlsContexts,
): Transport {
  const { protocol } = listener;
  return new ConnectionTransport({
    ...listener,
    limits,
    sockets: tls ? new TlsSockets(tls) : createTcpSockets(),
    carrier: protocol === "ws" || protocol === "wss"
      ? new WebSocketCarrier(protocol, limits.maxMessageSize)
      : new StreamCarrier(limits),
    isKeyedByDomain: tls !== undefined,
  });
}

/** Returns the sockets of the receive loop where they run, else the portable ones. */
function createTcpSockets(): Sockets {
  try {
    return new LinuxTcpSockets();
  } catch {
    return new TcpSockets();
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
