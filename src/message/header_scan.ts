/** Finds the header rows of a message (§7.3) and checks them against the limits. */
import { isWhiteSpace, parseNumber, skipToken, skipWhiteSpace } from "./characters.ts";
import { Header, type HeaderId, headerId, MAX_HEADER_IDS } from "./header_name.ts";
import { type Head, HeaderRows, ROW_STRIDE, splitValues } from "./header_rows.ts";
import type { MessageLimits } from "./message_limits.ts";
import { codeAt, cut, indexIn } from "../runtime/text.ts";

/** The header rows of a message, and the findings of one pass over them. */
export interface HeaderScan extends Head {
  text: string;
  rows: number[];
  headersEnd: number;
  hasFolds: boolean;
  /** The bits of the checked headers that were seen (`seenBit`). */
  seen: number;
  /** The first fault, "" for none. */
  fault: string;
  /** -1 when it is missing, malformed, or given twice with different numbers. */
  contentLength: number;
}

/** Headers with one row at most; Content-Length has its own rule. */
const SINGLE = [
  Header.From,
  Header.To,
  Header.CallId,
  Header.CSeq,
  Header.MaxForwards,
  Header.ContentType,
  Header.Expires,
];

/** A bit for each header whose presence is checked, 0 for all others. */
const SEEN_BITS = new Int32Array(MAX_HEADER_IDS);
[Header.Via, Header.ContentLength, ...SINGLE].forEach((id, i) => SEEN_BITS[id] = 1 << i);
const SINGLE_BITS = SINGLE.reduce((bits: number, id) => bits | SEEN_BITS[id], 0);

/** 1 for each header whose rows are lists (§7.3.1). */
const IS_LIST = new Uint8Array(MAX_HEADER_IDS);
for (
  const id of [
    Header.Via,
    Header.Contact,
    Header.Route,
    Header.RecordRoute,
    Header.Require,
    Header.ProxyRequire,
    Header.Supported,
    Header.Unsupported,
    Header.Allow,
    Header.Path,
    Header.PAssertedIdentity,
    Header.PPreferredIdentity,
    Header.RemotePartyId,
  ]
) IS_LIST[id] = 1;

/** The fault of a message that is answered 513. */
export const TOO_LARGE = "Message Too Large";
const NO_CRLF = "Line does not end in CRLF";
const REPEATED = "Header must not be repeated";

type RowLimits = Omit<MessageLimits, "maxHeaderValues">;

const UNLIMITED: RowLimits = { maxHeadSize: Infinity, maxHeaderRows: Infinity };

/** A rejected message is read up to this multiple of the allowed rows. */
const REJECTED_ROWS_FACTOR = 4;

const MAX_SCRATCH = 16_384;

/** Collects the rows of a message, because growing a new array for each costs more. */
const scratch: number[] = [];

/** The scan that `scanRows` returns: its users copy what they need of it. */
const scan: HeaderScan = {
  text: "",
  rows: [],
  headersEnd: 0,
  hasFolds: false,
  seen: 0,
  fault: "",
  contentLength: -1,
};

/**
 * Scans the header rows from `from` to the empty line, or to the end of the limits. The next call overwrites the object
 * that is returned, but for its rows.
 */
export function scanRows(text: string, from: number, limits: RowLimits = UNLIMITED): HeaderScan {
  scan.text = text;
  scan.headersEnd = text.length;
  scan.hasFolds = false;
  scan.seen = 0;
  scan.fault = "";
  scan.contentLength = -1;
  const length = scanInto(text, from, limits);
  scan.rows = scratch.slice(0, length);
  // Releases the memory of one message with very many headers.
  if (scratch.length > MAX_SCRATCH) scratch.length = 0;
  return scan;
}

/** Returns the header rows of a message that needs no check: one of ours, or one that was parsed before. */
export function rowsOf(text: string): HeaderRows {
  return new HeaderRows(scanRows(text, indexIn(text, "\r\n") + 2), undefined);
}

