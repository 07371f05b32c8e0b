/** Parses a message (§7, §25) in one pass over its head that notes spans only. */
import {
  isDigit,
  isTokenCharacter,
  parseNumber,
  skipToken,
  skipWhiteSpace,
  spanEqualsIgnoringCase,
} from "./characters.ts";
import { Header, type HeaderId } from "./header_name.ts";
import { HeaderRows, ROW_STRIDE } from "./header_rows.ts";
import { hasTooManyValues, type HeaderScan, scanRows, seenBit, TOO_LARGE } from "./header_scan.ts";
import { DEFAULT_MESSAGE_LIMITS, type MessageLimits } from "./message_limits.ts";
import { methodAt } from "./method.ts";
import { parseNameAddr } from "./name_addr.ts";
import {
  type CommonFields,
  RejectedMessage,
  type Rejection,
  SipRequest,
  SipResponse,
} from "./sip_message.ts";
import { NO_VIA, parseVia, type Via } from "./via.ts";
import { beginsWith, codeAt, cut, indexIn } from "../runtime/text.ts";

const SEEN_VIA = seenBit(Header.Via);
const SEEN_CONTENT_LENGTH = seenBit(Header.ContentLength);
const MANDATORY = SEEN_VIA | seenBit(Header.From) | seenBit(Header.To) | seenBit(Header.CallId) |
  seenBit(Header.CSeq);

/** CSeq numbers are below 2³¹ (§8.1.1.5). */
const MAX_CSEQ = 2 ** 31 - 1;

/**
 * Parses exactly one message, a datagram or a piece of a stream, with one byte a character (latin1). Empty lines before
 * the start line are skipped (§7.5). Never throws.
 */
export function parseMessage(
  text: string,
  limits: MessageLimits = DEFAULT_MESSAGE_LIMITS,
): SipRequest | SipResponse | RejectedMessage {
  let start = 0;
  while (codeAt(text, start) === 13 && codeAt(text, start + 1) === 10) start += 2;
  const lineEnd = indexIn(text, "\r\n", start);
  if (lineEnd < 0) return rejected("Start line has no end");
  if (lineEnd - start > limits.maxHeadSize) return rejected(TOO_LARGE);
  const scan = scanRows(text, lineEnd + 2, limits);
  if (scan.fault === "" && hasTooManyValues(text, scan.rows, limits.maxHeaderValues)) {
    scan.fault = "Too Many Header Values";
  }
  const isResponse = spanEqualsIgnoringCase(text, start, start + 4, "sip/");
  return isResponse ? readResponse(scan, start, lineEnd) : readRequest(scan, start, lineEnd);
}

/** Returns a rejection for a fault, which is a reason phrase. */
function rejected(reason: string, { status = 400, request }: { status?: number; request?: HeaderRows } = {}) {
  const rejection: Rejection = reason === TOO_LARGE
    ? { kind: "oversized", status: 513, reason }
    : { kind: "malformed", status, reason };
  return new RejectedMessage(rejection, request);
}

function rowOf(rows: number[], id: HeaderId): number {
  for (let row = 0; row < rows.length; row += ROW_STRIDE) if (rows[row] === id) return row;
  return -1;
}

function topVia({ text, rows }: HeaderScan): Via | undefined {
  const row = rowOf(rows, Header.Via);
  return row < 0 ? undefined : parseVia(text, rows[row + 2], rows[row + 3]);
}

/** The fields of the message that is being parsed; the message copies them. */
const fields: CommonFields = {
  topVia: NO_VIA,
  callId: "",
  cseq: 0,
  cseqMethod: "",
  bodyStart: 0,
  bodyEnd: 0,
};

