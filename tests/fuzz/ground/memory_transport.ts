/** A transport without sockets for many messages: flows are found by a table, and whatever is sent is handed on at once. */
import {
  type Flow,
  nextFlowId,
  type Transport,
  type TransportEvents,
  type TransportProtocol,
} from "../../../src/transport/transport.ts";

export type SentHandler = (message: string, flow: Flow) => void;

export class FuzzTransport implements Transport {
  readonly protocol: TransportProtocol;
  readonly address = "127.0.0.1";
  readonly port: number;
  readonly onSent: SentHandler;
  readonly #flows = new Map<string, FuzzFlow>();
  #events: TransportEvents | undefined;

  constructor(protocol: TransportProtocol, port: number, onSent: SentHandler) {
    this.protocol = protocol;
    this.port = port;
    this.onSent = onSent;
  }

  listen(events: TransportEvents): Promise<void> {
    this.#events = events;
    return Promise.resolve();
  }

  flowTo(address: string, port: number): FuzzFlow {
    return this.#flow(address, port, false);
  }

  /** Lets bytes arrive as one message. */
  receive(text: string, address: string, port: number): void {
    this.#events?.onMessage(text, this.#flow(address, port, true));
  }

  /** Ends every connection; the transport can listen once more. */
  close(): Promise<void> {
    for (const flow of this.#flows.values()) flow.isOpen = !flow.isConnection;
    this.#flows.clear();
    return Promise.resolve();
  }

  #flow(address: string, port: number, isInbound: boolean): FuzzFlow {
    const key = `${address}:${port}`;
    const known = this.#flows.get(key);
    if (known) return known;
    const flow = new FuzzFlow(this, { address, port, isInbound });
    this.#flows.set(key, flow);
    if (flow.isConnection) this.#events?.onFlowOpened(flow);
    return flow;
  }
}

class FuzzFlow implements Flow {
  readonly protocol: TransportProtocol;
  readonly id = nextFlowId();
  readonly isConnection: boolean;
  readonly isInbound: boolean;
  readonly transport: FuzzTransport;
  readonly remoteAddress: string;
  readonly remotePort: number;
  isOpen = true;

  constructor(transport: FuzzTransport, peer: { address: string; port: number; isInbound: boolean }) {
    this.transport = transport;
    this.protocol = transport.protocol;
    this.isConnection = transport.protocol !== "udp";
    this.isInbound = this.isConnection && peer.isInbound;
    this.remoteAddress = peer.address;
    this.remotePort = peer.port;
  }

  send(text: string): void {
    this.transport.onSent(text, this);
  }
}
