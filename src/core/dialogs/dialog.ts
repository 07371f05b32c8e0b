/** A dialog that goes through this server (§12): its two ends, and the usages that keep it alive (RFC 5057). */
import type { SipRequest, SipResponse } from "../../message/sip_message.ts";
import { detachText } from "../../runtime/detached_text.ts";
import type { Flow } from "../../transport/transport.ts";
import type { DialogParty } from "../party.ts";
import { contactText } from "../proxy/request_forwarding.ts";

export type DialogSide = "caller" | "callee";

/** One end of a dialog, as the other end and this server know it. */
export interface DialogEnd {
  /** Undefined for somebody who has no account here. */
  readonly party: DialogParty | undefined;
  /** Where its messages come from, whatever the port. */
  address: string;
  /** Its URI in From and To; kept for gateways only. */
  uri: string;
  /** The remote target: the URI in its latest Contact, which requests to it name (§12.1). */
  target: string;
  /** The target before that one; requests that crossed its refresh still name it. */
  formerTarget: string;
  /** The route set beyond this server, as `routeSetOf` writes it. */
  routes: string;
  /** Where it is now, if not where the Record-Route entry says. */
  moved: Flow | undefined;
}

/** Characters of a URI, tag or Call-ID that is remembered as it is. */
export const MAX_TEXT_LENGTH = 512;

/** Requests that belong to a subscription (RFC 6665), which may outlive the call that it began in. */
const OF_SUBSCRIPTIONS: ReadonlySet<string> = new Set(["SUBSCRIBE", "NOTIFY"]);

export class Dialog {
  readonly id: string;
  /** User part of our Record-Route entry. */
  readonly entry: string;
  readonly caller: DialogEnd;
  readonly callee: DialogEnd;
  /** Whether an INVITE began it, and no BYE has ended it. */
  isCall = false;
  /** Whether the INVITE that began it has no final response yet. */
  isEarly = false;
  /** `Clock.now()` milliseconds until which a subscription keeps it. */
  subscribedUntil = 0;
  /** `Clock.now()` milliseconds of the latest request. */
  heardOf: number;
  /** Whether a row of the database tells of it. */
  isStored = false;

  constructor(id: string, parts: { entry: string; caller: DialogEnd; callee: DialogEnd; now: number }) {
    this.id = id;
    this.entry = parts.entry;
    this.caller = parts.caller;
    this.callee = parts.callee;
    this.heardOf = parts.now;
  }

  isAlive(now: number): boolean {
    return this.isCall || this.subscribedUntil > now;
  }

  /** Reports whether a request with this method can be part of the dialog now. */
  takes(method: string, now: number): boolean {
    return this.isCall || this.subscribedUntil > now && OF_SUBSCRIPTIONS.has(method);
  }
}

/** Takes the Contact of a message as the remote target of the end that sent it; false when it is that already. */
export function refreshTarget(end: DialogEnd, message: SipRequest | SipResponse): boolean {
  const contact = contactText(message);
  if (contact === undefined || contact === end.target || contact.length > MAX_TEXT_LENGTH) return false;
  end.formerTarget = end.target;
  end.target = detachText(contact);
  return true;
}
