/** Which implementation serves a listener. */
import { DenoUdpTransport } from "./deno_udp_transport.ts";
import { LinuxUdpTransport } from "./linux/udp_transport.ts";
import { logger } from "../runtime/log.ts";
import { createTcpTransport } from "./tcp_transport.ts";
import type { Transport, TransportProtocol } from "./transport.ts";

/** Where to listen: address as in URIs, port 0 for any free one. */
export interface ListenerAddress {
  readonly protocol: TransportProtocol;
  readonly address: string;
  readonly port: number;
}

/** `spec.limits`. */
export interface TransportLimits {
  readonly maxStreamMessageSize: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  readonly idleTimeoutMillis: number;
  readonly messageTimeoutMillis: number;
}

/** Bytes that may wait for a peer that does not read. */
const MAX_UNSENT_BYTES = 1024 * 1024;
/** Bytes of messages that peers began and did not finish, per transport. */
const MAX_UNFINISHED_BYTES = 64 * 1024 * 1024;

/** A transport that is not listening yet. Throws for a protocol that is not served. */
export function createTransport(
  { protocol, address, port }: ListenerAddress,
  limits: TransportLimits,
): Transport {
  if (protocol === "udp") return createUdpTransport(address, port);
  if (protocol !== "tcp") {
    throw new Deno.errors.NotSupported(`Cannot serve ${protocol}: this version has udp and tcp`);
  }
  return createTcpTransport({ address, port }, {
    maxMessageSize: limits.maxStreamMessageSize,
    maxConnections: limits.maxConnections,
    maxConnectionsPerAddress: limits.maxConnectionsPerAddress,
    idleTimeout: limits.idleTimeoutMillis,
    messageTimeout: limits.messageTimeoutMillis,
    maxUnsentBytes: MAX_UNSENT_BYTES,
    maxUnfinishedBytes: MAX_UNFINISHED_BYTES,
  });
}

/** The batched transport where it runs, else its portable twin. */
function createUdpTransport(address: string, port: number): Transport {
  try {
    return new LinuxUdpTransport(address, port);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    logger("transport").info("UDP runs without batching: {reason}", { reason });
    return new DenoUdpTransport(address, port);
  }
}
