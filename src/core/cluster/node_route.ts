/**
 * Route entries by which one node sends a request to a device whose flow another node has (RFC 3327, RFC 5626 §5.3):
 *
 *     <sip:SEAL=FLOW@host:port;lr>
 *
 * The seal is a keyed digest of method, Call-ID, the caller's tag and the flow, with a key that only nodes have. Whoever has one is another
 * node, which knows who asks and why, so the request is passed on without any further question.
 */
import type { SipRequest } from "../../message/sip_message.ts";
import type { SipUri } from "../../message/sip_uri.ts";
import { Mac } from "../../runtime/mac.ts";
import type { Flow } from "../../transport/transport.ts";
import type { FlowTexts } from "../flows/flow_text.ts";
import type { RemoteFlow } from "../flows/remote_flow.ts";

const SEAL_LENGTH = 24;

/** Where a node was asked to pass a request on to; no flow: it is closed. */
export interface NodeRoute {
  readonly flow: Flow | undefined;
}

/** What of a request is sealed. */
export type SealedRequest = Pick<SipRequest, "method" | "callId"> & {
  readonly from: { readonly tag: string };
};

export class NodeRoutes {
  readonly #texts: FlowTexts;
  readonly #mac: Mac;

  /** `key` is a secret of all nodes. */
  constructor(texts: FlowTexts, key: string) {
    this.#texts = texts;
    this.#mac = new Mac(`${key} node `, SEAL_LENGTH);
  }

  /** The Route value that leads this request to the device. */
  seal(request: SealedRequest, { token, node }: RemoteFlow): string {
    return `<sip:${this.#mac.of(textOf(request, token))}=${token}@${node.address};lr>`;
  }

  /** Undefined when the entry is none, or not for this request. */
  open({ user }: SipUri, request: SealedRequest): NodeRoute | undefined {
    if (user === undefined || user[SEAL_LENGTH] !== "=") return undefined;
    const token = user.slice(SEAL_LENGTH + 1);
    if (!this.#mac.verify(user.slice(0, SEAL_LENGTH), textOf(request, token))) return undefined;
    const flow = this.#texts.find(token);
    return { flow: flow?.isOpen ? flow : undefined };
  }
}

function textOf({ method, callId, from }: SealedRequest, token: string): string {
  return `${method} ${callId} ${from.tag} ${token}`;
}
