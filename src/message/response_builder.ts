/** Responses made from the request they answer (§8.2.6). */
import { Header, type HeaderId } from "./header_name.ts";
import type { HeaderRows } from "./header_rows.ts";
import { type NameAddr, parseNameAddr } from "./name_addr.ts";
import { reasonPhrase } from "./status.ts";
import { codeAt, cut } from "../runtime/text.ts";

/** The parts of a response that are not copied from its request. */
export interface ResponseContent {
  readonly status: number;
  /** The usual phrase for the status when left out. */
  readonly reason?: string;
  /** Added to a To without tag (§8.2.6.2). Required for all but 100. */
  readonly toTag?: string;
  /** Further header lines, each ended by CRLF. */
  readonly headers?: string;
}

/**
 * Returns a response without body. Via, From, To, Call-ID and CSeq (and Timestamp for 100) are copied from the request;
 * the response to a malformed request lacks what the request lacks.
 */
export function buildResponse(request: AnsweredHead, content: ResponseContent): string {
  const { status, reason, toTag, headers = "" } = content;
  const line = reason === undefined ? statusLine(status) : `SIP/2.0 ${status} ${reason}\r\n`;
  const timestamp = status === 100 ? copyRow(request, Header.Timestamp) : "";
  return line + viaLines(request) + copyRow(request, Header.From) + copyTo(request, toTag) +
    copyRow(request, Header.CallId) + copyRow(request, Header.CSeq) + timestamp + headers + END;
}

/** The head of a request, with To if it has been parsed. */
type AnsweredHead = HeaderRows & { readonly to?: NameAddr };

const END = "Content-Length: 0\r\n\r\n";
const statusLines: string[] = [];

function statusLine(status: number): string {
  return statusLines[status] ??= `SIP/2.0 ${status} ${reasonPhrase(status)}\r\n`;
}

function copyRow(request: HeaderRows, id: HeaderId): string {
  const row = request.rowOf(id);
  return row < 0 ? "" : rowLine(request, row);
}

/** Returns a row as received, without the white space at its end. */
function rowLine(request: HeaderRows, row: number): string {
  const { text, rows } = request;
  const end = request.rowEnd(row);
  const valueEnd = rows[row + 3];
  const endsWell = valueEnd + 2 === end && codeAt(text, valueEnd) === 13;
  return endsWell ? cut(text, rows[row + 1], end) : `${cut(text, rows[row + 1], valueEnd)}\r\n`;
}

/** Returns the Via lines for responses to a request (§8.2.6.2), each ended by CRLF. */
export function viaLines(request: HeaderRows): string {
  const { text, rows, topVia } = request;
  let row = request.rowOf(Header.Via);
  let vias = "";
  if (topVia && request.isViaStamped) {
    vias = cut(text, rows[row + 1], topVia.start) + request.topViaText +
      (topVia.end === rows[row + 3] ? "\r\n" : `${cut(text, topVia.end, rows[row + 3])}\r\n`);
    row = request.rowOf(Header.Via, row);
  }
  for (; row >= 0; row = request.rowOf(Header.Via, row)) vias += rowLine(request, row);
  return vias;
}

function copyTo(request: AnsweredHead, toTag: string | undefined): string {
  const row = request.rowOf(Header.To);
  if (row < 0) return "";
  const { text, rows } = request;
  const to = request.to ?? parseNameAddr(text, rows[row + 2], rows[row + 3]);
  if (toTag === undefined || to?.tag !== "") return rowLine(request, row);
  return `${cut(text, rows[row + 1], rows[row + 3])};tag=${toTag}\r\n`;
}
