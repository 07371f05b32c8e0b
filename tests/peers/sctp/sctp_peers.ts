// The far ends of the SCTP transport, for the contract suite.

import {
  bytesOf,
  type Endpoint,
  type PeerProtocol,
  socketHost,
  type StreamPeer,
  textOf,
} from "../../contract/transport_peers.ts";
import { SctpSocket } from "./sctp_socket.ts";

/** Bytes in one message, when the suite writes more than a socket takes in one. */
const LARGEST_PIECE = 60_000;

export const sctpPeers: PeerProtocol<StreamPeer> = {
  listen(address) {
    const socket = SctpSocket.listen(socketHost(address));
    return {
      ...endpointOf(socket),
      accept: async () => new SctpPeer(await socket.accept()),
      close: () => socket.close(),
    };
  },
  async connect({ address, port }) {
    return new SctpPeer(await SctpSocket.connect({ address: socketHost(address), port }));
  },
};

class SctpPeer implements StreamPeer {
  readonly address: string;
  readonly port: number;
  readonly #socket: SctpSocket;
  readonly #chunk = new Uint8Array(65_536);
  #buffer = "";

  constructor(socket: SctpSocket) {
    ({ address: this.address, port: this.port } = endpointOf(socket));
    this.#socket = socket;
  }

  async write(text: string): Promise<void> {
    for (let at = 0; at < text.length; at += LARGEST_PIECE) {
      await this.#socket.send(Uint8Array.from(bytesOf(text.slice(at, at + LARGEST_PIECE))));
    }
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

  /** An SCTP association has no half-open state (RFC 9260 §1.5.1): who will send nothing more just stays silent. */
  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.#socket.close();
  }

  #take(count: number): string {
    const taken = this.#buffer.slice(0, count);
    this.#buffer = this.#buffer.slice(count);
    return taken;
  }

  /** False when the association has ended. */
  async #readMore(): Promise<boolean> {
    const bytes = await this.#socket.receive(this.#chunk);
    if (bytes) this.#buffer += textOf(bytes);
    return bytes !== undefined;
  }
}

function endpointOf({ local: { address, port } }: SctpSocket): Endpoint {
  return { address: address.includes(":") ? `[${address}]` : address, port };
}
