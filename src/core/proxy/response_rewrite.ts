/** Responses of a branch as the caller gets them: with its own From, To and CSeq, and no identity it may not learn. */
import { Header, type HeaderId } from "../../message/header_name.ts";
import type { HeaderRows } from "../../message/header_rows.ts";
import { rowsOf } from "../../message/header_scan.ts";
import { MessageEdits } from "../../message/message_edits.ts";
import { parseNameAddr } from "../../message/name_addr.ts";
import { asksForPrivacy } from "../../message/privacy.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import { detachText } from "../../runtime/text.ts";
import type { BranchRewrite } from "./branch_rewrite.ts";
import { type MessageBody, replaceBody } from "./message_body.ts";

export interface ResponseRewriteOptions {
  readonly rewrite: BranchRewrite | undefined;
  /** Whether the target may assert who has answered (RFC 3325 §5). */
  readonly isTargetTrusted: boolean;
  /** Whether the caller may learn who has answered and asks for privacy (RFC 3325 §7). */
  readonly isCallerTrusted: boolean;
}

/** Header fields that name who has answered (RFC 3325 §9.1, §9.2). */
const IDENTITIES = [Header.PAssertedIdentity, Header.PPreferredIdentity, Header.RemotePartyId] as const;

function namesAnswerer(response: HeaderRows): boolean {
  return response.has(Header.PAssertedIdentity) || response.has(Header.PPreferredIdentity) ||
    response.has(Header.RemotePartyId);
}

/** Changes the responses of one branch. It outlives the request, of which it keeps three values at most. */
export class ResponseRewrite {
  readonly #isTargetTrusted: boolean;
  readonly #isCallerTrusted: boolean;
  /** Undefined where the caller's values are in the response as it is. */
  readonly #restored: Restored | undefined;

  constructor(request: SipRequest, { rewrite, isTargetTrusted, isCallerTrusted }: ResponseRewriteOptions) {
    this.#isTargetTrusted = isTargetTrusted;
    this.#isCallerTrusted = isCallerTrusted;
    this.#restored = restoredOf(request, rewrite);
  }

  /** Returns the response as the caller gets it. */
  apply(text: string, response: HeaderRows, body?: MessageBody): string {
    const isSeen = !namesAnswerer(response) ||
      this.#isTargetTrusted && (this.#isCallerTrusted || !asksForPrivacy(response));
    if (isSeen && !this.#restored && !body) return text;
    const rows = rowsOf(text);
    const edits = new MessageEdits();
    if (!isSeen) { for (const id of IDENTITIES) edits.removeAll(rows, id); }
    if (this.#restored) restore(rows, edits, this.#restored);
    if (body) replaceBody(rows, edits, { body, bodyEnd: text.length });
    return edits.apply(text, 0, text.length);
  }
}

/** The values that the caller sent, or gets instead. */
interface Restored {
  readonly from: string;
  readonly cseq: string;
  /** Undefined where To is as it came. */
  readonly to: string | undefined;
  readonly contact: BranchRewrite["answererContact"];
}

function restoredOf(request: SipRequest, rewrite: BranchRewrite | undefined): Restored | undefined {
  if (!rewrite) return undefined;
  const { from, to, shift, answererContact: contact } = rewrite;
  if (from === undefined && to === undefined && !shift && !contact) return undefined;
  return {
    from: detachText(request.header(Header.From) ?? ""),
    to: to === undefined ? undefined : detachText(request.header(Header.To) ?? ""),
    cseq: `${request.cseq} ${request.method}`,
    contact,
  };
}

function restore(rows: HeaderRows, edits: MessageEdits, { from, cseq, to, contact }: Restored): void {
  replaceValue(rows, edits, { id: Header.From, value: from });
  replaceValue(rows, edits, { id: Header.CSeq, value: cseq });
  if (to !== undefined) replaceValue(rows, edits, { id: Header.To, value: withTagOf(rows, to) });
  const shown = contact?.(rows);
  if (shown !== undefined) replaceValue(rows, edits, { id: Header.Contact, value: shown });
}

function replaceValue(
  message: HeaderRows,
  edits: MessageEdits,
  { id, value }: { id: HeaderId; value: string },
): void {
  const row = message.rowOf(id);
  if (row >= 0) edits.replace(message.rows[row + 2], message.rows[row + 3], value);
}

/** To as it was sent, with the tag that a response has added. */
function withTagOf(response: HeaderRows, sentTo: string): string {
  const tagOf = (value: string) => parseNameAddr(value, 0, value.length)?.tag ?? "";
  const tag = tagOf(response.header(Header.To) ?? "");
  return tag === "" || tagOf(sentTo) !== "" ? sentTo : `${sentTo};tag=${tag}`;
}
