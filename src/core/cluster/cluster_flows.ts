/** The flows of bindings that nodes share. */
import type { BindingRecord, FlowRecord, FlowRecords } from "../../location/binding_record.ts";
import { SipUri } from "../../message/sip_uri.ts";
import type { Flow } from "../../transport/transport.ts";
import type { TransportLayer } from "../../transport/transport_layer.ts";
import { UnreachableFlow } from "../../transport/unreachable_flow.ts";
import type { BoundFlow, OwnFlowRecords } from "../flows/bound_flow.ts";
import { namesFlow } from "../flows/flow_uri.ts";
import { type NodeLiveness, RemoteFlow } from "../flows/remote_flow.ts";

export interface ClusterFlowsParts {
  readonly own: OwnFlowRecords;
  readonly transport: TransportLayer;
  readonly liveness: NodeLiveness;
  /** The address of this node. */
  readonly address: string;
}

export class ClusterFlows implements FlowRecords<BoundFlow> {
  readonly #parts: ClusterFlowsParts;

  constructor(parts: ClusterFlowsParts) {
    this.#parts = parts;
  }

  /** Describes a flow of this node; throws a TypeError for others. */
  describe(flow: BoundFlow): FlowRecord {
    if (flow instanceof RemoteFlow) throw new TypeError("Cannot describe a flow of another node");
    return this.#parts.own.describe(flow);
  }

  find(record: BindingRecord): BoundFlow | undefined {
    const { own, address, liveness } = this.#parts;
    const { node } = record;
    if (node === undefined || node.address === address) return own.find(record);
    const direct = this.#direct(record);
    if (direct !== undefined) return direct;
    const flow = new RemoteFlow(record.flow, node, liveness);
    // A connection of a dead node is lost.
    const isLost = flow.protocol !== "udp" && (liveness.isOver(node) || !liveness.isAlive(node.address));
    return isLost ? undefined : flow;
  }

  /** Returns a flow of this node to a device that any node can reach: without NAT or a connection of the other node. */
  #direct({ contact, flow, listensAt, isLocated }: BindingRecord): Flow | undefined {
    const { transport } = this.#parts;
    const listening = transport.transports.find(({ protocol }) => protocol === flow.protocol);
    if (listening === undefined) return undefined;
    const { remoteAddress, remotePort } = flow;
    if (isLocated || listensAt > 0) {
      return new UnreachableFlow(listening, {
        address: remoteAddress,
        port: remotePort,
        reason: "Not Connected",
      });
    }
    if (flow.protocol !== "udp") return undefined;
    const uri = SipUri.parse(contact);
    const destination = { protocol: "udp", address: remoteAddress, port: remotePort } as const;
    const own = transport.flowTo({ ...destination, domain: remoteAddress, isTransportFixed: true });
    return own && uri && namesFlow(uri, own) ? own : undefined;
  }
}
