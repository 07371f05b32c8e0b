/** §16.7 steps 3 and 9: a response as it goes upstream. */
import { skipWhiteSpace } from "../../message/characters.ts";
import { Header } from "../../message/header_name.ts";
import { splitValues } from "../../message/header_rows.ts";
import { MessageEdits } from "../../message/message_edits.ts";
import type { SipResponse } from "../../message/sip_message.ts";
import { beginsWith, codeAt, cut, indexIn } from "../../runtime/text.ts";

/**
 * The response as its caller gets it: without our Via, cut to its Content-Length. Undefined when ours was the only one.
 * @param vias the Via lines of the request, each ended by CRLF: they take the place of what somebody downstream has made
 *   of them, since nobody upstream would take the response for an answer
 */
export function upstreamText(response: SipResponse, vias?: string): string | undefined {
  const text = withoutTopVia(response);
  if (text === undefined || vias === undefined || hasViasBelow(response, vias)) return text;
  const start = response.rows[response.rowOf(Header.Via) + 1];
  return new MessageEdits().replace(start, start, vias).removeAll(response, Header.Via)
    .apply(response.text, 0, response.bodyEnd);
}

/** The response without our Via, cut to its Content-Length. Undefined when ours was the only one (step 3). */
export function withoutTopVia(response: SipResponse): string | undefined {
  const { text, rows, topVia, bodyEnd } = response;
  const row = response.rowOf(Header.Via);
  if (topVia.end < rows[row + 3]) {
    // More values in the same row: take out the first and its comma.
    return cut(text, 0, topVia.start) + cut(text, skipWhiteSpace(text, topVia.end + 1, bodyEnd), bodyEnd);
  }
  if (response.rowOf(Header.Via, row) < 0) return undefined;
  return cut(text, 0, rows[row + 1]) + cut(text, response.rowEnd(row), bodyEnd);
}

/** Reports whether the Vias below ours are those of the request, however they are written. */
function hasViasBelow(response: SipResponse, vias: string): boolean {
  const { text, rows } = response;
  let row = response.rowOf(Header.Via);
  const start = response.rowEnd(row);
  if (response.topVia.end === rows[row + 3] && beginsWith(text, vias, start)) {
    // As nearly everybody copies them; nothing may follow.
    while (row >= 0 && rows[row + 1] < start + vias.length) row = response.rowOf(Header.Via, row);
    return row < 0;
  }
  if (areSameValues(response, vias)) return true;
  const lines = vias.replace(/\r\n[ \t]+/g, " ").split("\r\n").slice(0, -1);
  const sent = lines.flatMap((line) => splitValues(line.slice(line.indexOf(":") + 1)));
  const below = response.values(Header.Via).slice(1);
  return below.length === sent.length && below.every((via, i) => withoutSpace(via) === withoutSpace(sent[i]));
}

function withoutSpace(via: string): string {
  return via.replace(/\s+/g, "");
}

/**
 * Compares the Vias below ours with those lines, value by value: user agents may write all values into one row, or other
 * rows between them. False also where quotes or brackets, which may enclose commas, make it hard to tell.
 */
function areSameValues(response: SipResponse, vias: string): boolean {
  const { text, rows, topVia } = response;
  let row = response.rowOf(Header.Via);
  let at = topVia.end;
  for (let line = 0, lineEnd: number; line < vias.length; line = lineEnd + 2) {
    lineEnd = lineEndOf(vias, line);
    for (let sent = indexIn(vias, ":", line) + 1; sent <= lineEnd; sent++) {
      if (at < rows[row + 3]) at++; // a comma
      else if ((row = response.rowOf(Header.Via, row)) < 0) return false;
      else at = rows[row + 2];
      const rowEnd = rows[row + 3];
      for (;;) {
        while (
          at < rowEnd && sent < lineEnd && !endsSpan(codeAt(text, at)) &&
          codeAt(text, at) === codeAt(vias, sent)
        ) {
          at++;
          sent++;
        }
        if (isValueEnd(text, at, rowEnd) && isValueEnd(vias, sent, lineEnd)) break;
        const next = skipWhiteSpace(text, at, rowEnd);
        const nextSent = skipWhiteSpace(vias, sent, lineEnd);
        if (next === at && nextSent === sent) return false;
        at = next;
        sent = nextSent;
      }
    }
  }
  return at === rows[row + 3] && response.rowOf(Header.Via, row) < 0;
}

/** Accepts a comma, a quote and an angle bracket. */
function endsSpan(code: number): boolean {
  return code === 44 || code === 34 || code === 60;
}

function isValueEnd(text: string, at: number, end: number): boolean {
  return at === end || codeAt(text, at) === 44;
}

/** Returns the end of a line, the lines that continue it included (§7.3.1). */
function lineEndOf(lines: string, from: number): number {
  let end = indexIn(lines, "\r\n", from);
  while (codeAt(lines, end + 2) === 32 || codeAt(lines, end + 2) === 9) end = indexIn(lines, "\r\n", end + 2);
  return end;
}