/** Fills the scratch array and returns the filled length. */
function scanInto(
  text: string,
  from: number,
  { maxHeadSize, maxHeaderRows }: RowLimits,
): number {
  const lastEnd = from + maxHeadSize;
  const maxLength = maxHeaderRows * ROW_STRIDE;
  let length = 0;
  let at = from;
  // The next CR, searched once and not in each line: the scan stays linear where CRs are rare.
  let cr = -1;
  for (;;) {
    if (codeAt(text, at) === 13 && codeAt(text, at + 1) === 10) {
      scan.headersEnd = at;
      return length;
    }
    const nameEnd = skipToken(text, at, text.length);
    let colon = nameEnd;
    while (codeAt(text, colon) === 32 || codeAt(text, colon) === 9) colon++;
    let lineEnd = indexIn(text, "\n", colon);
    if (lineEnd < 0) {
      scan.fault ||= text.length > lastEnd ? TOO_LARGE : "Header section has no end";
      scan.headersEnd = at;
      return length;
    }
    if (cr < colon) cr = indexOrEnd(text, "\r", colon);
    if (cr !== lineEnd - 1) scan.fault ||= NO_CRLF;
    // A line that begins with white space continues the previous one (§7.3.1).
    for (
      let next = codeAt(text, lineEnd + 1);
      (next === 32 || next === 9) && lineEnd < lastEnd;
      next = codeAt(text, lineEnd + 1)
    ) {
      scan.hasFolds = true;
      const further = indexIn(text, "\n", lineEnd + 1);
      if (further < 0) break;
      if (cr < lineEnd) cr = indexOrEnd(text, "\r", lineEnd);
      if (cr !== further - 1) scan.fault ||= NO_CRLF;
      lineEnd = further;
    }
    if (lineEnd >= lastEnd) {
      scan.fault = TOO_LARGE;
      scan.headersEnd = at;
      return length;
    }
    // Some more rows are read, because the answer needs every Via.
    if (length >= maxLength) scan.fault ||= "Too Many Header Fields";
    if (length >= maxLength * REJECTED_ROWS_FACTOR) {
      scan.headersEnd = at;
      return length;
    }
    if (nameEnd === at || codeAt(text, colon) !== 58) {
      scan.fault ||= "Header line has no name";
    } else {
      const id = headerId(text, at, nameEnd);
      const valueStart = skipWhiteSpace(text, colon + 1, lineEnd);
      let valueEnd = lineEnd;
      while (valueEnd > valueStart && isWhiteSpace(codeAt(text, valueEnd - 1))) valueEnd--;
      scratch[length++] = id;
      scratch[length++] = at;
      scratch[length++] = valueStart;
      scratch[length++] = valueEnd;
      if (id === Header.ContentLength) {
        const contentLength = parseNumber(text, valueStart, valueEnd, Number.MAX_SAFE_INTEGER);
        if ((scan.seen & SEEN_BITS[id]) === 0) scan.contentLength = contentLength;
        else if (contentLength !== scan.contentLength) {
          // Equal rows do no harm; with others, peers disagree about the length (RFC 4475 §3.3.9).
          scan.fault ||= REPEATED;
          scan.contentLength = -1;
        }
      } else if ((scan.seen & SINGLE_BITS & SEEN_BITS[id]) !== 0) scan.fault ||= REPEATED;
      scan.seen |= SEEN_BITS[id];
    }
    at = lineEnd + 1;
  }
}

const counts = new Int32Array(MAX_HEADER_IDS);

/** Reports whether any header has more than `max` values in all its rows together. */
export function hasTooManyValues(text: string, rows: readonly number[], max: number): boolean {
  counts.fill(0);
  for (let row = 0; row < rows.length; row += ROW_STRIDE) {
    const id = rows[row];
    // A value of a list takes two characters at least, so short rows need not be read.
    const length = IS_LIST[id] === 1 ? rows[row + 3] - rows[row + 2] + 2 : 2;
    if (id !== Header.Other && (counts[id] += length) > 2 * max) return countsTooMany(text, rows, max);
  }
  return false;
}

function countsTooMany(text: string, rows: readonly number[], max: number): boolean {
  counts.fill(0);
  // The next comma; most rows have none.
  let comma = -1;
  for (let row = 0; row < rows.length; row += ROW_STRIDE) {
    const id = rows[row] as HeaderId;
    if (id === Header.Other) continue;
    counts[id]++;
    if (IS_LIST[id] === 1) {
      const end = rows[row + 3];
      if (comma < rows[row + 2]) comma = indexOrEnd(text, ",", rows[row + 2]);
      for (; comma < end; comma++) if (codeAt(text, comma) === 44) counts[id]++;
    }
    if (counts[id] <= max) continue;
    if (countValues(text, rows, { id, max }) > max) return true;
    // The commas were in quotes or URIs; every row has been counted now.
    counts[id] = -(2 ** 31);
  }
  return false;
}

/** Counts the values of a header, up to one more than `max`. */
function countValues(
  text: string,
  rows: readonly number[],
  { id, max }: { id: HeaderId; max: number },
): number {
  const isList = IS_LIST[id] === 1;
  const values: string[] = [];
  for (let row = 0; row < rows.length && values.length <= max; row += ROW_STRIDE) {
    if (rows[row] !== id) continue;
    const value = cut(text, rows[row + 2], rows[row + 3]);
    if (isList) splitValues(value, values, max);
    else values.push(value);
  }
  return values.length;
}

/** Returns the bit that a header has in `HeaderScan.seen`; 0 when its presence is not checked. */
export function seenBit(id: HeaderId): number {
  return SEEN_BITS[id];
}

function indexOrEnd(text: string, sought: string, from: number): number {
  const index = indexIn(text, sought, from);
  return index < 0 ? text.length : index;
}
