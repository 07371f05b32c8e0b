/** Flows to registered devices, and their records. */
import type { BindingRecord, FlowRecord, FlowRecords } from "../../location/binding_record.ts";
import { type Flow, isReliable, type Transport } from "../../transport/transport.ts";
import { UnreachableFlow } from "../../transport/unreachable_flow.ts";
import type { RemoteFlow } from "./remote_flow.ts";
import type { FlowTexts } from "./flow_text.ts";

/** A flow of this node or of another one. */
export type BoundFlow = Flow | RemoteFlow;

export interface OwnFlowRecordsParts {
  readonly transport: { readonly transports: readonly Transport[] };
  readonly texts: FlowTexts;
}

/** Records of the flows of this node. */
export class OwnFlowRecords implements FlowRecords<Flow> {
  readonly #parts: OwnFlowRecordsParts;
  readonly #endpoints = new WeakMap<Transport, string>();

  constructor(parts: OwnFlowRecordsParts) {
    this.#parts = parts;
  }

  describe(flow: Flow): FlowRecord {
    const { protocol, remoteAddress, remotePort, transport, domain } = flow;
    const local = this.#endpointOf(transport);
    const token = this.#parts.texts.textOf(flow);
    if (domain === undefined) return { protocol, local, remoteAddress, remotePort, token };
    return { protocol, local, remoteAddress, remotePort, domain, token };
  }

  /** Finds the flow of a record. A closed connection stands for a device that takes new ones. */
  find({ flow, listensAt, isLocated }: BindingRecord): Flow | undefined {
    const { protocol, local, remoteAddress, remotePort, token } = flow;
    const transport = this.#parts.transport.transports.find((one) =>
      one.protocol === protocol && endpointOf(one) === local
    );
    if (transport === undefined) return undefined;
    if (!isReliable(transport.protocol)) return transport.flowTo(remoteAddress, remotePort);
    const isInbound = token.startsWith("c");
    const open = isInbound ? this.#parts.texts.find(token) : undefined;
    if (open?.isOpen) return open;
    if (listensAt === 0 && !isLocated) return undefined;
    return new UnreachableFlow(transport, {
      address: remoteAddress,
      port: remotePort,
      reason: "Connection Closed",
    });
  }

  #endpointOf(transport: Transport): string {
    let endpoint = this.#endpoints.get(transport);
    if (endpoint === undefined) {
      endpoint = endpointOf(transport);
      this.#endpoints.set(transport, endpoint);
    }
    return endpoint;
  }
}

function endpointOf({ address, port }: Transport): string {
  return `${address}:${port}`;
}
