import type { Clock } from "../runtime/clock.ts";
import type { OpenSockets } from "./open_sockets.ts";

/** Bounds on the connections of a transport (`spec.limits`), and what transports share. */
export interface ConnectionLimits {
  /** Bytes of a message. */
  readonly maxMessageSize: number;
  /** Bytes of the head of a message. */
  readonly maxHeadSize: number;
  /** Open connections of all transports that share `total`. */
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  /** Milliseconds without traffic after which a connection is closed. */
  readonly idleTimeout: number;
  /** Milliseconds for a whole message, and for connecting, handshakes included. */
  readonly messageTimeout: number;
  /** Unsent bytes of a connection. */
  readonly maxUnsentBytes: number;
  /** Unsent bytes of all connections together; beyond, the peer that has not read for longest is cut off. */
  readonly maxTotalUnsentBytes: number;
  /** Bytes of unfinished messages of all connections together. */
  readonly maxUnfinishedBytes: number;
  /** The machine's own clock when it is left out. */
  readonly clock?: Clock;
  /** The sockets of all transports that share `maxConnections`; without it, a transport counts its own. */
  readonly total?: OpenSockets;
  /** Reports whether an address is denied access and was told, so that its connections are closed. */
  readonly isRefused?: (address: string) => boolean;
}
