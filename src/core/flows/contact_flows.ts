/**
 * Where the owner of a Contact takes requests: at the flow that it was heard by, or at the address in the Contact (§10.3,
 * §16.6, RFC 3581, RFC 5626). The README has the whole table.
 */
import type { SipRequest } from "../../message/sip_message.ts";
import type { SipUri } from "../../message/sip_uri.ts";
import { isIpAddress } from "../../runtime/ip/ip_address.ts";
import type { Flow } from "../../transport/transport.ts";
import type { TransportLayer } from "../../transport/transport_layer.ts";

/** Who asks for the flow, or may not be sent to. */
export interface ContactFlowsParts {
  readonly transport: Pick<TransportLayer, "isInLocalNetwork" | "hasHost">;
  /** Reports whether a gateway is at an address: nobody registers that. */
  isGateway(address: string): boolean;
}

export class ContactFlows {
  readonly #parts: ContactFlowsParts;

  constructor(parts: ContactFlowsParts) {
    this.#parts = parts;
  }

  /**
   * For a Contact in a REGISTER. Undefined stands for the next hop that the Contact names, by TCP. Somebody who registers
   * another device says where in the local network it is (§10.2).
   */
  ofRegistration(contact: SipUri, request: SipRequest, flow: Flow): Flow | undefined {
    const { transport, isGateway } = this.#parts;
    const isSymmetric = request.topVia.rportStart >= 0;
    // Where requests are sent, which `maddr` may say.
    const host = contact.nextHost;
    if (passedNat(request, flow)) return flow;
    if (host === flow.remoteAddress) return this.#flowTo(contact, flow, isSymmetric);
    if (!isThirdParty(request) || !transport.isInLocalNetwork(host)) return flow;
    return transport.hasHost(host) || isGateway(host) ? flow : this.#flowTo(contact, flow, false);
  }

  /** For the remote target of a dialog, whose end is at a flow. */
  ofDialog(target: SipUri, flow: Flow): Flow {
    return target.nextHost === flow.remoteAddress ? this.#flowTo(target, flow, true) ?? flow : flow;
  }

  /** @param isSymmetric whether requests are to come by the flow when a NAT may be in between */
  #flowTo(contact: SipUri, flow: Flow, isSymmetric: boolean): Flow | undefined {
    const { nextHost: host, port = 5060 } = contact;
    if (flow.isConnection || contact.secure) return flow;
    // The sender says that only its flow leads to it (RFC 5626 §4.3), or sends from behind a NAT with this address.
    if (contact.parameter("ob") !== undefined) return flow;
    if (isSymmetric && !this.#parts.transport.isInLocalNetwork(host)) return flow;
    const protocol = contact.parameter("transport")?.toLowerCase() ?? "udp";
    if (protocol === "tcp") return undefined;
    if (protocol !== "udp" || host === flow.remoteAddress && port === flow.remotePort) return flow;
    return flow.transport.flowTo(host, port);
  }
}

/** Reports whether a request came from another address than its sender has: its Contact may have been corrected since. */
export function passedNat({ topVia: { host } }: SipRequest, { remoteAddress }: Flow): boolean {
  return host !== remoteAddress && isIpAddress(host);
}

/** Reports whether a REGISTER is sent by somebody else than the one who is registered (§10.2: From and To differ). */
function isThirdParty({ from, to }: SipRequest): boolean {
  return from.uri?.addressOfRecord !== to.uri?.addressOfRecord;
}
