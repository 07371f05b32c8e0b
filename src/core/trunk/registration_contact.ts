/** The Contact that we register: where the gateway reaches us, also through a NAT (§10.2.1, RFC 3581). */
import type { SipResponse } from "../../message/sip_message.ts";
import { detachText } from "../../runtime/detached_text.ts";
import { type Flow, transportParameter } from "../../transport/transport.ts";
import type { TransportLayer } from "../../transport/transport_layer.ts";
import { seenAddress } from "./register_answer.ts";

export interface RegistrationContactParts {
  readonly transport: Pick<TransportLayer, "sentBy">;
  /** The user part, escaped. */
  readonly user: string;
  /** Whether the address counts that registrars see us at: none is configured for the outside. */
  readonly learnsAddress: boolean;
}

/** Knows one address of ours at a time, that of the way which was used last. */
export class RegistrationContact {
  readonly #parts: RegistrationContactParts;
  /** Where a registrar sees what we send from `sentBy`. */
  #seen: { readonly sentBy: string; readonly address: string } | undefined;

  constructor(parts: RegistrationContactParts) {
    this.#parts = parts;
  }

  /** The Contact URI for this way. */
  uriFor(flow: Flow): string {
    const sentBy = this.#parts.transport.sentBy(flow);
    const address = flow.protocol === "udp" && this.#seen?.sentBy === sentBy ? this.#seen.address : sentBy;
    return `sip:${this.#parts.user}@${address}${transportParameter(flow.protocol)}`;
  }

  /**
   * Learns from an answer, and tells whether there is a NAT on its way; undefined when that cannot be known. From
   * connections nothing is learned: their port is no one that we listen on.
   */
  regard(response: SipResponse, flow: Flow): boolean | undefined {
    const sentBy = this.#parts.transport.sentBy(flow);
    const seen = flow.protocol === "udp" ? seenAddress(response, sentBy) : undefined;
    if (seen === undefined) return undefined;
    if (this.#parts.learnsAddress) this.#seen = { sentBy, address: detachText(seen) };
    return seen !== sentBy;
  }
}
