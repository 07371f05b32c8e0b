/** A leg: the side that a request goes to, where it has to be another there than it was when it came. */
import { Header, type HeaderId } from "../../message/header_name.ts";
import type { HeaderRows } from "../../message/header_rows.ts";
import { parseNameAddr } from "../../message/name_addr.ts";
import { rowsOf } from "../../message/header_scan.ts";
import { MessageEdits } from "../../message/message_edits.ts";
import type { SipRequest, SipResponse } from "../../message/sip_message.ts";
import type { Flow } from "../../transport/transport.ts";
import { detachText } from "../../runtime/detached_text.ts";

/** How a request goes on to a gateway, or from somebody whose identity is withheld. */
export interface Leg {
  /** The value of From there; undefined: as it came. */
  readonly from: string | undefined;
  /** The Request-URI there; undefined: that of the target. */
  readonly requestUri?: string | undefined;
  /** The value of To there; undefined: as it came. */
  readonly to?: string | undefined;
  /** The value of Contact there; undefined: as it came. */
  readonly contact?: string | undefined;
  /** Header fields taken out. */
  readonly removed: readonly HeaderId[];
  /** The same by their names, in lower case; compact forms are names of their own. */
  readonly removedNames?: ReadonlySet<string> | undefined;
  /** Header lines put in, each ended by CRLF. */
  readonly added: string;
  /** How much higher sequence numbers are there; undefined where they are the same. */
  readonly shift: CSeqShift | undefined;
  /** What requests within the dialog have to know, for our Record-Route entry; "" for nothing. It tells the shift as well. */
  readonly note: string;
  /** Makes the Contact of a response another: who answers is not to be named. */
  readonly answererContact?: (response: HeaderRows) => string | undefined;
  /** Who answers challenges there. Where there is a shift but nobody who answers, the request fails. */
  readonly challenged: ChallengedUser | undefined;
}

/** Header lines with credentials, each ended by CRLF; or why there are none. */
export type Authorization =
  | { readonly kind: "granted"; readonly lines: string }
  | { readonly kind: "refused"; readonly reason: string };

/** Answers the challenges of a gateway in the place of the caller (§22.3). */
export interface ChallengedUser {
  /** Credentials for the challenge that came by this flow. */
  answer(
    response: SipResponse,
    request: { method: string; uri: string; body: string },
    flow: Flow,
  ): Authorization;
  /** The gateway went on with the request, by this flow. */
  onAccepted(flow: Flow): void;
}

/** Sequence numbers are less than 2³¹ (§8.1.1.5). */
const CSEQ_LIMIT = 2 ** 31;
/** Numbers that a dialog has left at its beginning, at least. */
const MIN_NUMBERS_LEFT = 2 ** 16;
/** What is taken off the numbers of a caller that begins near the limit. */
const RENUMBERING = 2 ** 30;

/**
 * Every challenge that is answered on a leg takes a number of its CSeq space (§22.2), which the caller knows nothing of:
 * from then on, and until the dialog ends, numbers there are higher than here. They are lower where the caller begins
 * near the limit.
 */
export class CSeqShift {
  #current: number;
  #ofInvite: number;
  /** The highest number that was given out. */
  #highest = 0;

  /** @param sealed the shift that our Record-Route entry tells */
  constructor(sealed: number) {
    this.#current = sealed < RENUMBERING / 2 ? sealed : sealed - CSEQ_LIMIT;
    this.#ofInvite = this.#current;
  }

  /** For a request that begins a dialog, and for what follows within it. */
  static from(cseq: number): CSeqShift {
    return new CSeqShift(cseq < CSEQ_LIMIT - MIN_NUMBERS_LEFT ? 0 : CSEQ_LIMIT - RENUMBERING);
  }

  /** That of the next request, as an entry tells it: modulo 2³¹. */
  get current(): number {
    return this.#current < 0 ? this.#current + CSEQ_LIMIT : this.#current;
  }

  /** That of the latest INVITE, which its ACK shares, and PRACKs refer to. */
  get ofInvite(): number {
    return this.#ofInvite;
  }

  /** Whether the request that the caller has called `cseq` has a number on this leg. */
  hasNumberFor(method: string, cseq: number): boolean {
    const number = cseq + (method === "ACK" ? this.#ofInvite : this.#current);
    return number >= 0 && number < CSEQ_LIMIT;
  }

  /** The number of a request that goes out, which the caller has called `cseq`. */
  numberOf(method: string, cseq: number): number {
    if (method === "ACK") return cseq + this.#ofInvite;
    if (method === "INVITE") this.#ofInvite = this.#current;
    this.#highest = Math.max(this.#highest, cseq + this.#current);
    return cseq + this.#current;
  }

  /** A challenge of that request is answered: it needs a number above all that went out, others meanwhile included. */
  raise(cseq: number): void {
    this.#current = Math.max(this.#current + 1, this.#highest + 1 - cseq);
  }
}

/** Makes the responses of a leg what the caller can match to its request: From and CSeq are again those it sent. */
export function restoration(
  request: SipRequest,
  { from, to, shift, answererContact }: Leg,
): ((text: string) => string) | undefined {
  if (from === undefined && to === undefined && !shift && !answererContact) return undefined;
  const sentTo = to === undefined ? undefined : detachText(request.header(Header.To) ?? "");
  const sent = detachText(request.header(Header.From) ?? "");
  const cseq = `${request.cseq} ${request.method}`;
  return (text) => {
    const response = rowsOf(text);
    const edits = new MessageEdits();
    const replace = (id: HeaderId, value: string) => {
      const row = response.rowOf(id);
      if (row >= 0) edits.replace(response.rows[row + 2], response.rows[row + 3], value);
    };
    replace(Header.From, sent);
    replace(Header.CSeq, cseq);
    if (sentTo !== undefined) replace(Header.To, withTagOf(response, sentTo));
    const contact = answererContact?.(response);
    if (contact !== undefined) replace(Header.Contact, contact);
    return edits.apply(text, 0, text.length);
  };
}

/** To as it was sent, with the tag that a response has added. */
function withTagOf(response: HeaderRows, sentTo: string): string {
  const tagOf = (value: string) => parseNameAddr(value, 0, value.length)?.tag ?? "";
  const tag = tagOf(response.header(Header.To) ?? "");
  return tag === "" || tagOf(sentTo) !== "" ? sentTo : `${sentTo};tag=${tag}`;
}

/** Header fields that name who has answered (RFC 3325 §9.1, §9.2). */
const IDENTITIES = [Header.PAssertedIdentity, Header.PPreferredIdentity, Header.RemotePartyId] as const;

/** Whether a response names who has answered. */
export function namesAnswerer(response: HeaderRows): boolean {
  return IDENTITIES.some((id) => response.has(id));
}

/** A response that does not. */
export function withoutIdentities(text: string): string {
  const response = rowsOf(text);
  const edits = new MessageEdits();
  for (const id of IDENTITIES) edits.removeAll(response, id);
  return edits.apply(text, 0, text.length);
}
