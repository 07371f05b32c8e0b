/** To tags of answers without a transaction (§8.2.7). */
import { Header } from "../message/header_name.ts";
import type { HeaderRows } from "../message/header_rows.ts";
import { codeAt } from "../runtime/text.ts";

/**
 * Returns the same tag for each retransmission of a request.
 * @param seed makes tags differ from server to server; threads of one server share it
 */
export function statelessTag(request: HeaderRows, seed: number): string {
  let a = seed;
  let b = ~seed;
  for (const id of [Header.Via, Header.CallId, Header.CSeq] as const) {
    const row = request.rowOf(id);
    const end = row < 0 ? 0 : request.rows[row + 3];
    for (let at = row < 0 ? 0 : request.rows[row + 2]; at < end; at++) {
      const code = codeAt(request.text, at);
      a = Math.imul(a ^ code, 0x9e3779b1);
      b = Math.imul(b ^ code, 0x85ebca6b) + a | 0;
    }
  }
  return `s${(a >>> 0).toString(36)}${(b >>> 0).toString(36)}`;
}
