import {
  bytesOf,
  closeOnce,
  type Endpoint,
  endpointOf,
  type Peer,
  type PeerListener,
  type PeerProtocol,
  socketHost,
  textOf,
} from "../transport_peers.ts";

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

  constructor(address: string, remote?: Endpoint) {
    this.#socket = Deno.listenDatagram({ transport: "udp", hostname: socketHost(address), port: 0 });
    ({ address: this.address, port: this.port } = endpointOf(this.#socket.addr));
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
