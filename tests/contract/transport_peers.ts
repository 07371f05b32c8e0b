/** What the far ends of transports are; those in `peers/` are made of raw sockets and know nothing of the code under test. */
import { Buffer } from "node:buffer";

/** Where a peer is, or has to go; IPv6 in brackets. */
export interface Place {
  readonly address: string;
  readonly port: number;
}

/** One end of a conversation with the transport: a connection, or a datagram socket. */
export interface Peer extends Place {
  /** Sends bytes, one a character. For datagrams and WebSocket frames this is one message. */
  write(text: string): Promise<void>;
  /** The next whole message; undefined when the connection has ended. */
  readMessage(): Promise<string | undefined>;
  close(): void;
}

/** A connection of a byte stream. */
export interface StreamPeer extends Peer {
  /** The next `count` bytes, fewer when the connection ends before. */
  readBytes(count: number): Promise<string>;
  /** Says that nothing more will be sent, and goes on reading. */
  closeWrite(): Promise<void>;
}

/** A place that the transport can send to without having been spoken to. */
export interface PeerListener<Kind extends Peer = Peer> extends Place {
  /** The next conversation that the transport begins. */
  accept(): Promise<Kind>;
  close(): void;
}

/** What a protocol looks like from outside. */
export interface PeerProtocol<Kind extends Peer = Peer> {
  listen(address: string): PeerListener<Kind>;
  connect(to: Place): Promise<Kind>;
}

export function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

export function socketHost(address: string): string {
  return address.replace(/[[\]]/g, "");
}

export function placeOf(local: Deno.Addr): Place {
  const { hostname, port } = local as Deno.NetAddr;
  return { address: hostname.includes(":") ? `[${hostname}]` : hostname, port };
}

/** Closes a socket that a test may have closed already. */
export function closeOnce(socket: { close(): void }): void {
  try {
    socket.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
