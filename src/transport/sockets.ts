/** Kinds of sockets for connections: TCP, TLS, SCTP. */
import type { ByteStream } from "./byte_stream.ts";

/** A stream after all handshakes. */
export interface ReadyStream {
  readonly stream: ByteStream;
  /** The names in the valid certificate of the peer. */
  readonly peerNames?: readonly string[];
}

/** The result of an attempt to connect; one call. */
export interface ConnectEvents {
  onReady(ready: ReadyStream): void;
  onFailure(reason: string): void;
}

/** An accepted peer. When its handshake fails, its socket ends. */
export interface IncomingConnection {
  onReady(ready: ReadyStream): void;
}

/** Events of a listening socket. */
export interface ListenEvents {
  /** A peer has connected. Returns undefined after destroying the stream of one that is not admitted. */
  onConnection(stream: ByteStream): IncomingConnection | undefined;
  /** A peer or the system has caused an error. */
  onViolation(reason: string): void;
}

/** A kind of sockets. */
export interface Sockets {
  /** Binds and accepts; resolves with the port. Rejects when the address cannot be bound. */
  listen(endpoint: { address: string; port: number }, events: ListenEvents): Promise<number>;
  /** Connects; the certificate must be for `domain`. Returns a function that gives up. */
  connect(endpoint: { address: string; port: number; domain?: string }, events: ConnectEvents): () => void;
  /** Stops accepting. Open sockets stay open. */
  close(): Promise<void>;
}
