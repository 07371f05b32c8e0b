/** UDP by `Deno.listenDatagram`, for systems without the Linux transport. */
import { Buffer } from "node:buffer";
import { systemClock } from "../runtime/clock.ts";
import { BoundedMap } from "../runtime/bounded_map.ts";
import { toSocketHost, toUriHost } from "../runtime/ip/ip_address.ts";
import { ESTABLISHED_MS, type Flow, nextFlowId, type Transport, type TransportEvents } from "./transport.ts";

/** Flows remembered; others are made again on demand. */
const MAX_FLOWS = 65536;
const MAX_DATAGRAM = 65507;

/** One UDP socket. */
export class DenoUdpTransport implements Transport {
  readonly protocol = "udp";
  readonly address: string;
  #port: number;
  #socket: Deno.DatagramConn | undefined;
  #loop: Promise<void> | undefined;
  readonly #flows = new BoundedMap<string, DenoUdpFlow>(MAX_FLOWS);

  constructor(address: string, port: number) {
    this.address = address;
    this.#port = port;
  }

  get port(): number {
    return this.#port;
  }

  // deno-lint-ignore require-await
  async listen(events: TransportEvents): Promise<void> {
    const hostname = toSocketHost(this.address);
    this.#socket = Deno.listenDatagram({ transport: "udp", hostname, port: this.#port });
    this.#port = (this.#socket.addr as Deno.NetAddr).port;
    this.#loop = this.#receive(events);
  }

  async close(): Promise<void> {
    this.#socket?.close();
    this.#socket = undefined;
    await this.#loop;
  }

  flowTo(address: string, port: number): Flow {
    const key = `${address}:${port}`;
    const known = this.#flows.get(key);
    if (known) return known;
    const flow = new DenoUdpFlow(this, address, port);
    this.#flows.set(key, flow);
    return flow;
  }

  /** @internal */
  async transmit(bytes: Uint8Array, address: Deno.NetAddr): Promise<void> {
    if (!this.#socket) throw new Deno.errors.BadResource("Socket is closed");
    if (bytes.length > MAX_DATAGRAM) throw new RangeError("Datagram is too large");
    await this.#socket.send(bytes, address);
  }

  async #receive(events: TransportEvents): Promise<void> {
    const socket = this.#socket;
    while (socket && this.#socket === socket) {
      let received: [Uint8Array, Deno.Addr];
      try {
        received = await socket.receive();
      } catch {
        // A closed socket ends the loop; other errors concern one datagram.
        continue;
      }
      const [bytes, sender] = received;
      const { hostname, port } = sender as Deno.NetAddr;
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
      events.onMessage(text, this.flowTo(toUriHost(hostname), port));
    }
  }
}

class DenoUdpFlow implements Flow {
  readonly protocol = "udp";
  readonly id = nextFlowId();
  readonly isOpen = true;
  readonly isConnection = false;
  readonly isInbound = false;
  readonly transport: DenoUdpTransport;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly #address: Deno.NetAddr;
  #establishedAt = -Infinity;

  constructor(transport: DenoUdpTransport, remoteAddress: string, remotePort: number) {
    this.transport = transport;
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
    this.#address = { transport: "udp", hostname: toSocketHost(remoteAddress), port: remotePort };
  }

  get isEstablished(): boolean {
    return systemClock.now() - this.#establishedAt < ESTABLISHED_MS;
  }

  markEstablished(): void {
    this.#establishedAt = systemClock.now();
  }

  send(text: string, onFailure?: (reason: string) => void): void {
    this.transport.transmit(Buffer.from(text, "latin1"), this.#address)
      .catch((error: Error) => onFailure?.(error.message));
  }
}
