/** Phones on any address of 127.0.0.0/8, for a server that tells peers apart by theirs. */
import {
  bytesOf,
  closeOnce,
  type Endpoint,
  endpointOf,
  type Peer,
  textOf,
} from "../../contract/transport_peers.ts";
import { WirePhone } from "../matrix/wire_phone.ts";

/** A phone on a UDP socket at `address` that talks to `server`. */
export function phoneAt(address: string, server: Endpoint, user: string): WirePhone {
  const way = { protocol: "udp", address: "127.0.0.1" } as const;
  return WirePhone.accepted(new LoopbackPeer(address, server), server, { user, way });
}

class LoopbackPeer implements Peer {
  readonly address: string;
  readonly port: number;
  readonly #socket: Deno.DatagramConn;
  readonly #server: Deno.NetAddr;

  constructor(address: string, server: Endpoint) {
    this.#socket = Deno.listenDatagram({ transport: "udp", hostname: address, port: 0 });
    ({ address: this.address, port: this.port } = endpointOf(this.#socket.addr));
    this.#server = { transport: "udp", hostname: server.address, port: server.port };
  }

  async write(text: string): Promise<void> {
    await this.#socket.send(bytesOf(text), this.#server);
  }

  async readMessage(): Promise<string> {
    const [bytes] = await this.#socket.receive();
    return textOf(bytes);
  }

  close(): void {
    closeOnce(this.#socket);
  }
}
