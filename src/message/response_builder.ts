/** Responses made from the request they answer (§8.2.6). */
import { Header, type HeaderId } from "./header_name.ts";
import type { HeaderRows } from "./header_rows.ts";
import { parseNameAddr } from "./name_addr.ts";
import { reasonPhrase } from "./status.ts";
import { cut } from "../runtime/text.ts";

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
export function buildResponse(request: HeaderRows, content: ResponseContent): string {
  const { status, reason = reasonPhrase(status), toTag, headers = "" } = content;
  const timestamp = status === 100 ? copyRow(request, Header.Timestamp) : "";
  return `SIP/2.0 ${status} ${reason}\r\n${viaLines(request)}${copyRow(request, Header.From)}${
    copyTo(request, toTag)
  }${copyRow(request, Header.CallId)}${
    copyRow(request, Header.CSeq)
  }${timestamp}${headers}Content-Length: 0\r\n\r\n`;
}

function copyRow(request: HeaderRows, id: HeaderId): string {
  const row = request.rowOf(id);
  return row < 0 ? "" : `${rowText(request, row)}\r\n`;
}

/** Returns name and value of a row as received. */
function rowText({ text, rows }: HeaderRows, row: number): string {
  return cut(text, rows[row + 1], rows[row + 3]);
}

/** Returns the Via lines for responses to a request (§8.2.6.2), each ended by CRLF. */
export function viaLines(request: HeaderRows): string {
  const { text, rows, topVia } = request;
  let row = request.rowOf(Header.Via);
  let vias = "";
  if (topVia && request.isViaStamped) {
    vias = cut(text, rows[row + 1], topVia.start) + request.topViaText +
      `${cut(text, topVia.end, rows[row + 3])}\r\n`;
    row = request.rowOf(Header.Via, row);
  }
  for (; row >= 0; row = request.rowOf(Header.Via, row)) vias += `${rowText(request, row)}\r\n`;
  return vias;
}

function copyTo(request: HeaderRows, toTag: string | undefined): string {
  const row = request.rowOf(Header.To);
  if (row < 0) return "";
  const line = rowText(request, row);
  const { text, rows } = request;
  const hasTag = parseNameAddr(text, rows[row + 2], rows[row + 3])?.tag !== "";
  if (toTag === undefined || hasTag) return `${line}\r\n`;
  return `${line};tag=${toTag}\r\n`;
}