/** Reads the fields that requests and responses share; returns a fault as text. */
function readCommon(scan: HeaderScan, via: Via | undefined): string | CommonFields {
  const { text, rows } = scan;
  if (scan.fault !== "") return scan.fault;
  if ((scan.seen & MANDATORY) !== MANDATORY) return "Mandatory header is missing";
  if (!via) return "Via is malformed";
  const callIdRow = rowOf(rows, Header.CallId);
  const callId = cut(text, rows[callIdRow + 2], rows[callIdRow + 3]);
  if (callId === "" || /\s/.test(callId)) return "Call-ID is malformed";
  const cseqRow = rowOf(rows, Header.CSeq);
  let at = rows[cseqRow + 2];
  const cseqEnd = rows[cseqRow + 3];
  const numberStart = at;
  while (at < cseqEnd && isDigit(codeAt(text, at))) at++;
  const cseq = parseNumber(text, numberStart, at, MAX_CSEQ);
  const methodStart = skipWhiteSpace(text, at, cseqEnd);
  if (cseq < 0 || methodStart === at || methodStart === cseqEnd) return "CSeq is malformed";
  if (skipToken(text, methodStart, cseqEnd) !== cseqEnd) return "CSeq is malformed";
  const bodyStart = scan.headersEnd + 2;
  let bodyEnd = text.length;
  if ((scan.seen & SEEN_CONTENT_LENGTH) !== 0) {
    const { contentLength } = scan;
    if (contentLength < 0) return "Content-Length is malformed";
    if (contentLength > text.length - bodyStart) return "Content-Length is larger than the body";
    bodyEnd = bodyStart + contentLength;
  }
  fields.topVia = via;
  fields.callId = callId;
  fields.cseq = cseq;
  fields.cseqMethod = methodAt(text, methodStart, cseqEnd);
  fields.bodyStart = bodyStart;
  fields.bodyEnd = bodyEnd;
  return fields;
}

function malformed(scan: HeaderScan, reason: string, status?: number): RejectedMessage {
  const isAnswerable = (scan.seen & SEEN_VIA) !== 0;
  return rejected(reason, { status, request: isAnswerable ? new HeaderRows(scan, topVia(scan)) : undefined });
}

function readRequest(scan: HeaderScan, start: number, lineEnd: number): SipRequest | RejectedMessage {
  const { text, rows } = scan;
  const via = topVia(scan);
  const methodEnd = skipToken(text, start, lineEnd);
  const uriEnd = text.lastIndexOf(" ", lineEnd - 1);
  if (methodEnd === start || codeAt(text, methodEnd) !== 32 || uriEnd <= methodEnd + 1) {
    return malformed(scan, "Request line is malformed");
  }
  if (!beginsWith(text, "SIP/2.0", uriEnd + 1) || lineEnd - uriEnd !== 8) {
    const isOtherVersion = /^sip\/\d+\.\d+$/i.test(cut(text, uriEnd + 1, lineEnd));
    const isSpelledOtherwise = /^sip\/2\.0$/i.test(cut(text, uriEnd + 1, lineEnd));
    if (!isOtherVersion) return malformed(scan, "Request line is malformed");
    if (!isSpelledOtherwise) return malformed(scan, "Version Not Supported", 505);
  }
  const requestUri = cut(text, methodEnd + 1, uriEnd);
  if (!isUriText(requestUri)) return malformed(scan, "Request-URI is malformed");
  const common = readCommon(scan, via);
  if (typeof common === "string") return malformed(scan, common);
  const method = methodAt(text, start, methodEnd);
  if (common.cseqMethod !== method) return malformed(scan, "CSeq method is not the method of the request");
  const fromRow = rowOf(rows, Header.From);
  const from = parseNameAddr(text, rows[fromRow + 2], rows[fromRow + 3]);
  if (!from || from.end !== rows[fromRow + 3]) return malformed(scan, "From is malformed");
  const toRow = rowOf(rows, Header.To);
  const to = parseNameAddr(text, rows[toRow + 2], rows[toRow + 3]);
  if (!to || to.end !== rows[toRow + 3]) return malformed(scan, "To is malformed");
  return new SipRequest(scan, common, { method, requestUri, from, to });
}

function readResponse(scan: HeaderScan, start: number, lineEnd: number): SipResponse | RejectedMessage {
  const { text } = scan;
  const status = parseNumber(text, start + 8, start + 11, 699);
  const afterStatus = codeAt(text, start + 11);
  if (!spanEqualsIgnoringCase(text, start, start + 8, "sip/2.0 ") || status < 100) {
    return rejected("Status line is malformed");
  }
  if (start + 11 !== lineEnd && afterStatus !== 32) return rejected("Status line is malformed");
  const common = readCommon(scan, topVia(scan));
  if (typeof common === "string") return rejected(common);
  return new SipResponse(scan, common, {
    status,
    reason: cut(text, Math.min(start + 12, lineEnd), lineEnd),
  });
}

/** Accepts a scheme, a colon and more, without white space, quotes and angle brackets. */
function isUriText(text: string): boolean {
  let at = 0;
  const end = text.length;
  while (at < end && isTokenCharacter(codeAt(text, at))) at++;
  if (at === 0 || at + 1 >= end || codeAt(text, at) !== 58) return false;
  for (; at < end; at++) {
    const code = codeAt(text, at);
    if (code <= 32 || code === 34 || code === 60 || code === 62 || code === 127) return false;
  }
  return true;
}
