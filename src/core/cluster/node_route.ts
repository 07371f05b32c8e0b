/**
 * Route entries by which one node sends a request to a device whose flow another node has (RFC 3327, RFC 5626 §5.3):
 *
 *     <sip:SIGNATURE=FLOW@host:port;lr>
 *
 * The signature is a MAC of method, Call-ID, the caller's tag and the flow, with a key of the nodes. A valid one shows that
 * another node has authenticated and routed the request, which is passed on without further checks.
 */
import type { SipRequest } from "../../message/sip_message.ts";
import type { SipUri } from "../../message/sip_uri.ts";
import { Mac } from "../../runtime/mac.ts";
import type { Flow } from "../../transport/transport.ts";
import type { FlowTexts } from "../flows/flow_text.ts";
import type { RemoteFlow } from "../flows/remote_flow.ts";

const SIGNATURE_LENGTH = 24;

/** The flow that a request from another node goes to; undefined when it is closed. */
export interface NodeRoute {
  readonly flow: Flow | undefined;
}

/** The signed parts of a request. */
export type SignedRequest = Pick<SipRequest, "method" | "callId"> & {
  readonly from: { readonly tag: string };
};

export class NodeRoutes {
  readonly #texts: FlowTexts;
  readonly #mac: Mac;

  /** @param key a secret of the nodes */
  constructor(texts: FlowTexts, key: string) {
    this.#texts = texts;
    this.#mac = new Mac(`${key} node `, SIGNATURE_LENGTH);
  }

  /** Returns the Route value that leads a request to the device of a remote flow. */
  routeFor(request: SignedRequest, { token, node }: RemoteFlow): string {
    return `<sip:${this.#mac.of(...textsOf(request, token))}=${token}@${node.address};lr>`;
  }

  /** Reads a Route entry; undefined when it is not signed for this request. */
  verify({ user }: SipUri, request: SignedRequest): NodeRoute | undefined {
    if (user === undefined || user[SIGNATURE_LENGTH] !== "=") return undefined;
    const token = user.slice(SIGNATURE_LENGTH + 1);
    if (!this.#mac.verify(user.slice(0, SIGNATURE_LENGTH), ...textsOf(request, token))) return undefined;
    const flow = this.#texts.find(token);
    return { flow: flow?.isOpen ? flow : undefined };
  }
}

function textsOf({ method, callId, from }: SignedRequest, token: string): string[] {
  return [method, " ", callId, " ", from.tag, " ", token];
}
