/** From text to message (§7, §25): one pass over the head that only notes where things are. */
import {
  isDigit,
  isTokenCharacter,
  isWhiteSpace,
  parseNumber,
  skipToken,
  skipWhiteSpace,
} from "./characters.ts";
import { Header, type HeaderId, headerId } from "./header_name.ts";
import { type Head, HeaderRows, ROW_STRIDE } from "./header_rows.ts";
import { parseNameAddr } from "./name_addr.ts";
import { MalformedMessage, SipRequest, SipResponse } from "./sip_message.ts";
import { parseVia, type Via } from "./via.ts";

/** Headers of which a message may have one row only. */
const SINGLE = [
  Header.From,
  Header.To,
  Header.CallId,
  Header.CSeq,
  Header.MaxForwards,
  Header.ContentLength,
  Header.ContentType,
  Header.Expires,
].reduce((bits, id) => bits | 1 << id, 0);

const MANDATORY = [Header.Via, Header.From, Header.To, Header.CallId, Header.CSeq]
  .reduce((bits, id) => bits | 1 << id, 0);

/** CSeq numbers are below 2³¹ (§8.1.1.5). */
const MAX_CSEQ = 2 ** 31 - 1;

const MAX_SCRATCH = 16_384;

/**
 * Reads one message. `text` holds one byte a character (latin1) and exactly one message: a datagram, or what the
 * stream framer cut out. Empty lines before the start line are skipped (§7.5). Never throws.
 */
export function parseMessage(text: string): SipRequest | SipResponse | MalformedMessage {
  let start = 0;
  while (text.charCodeAt(start) === 13 && text.charCodeAt(start + 1) === 10) start += 2;
  const lineEnd = text.indexOf("\r\n", start);
  if (lineEnd < 0) return new MalformedMessage("Start line has no end", 400, undefined);
  const scan = scanRows(text, lineEnd + 2);
  const head: Head = { text, rows: scan.rows, hasFolds: scan.hasFolds, headersEnd: scan.end };
  const isResponse = /^sip\/$/i.test(text.substring(start, start + 4));
  return isResponse ? readResponse(head, scan, start, lineEnd) : readRequest(head, scan, start, lineEnd);
}

/** What one pass over the header rows found. */
export interface HeaderScan {
  /** See `Head.rows`. */
  rows: number[];
  /** Where the empty line begins. */
  end: number;
  hasFolds: boolean;
  /** One bit for each header id that was seen. */
  seen: number;
  /** What is wrong with the rows, "" when nothing is. */
  fault: string;
}

/** Where rows are noted before it is known how many there are: growing a new array for each message costs more. */
const scratch: number[] = [];

/** Notes the header rows from `from` up to the empty line. */
export function scanRows(text: string, from: number): HeaderScan {
  const scan: HeaderScan = { rows: [], end: text.length, hasFolds: false, seen: 0, fault: "" };
  const length = scanInto(text, from, scan);
  scan.rows = scratch.slice(0, length);
  // One message with very many headers does not keep the memory for ever.
  if (scratch.length > MAX_SCRATCH) scratch.length = 0;
  return scan;
}

/** Fills the scratch array and returns how much of it is filled. */
function scanInto(text: string, from: number, scan: HeaderScan): number {
  let length = 0;
  let at = from;
  for (;;) {
    if (text.charCodeAt(at) === 13 && text.charCodeAt(at + 1) === 10) {
      scan.end = at;
      return length;
    }
    const nameEnd = skipToken(text, at, text.length);
    let colon = nameEnd;
    while (text.charCodeAt(colon) === 32 || text.charCodeAt(colon) === 9) colon++;
    let lineEnd = text.indexOf("\n", colon);
    if (lineEnd < 0) {
      scan.fault ||= "Header section has no end";
      scan.end = at;
      return length;
    }
    if (text.indexOf("\r", colon) !== lineEnd - 1) scan.fault ||= "Line does not end in CRLF";
    // A line that begins with white space continues the one before it (§7.3.1).
    for (
      let next = text.charCodeAt(lineEnd + 1);
      next === 32 || next === 9;
      next = text.charCodeAt(lineEnd + 1)
    ) {
      scan.hasFolds = true;
      const further = text.indexOf("\n", lineEnd + 1);
      if (further < 0) break;
      if (text.indexOf("\r", lineEnd) !== further - 1) scan.fault ||= "Line does not end in CRLF";
      lineEnd = further;
    }
    if (nameEnd === at || text.charCodeAt(colon) !== 58) {
      scan.fault ||= "Header line has no name";
    } else {
      const id = headerId(text, at, nameEnd);
      const valueStart = skipWhiteSpace(text, colon + 1, lineEnd);
      let valueEnd = lineEnd;
      while (valueEnd > valueStart && isWhiteSpace(text.charCodeAt(valueEnd - 1))) valueEnd--;
      scratch[length++] = id;
      scratch[length++] = at;
      scratch[length++] = valueStart;
      scratch[length++] = valueEnd;
      if (id !== Header.Other) {
        if ((scan.seen & SINGLE & 1 << id) !== 0) scan.fault ||= "Header must not be repeated";
        scan.seen |= 1 << id;
      }
    }
    at = lineEnd + 1;
  }
}

function rowOf(rows: number[], id: HeaderId): number {
  for (let row = 0; row < rows.length; row += ROW_STRIDE) if (rows[row] === id) return row;
  return -1;
}

