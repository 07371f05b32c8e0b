import {
  bytesOf,
  closeOnce,
  endpointOf,
  type PeerProtocol,
  socketHost,
  type StreamPeer,
  textOf,
} from "../transport_peers.ts";

export const tcpPeers: PeerProtocol<StreamPeer> = {
  listen(address) {
    const listener = Deno.listen({ hostname: socketHost(address), port: 0 });
    return {
      ...endpointOf(listener.addr),
      accept: async () => new DenoStreamPeer(await listener.accept()),
      close: () => closeOnce(listener),
    };
  },
  async connect({ address, port }) {
    const connection = await Deno.connect({ hostname: socketHost(address), port });
    connection.setNoDelay(true);
    return new DenoStreamPeer(connection);
  },
};

/** SIP on a stream of Deno's, plain or TLS. */
export class DenoStreamPeer implements StreamPeer {
  readonly address: string;
  readonly port: number;
  readonly #connection: Deno.Conn;
  readonly #chunk = new Uint8Array(65536);
  #buffer = "";

  constructor(connection: Deno.Conn) {
    ({ address: this.address, port: this.port } = endpointOf(connection.localAddr));
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
      if (isEnd(error)) return false;
      throw error;
    }
  }
}

/** Reports whether an error means the end of the connection by the other side. */
export function isEnd(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.UnexpectedEof || error instanceof Deno.errors.BrokenPipe || isAlert(error);
}

/** A TLS alert of the other side. */
function isAlert(error: unknown): boolean {
  return error instanceof Deno.errors.InvalidData && error.message.includes("received fatal alert");
}
