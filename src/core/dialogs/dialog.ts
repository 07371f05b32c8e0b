/** A dialog through this server (§12): its two ends, and the usages that keep it alive (RFC 5057). */
import { hash } from "node:crypto";
import type { SipRequest, SipResponse } from "../../message/sip_message.ts";
import { detachText } from "../../runtime/text.ts";
import type { Flow } from "../../transport/transport.ts";
import type { DialogParty } from "../party.ts";
import { contactOf } from "../../message/contact.ts";

export type DialogSide = "caller" | "callee";

/** One end of a dialog. */
export interface DialogEnd {
  /** Undefined for an end without an account here. */
  readonly party: DialogParty | undefined;
  /** The address that its messages come from, whatever the port. */
  address: string;
  /** Its URI in From and To. */
  uri: string;
  /** The remote target: the URI in its latest Contact (§12.1). */
  target: string;
  /** The target before; requests that crossed the refresh still name it. */
  formerTarget: string;
  /** The route set beyond this server, as `routeSetOf` writes it; "" unless it is a gateway. */
  routes: string;
  /** The route set beyond this server as Route values, the nearest first; none where it is too long. */
  routeValues: readonly string[];
  /** The highest CSeq of its requests, as it wrote it. */
  cseq: number;
  /** Its present flow, where that differs from the flow token. */
  moved: Flow | undefined;
}

/** The call that a dialog belongs to, as it is kept over a restart. */
export interface DialogCall {
  readonly record: CallRecord;
}

/** What is kept of a call. Times are milliseconds since 1970. */
export interface CallRecord {
  readonly id: string;
  readonly callId: string;
  readonly from: string;
  readonly to: string;
  readonly account?:
    | { readonly kind: "agent" | "peer" | "gateway"; readonly ref: string; readonly name: string }
    | undefined;
  readonly address: string;
  readonly transport: string;
  readonly direction: "internal" | "outbound" | "inbound";
  readonly gatewayRef?: string | undefined;
  readonly didRef?: string | undefined;
  readonly startedAt: number;
  readonly answeredAt: number;
  /** The latest end; undefined where it may last for ever. */
  readonly endsAt?: number | undefined;
}

/** UTF-16 units of a URI, tag or Call-ID that is remembered. */
export const MAX_TEXT_LENGTH = 512;

/** Methods of subscriptions (RFC 6665), which may outlive the call that they began in. */
const SUBSCRIPTION_METHODS: ReadonlySet<string> = new Set(["SUBSCRIBE", "NOTIFY"]);

export class Dialog {
  readonly id: string;
  /** User part of our Record-Route entry. */
  readonly flowToken: string;
  readonly caller: DialogEnd;
  readonly callee: DialogEnd;
  /** True for a call, from its INVITE to its BYE. */
  isCall = false;
  /** True until its INVITE has a final response. */
  isEarly = false;
  /** End of its subscriptions, on the scale of `Clock.now`. */
  subscribedUntil = 0;
  /** Time of the latest request, on the scale of `Clock.now`. */
  lastRequestAt: number;
  /** The key of its row in the database, "" for none. */
  storedKey = "";
  /** Undefined where no call is followed. */
  call: DialogCall | undefined;

  constructor(id: string, parts: { flowToken: string; caller: DialogEnd; callee: DialogEnd; now: number }) {
    this.id = id;
    this.flowToken = parts.flowToken;
    this.caller = parts.caller;
    this.callee = parts.callee;
    this.lastRequestAt = parts.now;
  }

  isAlive(now: number): boolean {
    return this.isCall || this.subscribedUntil > now;
  }

  /** Reports whether a request with this method can be part of the dialog now. */
  takes(method: string, now: number): boolean {
    return this.isCall || this.subscribedUntil > now && SUBSCRIPTION_METHODS.has(method);
  }
}

/** Returns the Call-ID of a dialog. */
export function callIdOf({ id }: Dialog): string {
  return id.split("\n", 1)[0];
}

/** Returns the tags of a dialog; undefined where its id has a digest in the place of a text that is too long. */
export function tagsOf({ id }: Dialog): Readonly<Record<DialogSide, string>> | undefined {
  const [callId, caller, callee] = id.split("\n");
  return [callId, caller, callee].some(isDigest) ? undefined : { caller, callee };
}

/** Stands before a digest; neither a Call-ID nor a tag has it (§25.1). */
const DIGEST_MARK = "#";

/** Returns a text for an id: a digest in the place of a long one. */
export function boundedForId(text: string): string {
  return text.length <= MAX_TEXT_LENGTH ? text : DIGEST_MARK + hash("sha256", text);
}

function isDigest(text: string): boolean {
  return text.startsWith(DIGEST_MARK);
}

/** Makes the Contact of a message the remote target of its sender; false when nothing changes. */
export function refreshTarget(end: DialogEnd, message: SipRequest | SipResponse): boolean {
  const contact = contactOf(message)?.uriText;
  if (contact === undefined || contact === end.target || contact.length > MAX_TEXT_LENGTH) return false;
  end.formerTarget = end.target;
  end.target = detachText(contact);
  return true;
}
