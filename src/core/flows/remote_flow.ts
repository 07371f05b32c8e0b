/** Flows to devices that registered at another node. */
import type { BindingFlow } from "../../location/binding.ts";
import type { FlowRecord, NodeRecord } from "../../location/binding_record.ts";
import { isReliable, nextFlowId, type TransportProtocol } from "../../transport/transport.ts";

export interface NodeLiveness {
  /** Reports whether any process serves at an address. */
  isAlive(address: string): boolean;
  /** Reports whether a later process has taken the place of a node. */
  isOver(node: NodeRecord): boolean;
}

export class RemoteFlow implements BindingFlow {
  readonly id = nextFlowId();
  /** False: no connection of this node. */
  readonly isConnection = false;
  readonly protocol: TransportProtocol;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly node: NodeRecord;
  /** The flow text by which the node finds the flow. */
  readonly token: string;
  readonly #liveness: NodeLiveness;

  constructor(record: FlowRecord, node: NodeRecord, liveness: NodeLiveness) {
    this.protocol = record.protocol as TransportProtocol;
    this.remoteAddress = record.remoteAddress;
    this.remotePort = record.remotePort;
    this.token = record.token;
    this.node = node;
    this.#liveness = liveness;
  }

  /** A guess: the node itself knows whether the flow is open. */
  get isOpen(): boolean {
    const isOver = isReliable(this.protocol) && this.#liveness.isOver(this.node);
    return !isOver && this.#liveness.isAlive(this.node.address);
  }
}
