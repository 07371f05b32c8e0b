/** The far ends of transports; those in `peers/` are raw sockets, independent of the code under test. */
import { Buffer } from "node:buffer";

/** The endpoint of a peer, IPv6 in brackets. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** One end of a conversation with the transport: a connection, or a datagram socket. */
export interface Peer extends Endpoint {
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
  /** Ends the sending direction, and goes on reading. */
  closeWrite(): Promise<void>;
}

/** An endpoint that the transport can connect or send to first. */
export interface PeerListener<Kind extends Peer = Peer> extends Endpoint {
  /** The next conversation that the transport begins. */
  accept(): Promise<Kind>;
  close(): void;
}

/** Peers of a protocol. */
export interface PeerProtocol<Kind extends Peer = Peer> {
  listen(address: string): PeerListener<Kind>;
  connect(to: Endpoint): Promise<Kind>;
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

export function endpointOf(local: Deno.Addr): Endpoint {
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
