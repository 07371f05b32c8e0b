/** §16.7 steps 3 and 9: a response as it goes upstream. */
import { Header } from "../../message/header_name.ts";
import type { SipResponse } from "../../message/sip_message.ts";

/** The response without our Via, cut to its Content-Length. Undefined when ours was the only one (step 3). */
export function withoutTopVia(response: SipResponse): string | undefined {
  const { text, rows, topVia, bodyEnd } = response;
  const row = response.rowOf(Header.Via);
  if (topVia.end < rows[row + 3]) {
    // More values in the same row: take out the first and its comma.
    return text.substring(0, topVia.start) + text.substring(topVia.end + 1, bodyEnd).trimStart();
  }
  if (response.rowOf(Header.Via, row) < 0) return undefined;
  return text.substring(0, rows[row + 1]) + text.substring(response.rowEnd(row), bodyEnd);
}
