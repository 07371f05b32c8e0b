/** The far ends of transports, made of raw Deno sockets: nothing here knows the code under test. */
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

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

function socketHost(address: string): string {
  return address.replace(/[[\]]/g, "");
}

function placeOf(local: Deno.Addr): Place {
  const { hostname, port } = local as Deno.NetAddr;
  return { address: hostname.includes(":") ? `[${hostname}]` : hostname, port };
}

/** Closes a socket that a test may have closed already. */
function closeOnce(socket: { close(): void }): void {
  try {
    socket.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

/** UDP: one socket is both who is spoken to and who speaks. */
export const udpPeers: PeerProtocol = {
  listen: (address) => new UdpPeer(address),
  connect: (to) => Promise.resolve(new UdpPeer(to.address, to)),
};

class UdpPeer implements Peer, PeerListener {
  readonly address: string;
  readonly port: number;
  readonly #socket: Deno.DatagramConn;
  readonly #received: string[] = [];
  #remote: Deno.NetAddr | undefined;

  constructor(address: string, remote?: Place) {
    this.#socket = Deno.listenDatagram({ transport: "udp", hostname: socketHost(address), port: 0 });
    ({ address: this.address, port: this.port } = placeOf(this.#socket.addr));
    if (remote) {
      this.#remote = { transport: "udp", hostname: socketHost(remote.address), port: remote.port };
    }
  }

  async accept(): Promise<Peer> {
    const [bytes, sender] = await this.#socket.receive();
    this.#received.push(textOf(bytes));
    this.#remote = sender as Deno.NetAddr;
    return this;
  }

  async write(text: string): Promise<void> {
    await this.#socket.send(bytesOf(text), this.#remote!);
  }

  async readMessage(): Promise<string | undefined> {
    const known = this.#received.shift();
    if (known !== undefined) return known;
    const [bytes] = await this.#socket.receive();
    return textOf(bytes);
  }

  close(): void {
    closeOnce(this.#socket);
  }
}

/** TCP. */
export const tcpPeers: PeerProtocol<StreamPeer> = {
  listen(address) {
    const listener = Deno.listen({ hostname: socketHost(address), port: 0 });
    return {
      ...placeOf(listener.addr),
      accept: async () => new TcpPeer(await listener.accept()),
      close: () => closeOnce(listener),
    };
  },
  async connect({ address, port }) {
    const connection = await Deno.connect({ hostname: socketHost(address), port });
    connection.setNoDelay(true);
    return new TcpPeer(connection);
  },
};

class TcpPeer implements StreamPeer {
  readonly address: string;
  readonly port: number;
  readonly #connection: Deno.Conn;
  readonly #chunk = new Uint8Array(65536);
  #buffer = "";

  constructor(connection: Deno.Conn) {
    ({ address: this.address, port: this.port } = placeOf(connection.localAddr));
    this.#connection = connection;
  }

  async write(text: string): Promise<void> {
    const bytes = bytesOf(text);
    for (let sent = 0; sent < bytes.length;) sent += await this.#connection.write(bytes.subarray(sent));
  }

  async readMessage(): Promise<string | undefined> {
    for (;;) {
      const head = /^[\s\S]*?\r\n\r\n/.exec(this.#buffer)?.[0];
      const body = Number(/\r\nContent-Length: (\d+)\r\n/.exec(head ?? "")?.[1] ?? 0);
      if (head !== undefined && this.#buffer.length >= head.length + body) {
        return this.#take(head.length + body);
      }
      if (!await this.#readMore()) return undefined;
    }
  }

  async readBytes(count: number): Promise<string> {
    while (this.#buffer.length < count && await this.#readMore());
    return this.#take(count);
  }

  closeWrite(): Promise<void> {
    return this.#connection.closeWrite();
  }

  close(): void {
    closeOnce(this.#connection);
  }

  #take(count: number): string {
    const taken = this.#buffer.slice(0, count);
    this.#buffer = this.#buffer.slice(count);
    return taken;
  }

  /** False when the other side has ended or reset the connection. */
  async #readMore(): Promise<boolean> {
    try {
      const count = await this.#connection.read(this.#chunk);
      if (count === null) return false;
      this.#buffer += textOf(this.#chunk.subarray(0, count));
      return true;
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.ConnectionAborted) {
        return false;
      }
      throw error;
    }
  }
}
