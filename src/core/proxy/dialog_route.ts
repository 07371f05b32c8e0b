/**
 * Our Record-Route entries, and the Route entries they come back as (§16.6 step 4, RFC 5658).
 *
 *     <sip:SEAL.CALLER.CALLEE.NOTE@host:port;transport=tcp;lr>
 *           │    │      │      └ what else has to be known of this dialog; most have none
 *           │    │      └ flow to the callee
 *           │    └ flow to the caller (RFC 5626 §5.3 calls such a text a flow token)
 *           └ keyed digest of Call-ID, the caller's tag and all that follows it
 *
 * Requests within a dialog are not authenticated. The seal makes a Route that was never ours worthless, and one of ours
 * good for nothing but to reach the other end of that very dialog.
 */
import { hash } from "node:crypto";
import type { SipRequest } from "../../message/sip_message.ts";
import type { SipUri } from "../../message/sip_uri.ts";
import { type Flow, isSecure } from "../../transport/transport.ts";
import type { FlowTexts } from "../flow_text.ts";

const SEAL_LENGTH = 16;

/** The two ends of a dialog as we reach them. */
export interface DialogEnds {
  readonly caller: Flow;
  readonly callee: Flow;
}

/** Where a request within a dialog goes: to the other end. */
export interface DialogRoute {
  /** Undefined when that end was reached by a connection which is closed (RFC 5626 §5.3.1: 430). */
  readonly flow: Flow | undefined;
  /** The end it goes to. */
  readonly to: "caller" | "callee";
  /** What was sealed in beside the ends, "" for nothing. */
  readonly note: string;
  /** The user part of the entry: no other dialog has the same. */
  readonly entry: string;
}

/** What else an entry says. */
export interface DialogMarks {
  /** Whether the entry is a `sips:` URI. */
  readonly isSecure: boolean;
  /** Of characters that may stand in the user part of a URI (§25.1), without dots; may be "". */
  readonly note: string;
}

/** One end as an entry names it. */
interface DialogEnd {
  /** The user part of the entry. */
  readonly user: string;
  readonly side: "caller" | "callee";
  /** The flow that was sealed in. */
  readonly text: string;
}

/** Ends remembered that are not where their dialog began; the oldest are forgotten. */
const MAX_MOVED = 16_384;

/** What dialog routes are made from. */
export interface DialogRoutesParts {
  readonly flows: FlowTexts;
  /** A secret of this server; entries made with another key are not recognised. */
  readonly key: string;
  /** Whether the end on this side may be at another flow than was sealed in, by what its note says; any may, if left out. */
  readonly mayMove?: (note: string, side: "caller" | "callee", to: Flow) => boolean;
}

/** Makes and reads the user part of our Record-Route entries. */
export class DialogRoutes {
  readonly #flows: FlowTexts;
  readonly #key: string;
  readonly #mayMove: NonNullable<DialogRoutesParts["mayMove"]>;
  /** Where ends of dialogs are now, if not where they were sealed in; by side and entry. */
  readonly #moved = new Map<string, Flow>();

  constructor({ flows, key, mayMove = () => true }: DialogRoutesParts) {
    this.#flows = flows;
    this.#key = key;
    this.#mayMove = mayMove;
  }

  /** The user part for a request that begins a dialog. */
  seal(request: SipRequest, ends: DialogEnds, { isSecure, note }: DialogMarks): string {
    const flows = `${this.#flows.textOf(ends.caller)}.${this.#flows.textOf(ends.callee)}${
      note === "" ? "" : `.${note}`
    }`;
    return `${
      this.#digest({ callId: request.callId, callerTag: request.from.tag, flows, isSecure })
    }.${flows}`;
  }

  /** Where the entry sends a request of its dialog; undefined when the entry is not of this dialog, or not ours. */
  open(uri: SipUri, request: SipRequest, from: Flow): DialogRoute | undefined {
    const { user } = uri;
    // Without a To tag it is no request within a dialog (§12.2), whatever its Route says.
    if (user === undefined || user.charCodeAt(SEAL_LENGTH) !== 46 || request.to.tag === "") return undefined;
    const seal = user.substring(0, SEAL_LENGTH);
    const flows = user.substring(SEAL_LENGTH + 1);
    const [caller, callee, note = ""] = flows.split(".");
    // Both ends of such a dialog have TLS; nobody can come in by another way.
    if (uri.secure && !isSecure(from.protocol)) return undefined;
    const dialog = { callId: request.callId, flows, isSecure: uri.secure };
    if (seal === this.#digest({ ...dialog, callerTag: request.from.tag })) {
      return this.#pass(from, {
        near: { user, side: "caller", text: caller },
        far: { user, side: "callee", text: callee },
        note,
      });
    }
    if (seal === this.#digest({ ...dialog, callerTag: request.to.tag })) {
      return this.#pass(from, {
        near: { user, side: "callee", text: callee },
        far: { user, side: "caller", text: caller },
        note,
      });
    }
    return undefined;
  }

  /** From one end to the other, and notes where the near one is now: phones change networks in the middle of a call. */
  #pass(from: Flow, ends: { near: DialogEnd; far: DialogEnd; note: string }): DialogRoute {
    const { near, far, note } = ends;
    const route = { to: far.side, note, entry: far.user };
    if (near.text !== this.#flows.textOf(from) && this.#mayMove(note, near.side, from)) {
      if (this.#moved.size >= MAX_MOVED) this.#moved.delete(this.#moved.keys().next().value!);
      this.#moved.set(`${near.side} ${near.user}`, from);
    }
    if (this.#moved.size > 0) {
      const moved = this.#moved.get(`${far.side} ${far.user}`);
      if (moved?.isOpen) return { ...route, flow: moved };
    }
    return { ...route, flow: this.#flows.find(far.text) };
  }

  #digest(dialog: { callId: string; callerTag: string; flows: string; isSecure: boolean }): string {
    const { callId, callerTag, flows, isSecure } = dialog;
    const text = `${this.#key} ${callId} ${callerTag} ${flows}${isSecure ? " sips" : ""}`;
    return hash("sha256", text).substring(0, SEAL_LENGTH);
  }
}
