import type { Clock } from "../runtime/clock.ts";
import type { OpenSockets } from "./open_sockets.ts";

/** Bounds on what the connections of one transport can make us keep (`spec.limits`). */
export interface ConnectionLimits {
  /** Bytes of one message. */
  readonly maxMessageSize: number;
  /** Bytes of the head of one. */
  readonly maxHeadSize: number;
  /** Open connections, of all transports that share `total`. */
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  /** Milliseconds without traffic after which a connection is closed. */
  readonly idleTimeout: number;
  /** Milliseconds a peer has to finish a message it began, and to connect, handshakes included. */
  readonly messageTimeout: number;
  /** Bytes that may wait for a peer that does not read. */
  readonly maxUnsentBytes: number;
  /** Bytes that may wait for all peers of the transport together; beyond them, who reads least is cut off. */
  readonly maxTotalUnsentBytes: number;
  /** Bytes of unfinished messages, all connections of the transport together. */
  readonly maxUnfinishedBytes: number;
  /** The machine's own clock when it is left out. */
  readonly clock?: Clock;
  /** The sockets of all transports that share the limit; a transport without it counts its own. */
  readonly total?: OpenSockets;
  /** Whether an address (as flows have it) is denied access and was told: its connections are closed. */
  readonly isRefused?: (address: string) => boolean;
}