function topVia(head: Head): Via | undefined {
  const row = rowOf(head.rows, Header.Via);
  return row < 0 ? undefined : parseVia(head.text, head.rows[row + 2], head.rows[row + 3]);
}

/** Reads the fields that requests and responses share. A string says what is wrong. */
function readCommon(head: Head, scan: HeaderScan, via: Via | undefined) {
  const { text, rows } = head;
  if (scan.fault !== "") return scan.fault;
  if ((scan.seen & MANDATORY) !== MANDATORY) return "Mandatory header is missing";
  if (!via) return "Via is malformed";
  const callIdRow = rowOf(rows, Header.CallId);
  const callId = text.substring(rows[callIdRow + 2], rows[callIdRow + 3]);
  if (callId === "" || /\s/.test(callId)) return "Call-ID is malformed";
  const cseqRow = rowOf(rows, Header.CSeq);
  let at = rows[cseqRow + 2];
  const cseqEnd = rows[cseqRow + 3];
  const numberStart = at;
  while (at < cseqEnd && isDigit(text.charCodeAt(at))) at++;
  const cseq = parseNumber(text, numberStart, at, MAX_CSEQ);
  const methodStart = skipWhiteSpace(text, at, cseqEnd);
  if (cseq < 0 || methodStart === at || methodStart === cseqEnd) return "CSeq is malformed";
  if (skipToken(text, methodStart, cseqEnd) !== cseqEnd) return "CSeq is malformed";
  const bodyStart = scan.end + 2;
  let bodyEnd = text.length;
  if ((scan.seen & 1 << Header.ContentLength) !== 0) {
    const row = rowOf(rows, Header.ContentLength);
    const length = parseNumber(text, rows[row + 2], rows[row + 3], Number.MAX_SAFE_INTEGER);
    if (length < 0) return "Content-Length is malformed";
    if (length > text.length - bodyStart) return "Content-Length is larger than the body";
    bodyEnd = bodyStart + length;
  }
  return { topVia: via, callId, cseq, cseqMethod: text.substring(methodStart, cseqEnd), bodyStart, bodyEnd };
}

function readRequest(
  head: Head,
  scan: HeaderScan,
  start: number,
  lineEnd: number,
): SipRequest | MalformedMessage {
  const { text, rows } = head;
  const via = topVia(head);
  const malformed = (reason: string, status = 400) => {
    const isAnswerable = (scan.seen & 1 << Header.Via) !== 0;
    return new MalformedMessage(reason, status, isAnswerable ? new HeaderRows(head, via) : undefined);
  };
  const methodEnd = skipToken(text, start, lineEnd);
  const uriEnd = text.lastIndexOf(" ", lineEnd - 1);
  if (methodEnd === start || text.charCodeAt(methodEnd) !== 32 || uriEnd <= methodEnd + 1) {
    return malformed("Request line is malformed");
  }
  if (!text.startsWith("SIP/2.0", uriEnd + 1) || lineEnd - uriEnd !== 8) {
    const isOtherVersion = /^sip\/\d+\.\d+$/i.test(text.substring(uriEnd + 1, lineEnd));
    const isSpelledOtherwise = /^sip\/2\.0$/i.test(text.substring(uriEnd + 1, lineEnd));
    if (!isOtherVersion) return malformed("Request line is malformed");
    if (!isSpelledOtherwise) return malformed("Version Not Supported", 505);
  }
  const requestUri = text.substring(methodEnd + 1, uriEnd);
  if (!isUriText(requestUri)) return malformed("Request-URI is malformed");
  const fields = readCommon(head, scan, via);
  if (typeof fields === "string") return malformed(fields);
  const method = text.substring(start, methodEnd);
  if (fields.cseqMethod !== method) return malformed("CSeq method is not the method of the request");
  const fromRow = rowOf(rows, Header.From);
  const from = parseNameAddr(text, rows[fromRow + 2], rows[fromRow + 3]);
  if (!from || from.end !== rows[fromRow + 3]) return malformed("From is malformed");
  const toRow = rowOf(rows, Header.To);
  const to = parseNameAddr(text, rows[toRow + 2], rows[toRow + 3]);
  if (!to || to.end !== rows[toRow + 3]) return malformed("To is malformed");
  return new SipRequest(head, fields, { method, requestUri, from, to });
}

function readResponse(
  head: Head,
  scan: HeaderScan,
  start: number,
  lineEnd: number,
): SipResponse | MalformedMessage {
  const { text } = head;
  const malformed = (reason: string) => new MalformedMessage(reason, 400, undefined);
  const status = parseNumber(text, start + 8, start + 11, 699);
  const afterStatus = text.charCodeAt(start + 11);
  if (!/^sip\/2\.0 $/i.test(text.substring(start, start + 8)) || status < 100) {
    return malformed("Status line is malformed");
  }
  if (start + 11 !== lineEnd && afterStatus !== 32) return malformed("Status line is malformed");
  const fields = readCommon(head, scan, topVia(head));
  if (typeof fields === "string") return malformed(fields);
  return new SipResponse(head, fields, {
    status,
    reason: text.substring(Math.min(start + 12, lineEnd), lineEnd),
  });
}

/** A scheme, a colon and something; no white space, quotes or angle brackets anywhere. */
function isUriText(text: string): boolean {
  let at = 0;
  while (isTokenCharacter(text.charCodeAt(at))) at++;
  if (at === 0 || text.charCodeAt(at) !== 58 || at + 1 === text.length) return false;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code <= 32 || code === 34 || code === 60 || code === 62 || code === 127) return false;
  }
  return true;
}
