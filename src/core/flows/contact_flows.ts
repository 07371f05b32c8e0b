/**
 * The flow to the owner of a Contact: the flow of its request, or a flow to the address in the Contact (§10.3, §16.6,
 * RFC 3581, RFC 5626). The README has the whole table.
 */
import type { SipRequest } from "../../message/sip_message.ts";
import type { SipUri } from "../../message/sip_uri.ts";
import { isIpAddress } from "../../runtime/ip/ip_address.ts";
import type { Flow } from "../../transport/transport.ts";
import type { TransportLayer } from "../../transport/transport_layer.ts";

export interface ContactFlowsParts {
  readonly transport: Pick<TransportLayer, "isInLocalNetwork" | "hasHost">;
  /** Reports whether a gateway is at an address, which nobody may register. */
  isGateway(address: string): boolean;
}

export class ContactFlows {
  readonly #parts: ContactFlowsParts;

  constructor(parts: ContactFlowsParts) {
    this.#parts = parts;
  }

  /**
   * Returns the flow for a Contact in a REGISTER; undefined stands for the next hop in the Contact, by TCP. A third party
   * registers a device at its address in the local network (§10.2).
   */
  ofRegistration(contact: SipUri, request: SipRequest, flow: Flow): Flow | undefined {
    const { transport, isGateway } = this.#parts;
    const isSymmetric = request.topVia.rportStart >= 0;
    const host = contact.nextHost;
    if (passedNat(request, flow)) return flow;
    if (host === flow.remoteAddress) return this.#flowTo(contact, flow, isSymmetric);
    if (!isThirdParty(request) || !transport.isInLocalNetwork(host)) return flow;
    return transport.hasHost(host) || isGateway(host) ? flow : this.#flowTo(contact, flow, false);
  }

  /** Returns the flow to the remote target of a dialog, whose end is at `flow`. */
  ofDialog(target: SipUri, flow: Flow): Flow {
    return target.nextHost === flow.remoteAddress ? this.#flowTo(target, flow, true) ?? flow : flow;
  }

  /** @param isSymmetric requests go by the flow when there may be a NAT */
  #flowTo(contact: SipUri, flow: Flow, isSymmetric: boolean): Flow | undefined {
    const { nextHost: host, port = 5060 } = contact;
    if (flow.isConnection || contact.secure) return flow;
    // `ob`: only its flow leads to the sender (RFC 5626 §4.3), which may be behind a NAT with this address.
    if (contact.parameter("ob") !== undefined) return flow;
    if (isSymmetric && !this.#parts.transport.isInLocalNetwork(host)) return flow;
    const protocol = contact.parameter("transport")?.toLowerCase() ?? "udp";
    if (protocol === "tcp") return undefined;
    if (protocol !== "udp" || host === flow.remoteAddress && port === flow.remotePort) return flow;
    return flow.transport.flowTo(host, port);
  }
}

/** Reports whether a request came through a NAT: its source is not the address in Via. */
export function passedNat({ topVia: { host } }: SipRequest, { remoteAddress }: Flow): boolean {
  return host !== remoteAddress && isIpAddress(host);
}

/** Reports whether a REGISTER is by a third party: From and To differ (§10.2). */
function isThirdParty({ from, to }: SipRequest): boolean {
  return from.uri?.addressOfRecord !== to.uri?.addressOfRecord;
}
