/** §16.6 steps 1, 3 and 9: the header rows of a request as they go on, written in one pass over the rows that came. */
import { parseDigestCredentials } from "../../message/digest.ts";
import { Header } from "../../message/header_name.ts";
import { ROW_STRIDE } from "../../message/header_rows.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import { cut } from "../../runtime/text.ts";
import type { BranchRewrite } from "./branch_rewrite.ts";
import type { MessageBody } from "./message_body.ts";

/** What may go on with a request. */
export interface ForwardingPolicy {
  /** Whether the caller may assert identities (RFC 3325 §5), and learn those of callees who ask for privacy (§7). */
  readonly isCallerTrusted: boolean;
  /** Header row of credentials that were checked here; -1 for none. */
  readonly credentialsRow: number;
  /** Reports whether Proxy-Authorization for this realm is meant for us: it goes no further (§22.3). */
  ownsRealm(realm: string): boolean;
}

/** The changes of one branch. */
export interface BranchChanges {
  readonly rewrite: BranchRewrite | undefined;
  readonly body: MessageBody | undefined;
}

const UNCHANGED: BranchChanges = { rewrite: undefined, body: undefined };

/** Returns what follows the lines that a hop puts on top, the empty line and the body included. */
export function forwardedRows(
  request: SipRequest,
  policy: ForwardingPolicy,
  { rewrite, body } = UNCHANGED,
): string {
  const { text, rows, headersEnd, bodyEnd } = request;
  let result = rewrite?.added ?? "";
  if (!request.has(Header.MaxForwards)) result += "Max-Forwards: 70\r\n";
  if (!body && !request.has(Header.ContentLength)) {
    result += `Content-Length: ${bodyEnd - request.bodyStart}\r\n`;
  }
  let at = rows[1];
  for (let row = 0, { length } = rows; row < length; row += ROW_STRIDE) {
    if (
      isHeldBack(request, row, policy) || rewrite && isRemoved(request, row, rewrite) ||
      body && describes(rows[row], body)
    ) {
      result += cut(text, at, rows[row + 1]);
      at = request.rowEnd(row);
      continue;
    }
    const value = countedValue(request, row) ?? (rewrite && rewrittenValue(request, row, rewrite));
    if (value === undefined) continue;
    result += cut(text, at, rows[row + 2]) + value;
    at = rows[row + 3];
  }
  if (!body) return result + cut(text, at, bodyEnd);
  const type = body.contentType === undefined ? "" : `Content-Type: ${body.contentType}\r\n`;
  return `${result}${
    cut(text, at, headersEnd)
  }${type}Content-Length: ${body.text.length}\r\n\r\n${body.text}`;
}

/** Reports whether a row is for this hop, or not for those behind it. */
function isHeldBack(request: SipRequest, row: number, policy: ForwardingPolicy): boolean {
  switch (request.rows[row]) {
    case Header.Route:
    case Header.MaxBreadth:
      return true;
    case Header.ContentLength:
      return row !== request.rowOf(Header.ContentLength);
    case Header.PAssertedIdentity:
    case Header.PPreferredIdentity:
    case Header.RemotePartyId:
      return !policy.isCallerTrusted;
    case Header.ProxyAuthorization:
    case Header.Authorization:
      return areOurCredentials(request, row, policy);
    default:
      return false;
  }
}

/** Reports whether credentials are for realms of ours, or were checked: a receiver could call with them. */
function areOurCredentials(
  request: SipRequest,
  row: number,
  { credentialsRow, ownsRealm }: ForwardingPolicy,
): boolean {
  if (row === credentialsRow) return true;
  const credentials = parseDigestCredentials(request.rowValue(row));
  // Without a realm they are of no use to anybody, and may be for us, damaged.
  return !credentials || credentials.realm === "" || ownsRealm(credentials.realm);
}

/** Returns the new value of a row that every hop changes: the top Via with its source, Max-Forwards counted down. */
function countedValue(request: SipRequest, row: number): string | undefined {
  const { text, rows, topVia } = request;
  switch (rows[row]) {
    case Header.Via:
      return request.isViaStamped && topVia.start === rows[row + 2]
        ? request.topViaText + cut(text, topVia.end, rows[row + 3])
        : undefined;
    case Header.MaxForwards:
      return String(request.maxForwards! - 1);
    default:
      return undefined;
  }
}

/** Reports whether a row is about the body that is replaced. */
function describes(id: number, { contentType }: MessageBody): boolean {
  return id === Header.ContentLength || id === Header.ContentType && contentType !== undefined;
}

/**
 * Reports whether a branch takes a row out: CSeq, which is another with each sending, and all but the first of the rows
 * that get another value.
 */
function isRemoved(request: SipRequest, row: number, rewrite: BranchRewrite): boolean {
  const { removed, removedNames, shift, contact } = rewrite;
  const id = request.rows[row];
  if (removed?.some((each) => each === id)) return true;
  if (id === Header.CSeq && shift) return true;
  if (id === Header.Contact && contact !== undefined && row !== request.rowOf(Header.Contact)) return true;
  if (id === Header.RAck && shift && row !== request.rowOf(Header.RAck)) return true;
  return removedNames !== undefined && removedNames.has(request.rowName(row).toLowerCase());
}

/** Returns the value that a branch gives to a row; undefined where it stays. */
function rewrittenValue(request: SipRequest, row: number, rewrite: BranchRewrite): string | undefined {
  switch (request.rows[row]) {
    case Header.From:
      return rewrite.from;
    case Header.To:
      return rewrite.to;
    case Header.Contact:
      return rewrite.contact;
    case Header.RAck:
      return rewrite.shift && shiftedRAck(request, row, rewrite.shift.ofInvite);
    default:
      return undefined;
  }
}

/** Returns RAck (RFC 3262 §7.2) with the number that its INVITE has on a branch; undefined when it is malformed. */
function shiftedRAck(request: SipRequest, row: number, shift: number): string | undefined {
  const [, response, cseq, method] = /^(\d+)\s+(\d+)\s+(\S+)$/.exec(request.rowValue(row)) ?? [];
  return method === undefined ? undefined : `${response} ${Number(cseq) + shift} ${method}`;
}
