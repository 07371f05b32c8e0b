/** The Contact to register: the address at which the gateway reaches us, even through a NAT (§10.2.1, RFC 3581). */
import type { SipResponse } from "../../message/sip_message.ts";
import { detachText } from "../../runtime/text.ts";
import { type Flow, transportParameter } from "../../transport/transport.ts";
import type { TransportLayer } from "../../transport/transport_layer.ts";
import { seenAddress } from "./register_answer.ts";

export interface RegistrationContactParts {
  readonly transport: Pick<TransportLayer, "sentBy">;
  /** The user part, escaped. */
  readonly user: string;
  /** True when the Contact has the address that a registrar sees over UDP (`received`, `rport`): none is configured. */
  readonly learnsAddress: boolean;
}

/** Remembers the address that the latest response over UDP told. */
export class RegistrationContact {
  readonly #parts: RegistrationContactParts;
  /** The address that a registrar sees for `sentBy`. */
  #seen: { readonly sentBy: string; readonly address: string } | undefined;

  constructor(parts: RegistrationContactParts) {
    this.#parts = parts;
  }

  /** Returns the Contact URI for a flow. */
  uriFor(flow: Flow): string {
    const sentBy = this.#parts.transport.sentBy(flow);
    const address = flow.protocol === "udp" && this.#seen?.sentBy === sentBy ? this.#seen.address : sentBy;
    return `sip:${this.#parts.user}@${address}${transportParameter(flow.protocol)}`;
  }

  /**
   * Learns our address from a response by UDP; a connection's port is not one that we listen on. Reports whether there is a
   * NAT; undefined when that is unknown.
   */
  learn(response: SipResponse, flow: Flow): boolean | undefined {
    const sentBy = this.#parts.transport.sentBy(flow);
    const seen = flow.protocol === "udp" ? seenAddress(response, sentBy) : undefined;
    if (seen === undefined) return undefined;
    if (this.#parts.learnsAddress) this.#seen = { sentBy, address: detachText(seen) };
    return seen !== sentBy;
  }
}
