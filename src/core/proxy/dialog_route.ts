/**
 * Our Record-Route entries, and the Route entries they come back as (§16.6 step 4, RFC 5658).
 *
 *     <sip:SIGNATURE.CALLER.CALLEE.ANNOTATIONS@host:port;transport=tcp;lr>
 *           │         │      │      └ what else has to be known of this dialog; most have none
 *           │         │      └ flow to the callee
 *           │         └ flow to the caller
 *           └ keyed digest of Call-ID, the caller's tag and all that follows it
 *
 * The user part is a flow token (RFC 5626 §5.3).
 *
 * The signature makes a Route that was never ours worthless, and one of ours good for nothing but that very dialog.
 * Whether the dialog lives, and what it may be used for, is another question (`core/dialogs/`).
 */
import type { SipRequest } from "../../message/sip_message.ts";
import type { SipUri } from "../../message/sip_uri.ts";
import { Mac } from "../../runtime/mac.ts";
import { type Flow, isSecure } from "../../transport/transport.ts";
import type { FlowTexts } from "../flows/flow_text.ts";
import { codeAt, cut, detachText } from "../../runtime/text.ts";
import { SIGNATURE_LENGTH, type SignedToken, SignedTokens } from "./signed_tokens.ts";

/** Signed behind the flows in a `sips:` URI. */
const SECURE = " sips";

/** The two ends of a dialog as we reach them. */
export interface DialogEnds {
  readonly caller: Flow;
  readonly callee: Flow;
}

/** The way of a request within a dialog, to the other end. */
export interface DialogRoute {
  /**
   * The flow to the other end as it was when the dialog began; undefined when it was a connection that is closed (RFC 5626
   * §5.3.1: 430).
   */
  readonly flow: Flow | undefined;
  /** The end it goes to. */
  readonly to: "caller" | "callee";
  /** Text signed beside the ends, "" for none. */
  readonly annotations: string;
  /** The flow token: no other dialog has the same. */
  readonly token: string;
  /** The flow to the sender's own end when the dialog began, as `FlowTexts` writes it. */
  readonly origin: string;
  /** Whether the request came by that flow. */
  readonly isFromOrigin: boolean;
}

/** The rest of a flow token, beside the ends. */
export interface DialogMarks {
  /** Whether it stands in a `sips:` URI. */
  readonly isSecure: boolean;
  /** Characters that may stand in the user part of a URI (§25.1), without dots; may be "". */
  readonly annotations: string;
}

export interface DialogRoutesParts {
  readonly flows: FlowTexts;
  /** A secret of this server; entries made with another key are not recognised. */
  readonly key: string;
}

/** Makes and reads the flow tokens in our Record-Route entries. */
export class DialogRoutes {
  readonly #flows: FlowTexts;
  readonly #mac: Mac;
  readonly #signed = new SignedTokens();

  constructor({ flows, key }: DialogRoutesParts) {
    this.#flows = flows;
    this.#mac = new Mac(`${key} `, SIGNATURE_LENGTH);
  }

  /** Returns the flow token for a request that begins a dialog. */
  tokenFor(request: SipRequest, ends: DialogEnds, { isSecure, annotations }: DialogMarks): string {
    const caller = this.#flows.textOf(ends.caller);
    const callee = this.#flows.textOf(ends.callee);
    const flows = `${caller}.${callee}${annotations === "" ? "" : `.${annotations}`}`;
    const { callId, from: { tag: callerTag } } = request;
    const token = `${this.#mac.of(callId, " ", callerTag, " ", flows, isSecure ? SECURE : "")}.${flows}`;
    this.#signed.remember({ token, callId, callerTag, isSecure, caller, callee, annotations });
    return token;
  }

  /** Returns the way that an entry sends a request of its dialog; undefined when it is not of this dialog, or not ours. */
  open(uri: SipUri, request: SipRequest, from: Flow): DialogRoute | undefined {
    // Without a To tag it is no request within a dialog (§12.2), whatever its Route says.
    if (!isFlowToken(uri) || request.to.tag === "") return undefined;
    // Both ends of such a dialog have TLS; nobody can come in by another way.
    if (uri.secure && !isSecure(from.protocol)) return undefined;
    const user = uri.user!;
    const signed = this.#signed.find(user, request.callId, uri.secure) ??
      this.#verify(user, request, uri.secure);
    if (signed === undefined) return undefined;
    const isFromCaller = request.from.tag === signed.callerTag;
    if (!isFromCaller && request.to.tag !== signed.callerTag) return undefined;
    const origin = isFromCaller ? signed.caller : signed.callee;
    return {
      to: isFromCaller ? "callee" : "caller",
      annotations: signed.annotations,
      token: signed.token,
      flow: this.#flows.find(isFromCaller ? signed.callee : signed.caller),
      origin,
      isFromOrigin: origin === this.#flows.textOf(from),
    };
  }

  /** Returns the way to an end of a dialog, by a flow token that is known to be ours. */
  routeTo(end: "caller" | "callee", token: string): DialogRoute {
    const [, caller, callee, annotations = ""] = token.split(".");
    const [to, origin] = end === "caller" ? [caller, callee] : [callee, caller];
    return { to: end, annotations, token, flow: this.#flows.find(to), origin, isFromOrigin: true };
  }

  /** Reads a token whose signature is right for one of the two tags of a request as the caller's. */
  #verify(user: string, request: SipRequest, isSecure: boolean): SignedToken | undefined {
    const token = detachText(user);
    const signature = cut(token, 0, SIGNATURE_LENGTH);
    const flows = cut(token, SIGNATURE_LENGTH + 1);
    const { callId, from, to } = request;
    const isSignedFor = (callerTag: string) =>
      this.#mac.verify(signature, callId, " ", callerTag, " ", flows, isSecure ? SECURE : "");
    const callerTag = isSignedFor(from.tag) ? from.tag : isSignedFor(to.tag) ? to.tag : undefined;
    if (callerTag === undefined) return undefined;
    const [caller, callee, annotations = ""] = flows.split(".");
    return this.#signed.remember({ token, callId, callerTag, isSecure, caller, callee, annotations });
  }
}

/** Reports whether a URI has the form of our entries, whatever dialog it is of. */
export function isFlowToken({ user }: SipUri): boolean {
  return user !== undefined && codeAt(user, SIGNATURE_LENGTH) === 46;
}
