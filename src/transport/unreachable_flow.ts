/** A flow to an unreachable address: every message fails, as on a broken connection. */
import { type Flow, nextFlowId, type Transport, type TransportProtocol } from "./transport.ts";

export class UnreachableFlow implements Flow {
  readonly protocol: TransportProtocol;
  readonly id = nextFlowId();
  readonly isOpen = false;
  readonly isConnection = false;
  readonly isInbound = false;
  readonly transport: Transport;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly #reason: string;

  constructor(transport: Transport, endpoint: { address: string; port: number; reason: string }) {
    this.transport = transport;
    this.protocol = transport.protocol;
    this.remoteAddress = endpoint.address;
    this.remotePort = endpoint.port;
    this.#reason = endpoint.reason;
  }

  send(_text: string, onFailure?: (reason: string) => void): void {
    if (onFailure) queueMicrotask(() => onFailure(this.#reason));
  }
}
