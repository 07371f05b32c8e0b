/** The flow of a device that registered at another node. */
import type { BindingFlow } from "../../location/binding.ts";
import type { FlowRecord, NodeRecord } from "../../location/binding_record.ts";
import { isReliable, nextFlowId, type TransportProtocol } from "../../transport/transport.ts";

/** Whether nodes are alive. */
export interface NodeLiveness {
  /** Whether any process serves at this address. */
  isAlive(address: string): boolean;
  /** Whether it is not this process that serves there, but a later one. */
  isOver(node: NodeRecord): boolean;
}

export class RemoteFlow implements BindingFlow {
  readonly id = nextFlowId();
  /** Not one of ours. */
  readonly isConnection = false;
  readonly protocol: TransportProtocol;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly node: NodeRecord;
  /** How the node finds it. */
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

  /** As far as it is known here; the node itself has the last word. */
  get isOpen(): boolean {
    const isOver = isReliable(this.protocol) && this.#liveness.isOver(this.node);
    return !isOver && this.#liveness.isAlive(this.node.address);
  }
}
