/** Where the sockets of connections come from: plain TCP, TLS, SCTP. */
import type net from "node:net";

/** A socket that can be read and written. */
export interface ReadySocket {
  readonly socket: net.Socket;
  /** The names in the peer's certificate, when it has one that was found good. */
  readonly peerNames?: readonly string[];
}

/** What becomes of an attempt to connect: one of the two is called, once. */
export interface ConnectEvents {
  onReady(ready: ReadySocket): void;
  onFailure(reason: string): void;
}

/** A peer that was let in. A handshake may follow; when that fails, its socket ends. */
export interface IncomingConnection {
  onReady(ready: ReadySocket): void;
}

/** What a listening socket tells. */
export interface ListenEvents {
  /** A peer has connected. Undefined when there is no room for it: its socket is destroyed already. */
  onConnection(socket: net.Socket): IncomingConnection | undefined;
  /** Something went wrong that is no fault of ours. */
  onViolation(reason: string): void;
}

/** One kind of socket. */
export interface Sockets {
  /** Binds and accepts; resolves with the port. Rejects when the address cannot be bound. */
  listen(place: { address: string; port: number }, events: ListenEvents): Promise<number>;
  /** Connects; `domain` is what a certificate has to be for. Returns how to give up. */
  connect(place: { address: string; port: number; domain?: string }, events: ConnectEvents): () => void;
  /** Accepts no more. Open sockets stay open. */
  close(): Promise<void>;
}
