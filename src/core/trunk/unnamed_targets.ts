/** Remote targets of anonymous callers, of whom the other end knows an anonymous Contact (RFC 3323 §4.1.1). */
import type { SipRequest } from "../../message/sip_message.ts";
import { BoundedMap } from "../../runtime/bounded_map.ts";
import { detachText } from "../../runtime/text.ts";
import { contactOf } from "../../message/contact.ts";
import { ANONYMOUS_USER } from "./identity.ts";

/** Calls remembered; the callers of forgotten ones are reached by the anonymous URI. */
const MAX_TARGETS = 16_384;
/** Characters of Call-ID, tag and Contact that are remembered. */
const MAX_TEXT_LENGTH = 1024;

export class UnnamedTargets {
  /** Remote targets by Call-ID and tag of the caller. */
  readonly #targets = new BoundedMap<string, string>(MAX_TARGETS);

  /** Remembers the Contact in a request of the caller. */
  note(request: SipRequest): void {
    const contact = contactOf(request)?.uri?.text;
    if (contact === undefined) return;
    const key = keyOf(request.callId, request.from.tag);
    if (key.length + contact.length > MAX_TEXT_LENGTH || this.#targets.get(key) === contact) return;
    this.#targets.set(detachText(key), detachText(contact));
  }

  /** Returns the Request-URI for a request of the other end, where it has the anonymous one. */
  find({ callId, to, uri }: SipRequest): string | undefined {
    return uri?.user === ANONYMOUS_USER ? this.#targets.get(keyOf(callId, to.tag)) : undefined;
  }
}

function keyOf(callId: string, tag: string): string {
  return `${callId}\n${tag}`;
}
