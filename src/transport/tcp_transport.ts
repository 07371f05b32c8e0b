/** TCP (§18.2, §18.3), over node:net. */
import type { Buffer } from "node:buffer";
import net from "node:net";
import { toSocketHost, toUriHost } from "./ip_address.ts";
import { StreamFlow, type StreamLimits, type UnfinishedBytes } from "./stream_flow.ts";
import type { Flow, Transport, TransportEvents } from "./transport.ts";
import { UnreachableFlow } from "./unreachable_flow.ts";

/** A listening TCP socket and the connections made by and to it. */
export class TcpTransport implements Transport {
  readonly protocol = "tcp";
  readonly address: string;
  readonly #limits: StreamLimits;
  readonly #connections = new Map<string, StreamFlow>();
  readonly #perAddress = new Map<string, number>();
  readonly #unfinished: UnfinishedBytes = { total: 0 };
  #port: number;
  #server: net.Server | undefined;
  #events: TransportEvents | undefined;

  constructor(address: string, port: number, limits: StreamLimits) {
    this.address = address;
    this.#port = port;
    this.#limits = limits;
  }

  get port(): number {
    return this.#port;
  }

  /** Connections that are open now. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  listen(events: TransportEvents): Promise<void> {
    this.#events = events;
    const server = net.createServer({ noDelay: true }, (socket) => this.#accept(socket));
    this.#server = server;
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host: toSocketHost(this.address), port: this.#port, backlog: 1024 }, () => {
        server.off("error", reject);
        server.on("error", (error) => events.onViolation(`Cannot accept: ${error.message}`, undefined));
        this.#port = (server.address() as net.AddressInfo).port;
        resolve();
      });
    });
  }

  flowTo(address: string, port: number): Flow {
    const known = this.#connections.get(`${address}:${port}`);
    if (known?.isOpen) return known;
    const reason = this.#refusal(address);
    if (reason !== undefined) return new UnreachableFlow(this, { address, port, reason });
    const socket = net.connect({ host: toSocketHost(address), port, noDelay: true });
    return this.#adopt(socket, { address, port, isInbound: false });
  }

  async close(): Promise<void> {
    for (const flow of this.#connections.values()) flow.end("Server stops");
    const server = this.#server;
    this.#server = undefined;
    if (server) await new Promise((resolve) => server.close(resolve));
  }

  #accept(socket: net.Socket): void {
    // A peer that resets at once leaves a socket without remote address.
    if (socket.remoteAddress === undefined || socket.remotePort === undefined) return void socket.destroy();
    const address = toUriHost(socket.remoteAddress);
    const reason = this.#refusal(address);
    if (reason === undefined) {
      return void this.#adopt(socket, { address, port: socket.remotePort, isInbound: true });
    }
    this.#events?.onViolation(reason, undefined);
    socket.destroy();
  }

  /** Why no further connection may be made with this address; undefined when it may. */
  #refusal(address: string): string | undefined {
    const { maxConnections, maxConnectionsPerAddress } = this.#limits;
    if (!this.#server) return "Transport is closed";
    if (this.#connections.size >= maxConnections) return "Too many connections";
    if ((this.#perAddress.get(address) ?? 0) < maxConnectionsPerAddress) return undefined;
    return `Too many connections with ${address}`;
  }

  #adopt(socket: net.Socket, peer: { address: string; port: number; isInbound: boolean }): StreamFlow {
    const flow = new StreamFlow(this, {
      ...peer,
      socket,
      unfinished: this.#unfinished,
      limits: this.#limits,
      events: this.#events!,
    });
    const key = `${peer.address}:${peer.port}`;
    this.#connections.set(key, flow);
    this.#events?.onFlowOpened(flow);
    this.#perAddress.set(peer.address, (this.#perAddress.get(peer.address) ?? 0) + 1);
    socket.on("data", (chunk: Buffer) => flow.receive(chunk.toString("latin1")));
    socket.on("connect", () => flow.connected());
    socket.on("error", (error: Error) => flow.end(error.message));
    socket.on("close", () => {
      flow.closed();
      if (this.#connections.get(key) === flow) this.#connections.delete(key);
      const left = (this.#perAddress.get(peer.address) ?? 1) - 1;
      if (left > 0) this.#perAddress.set(peer.address, left);
      else this.#perAddress.delete(peer.address);
    });
    return flow;
  }
}
