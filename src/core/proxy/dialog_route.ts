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
import { codeAt, cut } from "../../runtime/text.ts";

const SIGNATURE_LENGTH = 16;

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

  constructor({ flows, key }: DialogRoutesParts) {
    this.#flows = flows;
    this.#mac = new Mac(`${key} `, SIGNATURE_LENGTH);
  }

  /** Returns the flow token for a request that begins a dialog. */
  tokenFor(request: SipRequest, ends: DialogEnds, { isSecure, annotations }: DialogMarks): string {
    const flows = `${this.#flows.textOf(ends.caller)}.${this.#flows.textOf(ends.callee)}${
      annotations === "" ? "" : `.${annotations}`
    }`;
    const signed = textOf({ callId: request.callId, callerTag: request.from.tag, flows, isSecure });
    return `${this.#mac.of(signed)}.${flows}`;
  }

  /** Returns the way that an entry sends a request of its dialog; undefined when it is not of this dialog, or not ours. */
  open(uri: SipUri, request: SipRequest, from: Flow): DialogRoute | undefined {
    const { user } = uri;
    // Without a To tag it is no request within a dialog (§12.2), whatever its Route says.
    if (user === undefined || !isFlowToken(uri) || request.to.tag === "") return undefined;
    const signature = cut(user, 0, SIGNATURE_LENGTH);
    const flows = cut(user, SIGNATURE_LENGTH + 1);
    const [caller, callee, annotations = ""] = flows.split(".");
    // Both ends of such a dialog have TLS; nobody can come in by another way.
    if (uri.secure && !isSecure(from.protocol)) return undefined;
    const dialog = { callId: request.callId, flows, isSecure: uri.secure };
    const route = (to: DialogRoute["to"], origin: string, other: string): DialogRoute => ({
      to,
      annotations,
      token: user,
      flow: this.#flows.find(other),
      origin,
      isFromOrigin: origin === this.#flows.textOf(from),
    });
    if (this.#mac.verify(signature, textOf({ ...dialog, callerTag: request.from.tag }))) {
      return route("callee", caller, callee);
    }
    if (this.#mac.verify(signature, textOf({ ...dialog, callerTag: request.to.tag }))) {
      return route("caller", callee, caller);
    }
    return undefined;
  }
}

function textOf(dialog: { callId: string; callerTag: string; flows: string; isSecure: boolean }): string {
  const { callId, callerTag, flows, isSecure } = dialog;
  return `${callId} ${callerTag} ${flows}${isSecure ? " sips" : ""}`;
}

/** Reports whether a URI has the form of our entries, whatever dialog it is of. */
export function isFlowToken({ user }: SipUri): boolean {
  return user !== undefined && codeAt(user, SIGNATURE_LENGTH) === 46;
}
