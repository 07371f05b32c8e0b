/** A transport without sockets: a test delivers messages, and reads sent ones at once. */
import {
  type Flow,
  nextFlowId,
  type Transport,
  type TransportEvents,
  type TransportProtocol,
} from "../../src/transport/transport.ts";

/** A transport that keeps what is sent, by destination. */
export class MemoryTransport implements Transport {
  readonly protocol: TransportProtocol;
  readonly address: string;
  readonly port: number;
  /** Addresses (`host:port`) to which sending fails. */
  readonly unreachable = new Set<string>();
  /** All flows, closed ones included. */
  readonly flows: MemoryFlow[] = [];
  #events: TransportEvents | undefined;

  constructor(protocol: TransportProtocol, address: string, port: number) {
    this.protocol = protocol;
    this.address = address;
    this.port = port;
  }

  listen(events: TransportEvents): Promise<void> {
    this.#events = events;
    return Promise.resolve();
  }

  flowTo(address: string, port: number): MemoryFlow {
    return this.#flow(address, port, false);
  }

  #flow(address: string, port: number, isInbound: boolean): MemoryFlow {
    const known = this.flows.find((flow) =>
      flow.isOpen && flow.remoteAddress === address && flow.remotePort === port
    );
    if (known) return known;
    const flow = new MemoryFlow(this, { address, port, isInbound });
    this.flows.push(flow);
    if (flow.isConnection) this.#events?.onFlowOpened(flow);
    return flow;
  }

  /** Delivers a message from an address. */
  receive(text: string, from: { address: string; port: number }): void {
    this.#events?.onMessage(text, this.#flow(from.address, from.port, true));
  }

  /** Closes the connection to this address. */
  closeConnection(address: string, port: number): void {
    const flow = this.flowTo(address, port);
    flow.isOpen = false;
    this.#events?.onFlowClosed(flow);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A flow that keeps what is sent until the test takes it. */
export class MemoryFlow implements Flow {
  readonly protocol: TransportProtocol;
  readonly id = nextFlowId();
  readonly isConnection: boolean;
  readonly isInbound: boolean;
  readonly transport: MemoryTransport;
  readonly remoteAddress: string;
  readonly remotePort: number;
  isOpen = true;
  isEstablished: boolean;
  /** Messages sent and not taken yet, oldest first. */
  readonly sent: string[] = [];

  constructor(transport: MemoryTransport, peer: { address: string; port: number; isInbound: boolean }) {
    this.transport = transport;
    this.protocol = transport.protocol;
    this.isConnection = transport.protocol !== "udp";
    this.isInbound = this.isConnection && peer.isInbound;
    this.isEstablished = this.isConnection && !peer.isInbound;
    this.remoteAddress = peer.address;
    this.remotePort = peer.port;
  }

  markEstablished(): void {
    this.isEstablished = true;
  }

  send(text: string, onFailure?: (reason: string) => void): void {
    if (!this.isOpen || this.transport.unreachable.has(`${this.remoteAddress}:${this.remotePort}`)) {
      return queueMicrotask(() => onFailure?.("Unreachable"));
    }
    this.sent.push(text);
  }
}
