/** To tags of answers without a transaction (§8.2.7). */
import { Header } from "../message/header_name.ts";
import type { HeaderRows } from "../message/header_rows.ts";
import { hexOf } from "../runtime/hexadecimal.ts";
import { codeAt } from "../runtime/text.ts";

/** 64 bits that a request shares with its retransmissions, and with hardly another one. */
export interface RequestHash {
  readonly high: number;
  readonly low: number;
}

const HASHED = [Header.Via, Header.CallId, Header.CSeq] as const;

/** The hash of the latest request, because a challenge needs it for its nonce and for its tag. */
const latest = { text: "", seed: 0, high: 0, low: 0 };

/** Returns the same hash for each retransmission of a request. The next call may change the object that it returns. */
export function requestHash(request: HeaderRows, seed: number): RequestHash {
  const { text, rows } = request;
  if (text === latest.text && seed === latest.seed) return latest;
  let high = seed;
  let low = ~seed;
  for (let i = 0; i < HASHED.length; i++) {
    const row = request.rowOf(HASHED[i]);
    const end = row < 0 ? 0 : rows[row + 3];
    for (let at = row < 0 ? 0 : rows[row + 2]; at < end; at++) {
      const code = codeAt(text, at);
      high = Math.imul(high ^ code, 0x9e3779b1);
      low = Math.imul(low ^ code, 0x85ebca6b) + high | 0;
    }
  }
  latest.text = text;
  latest.seed = seed;
  latest.high = high;
  latest.low = low;
  return latest;
}

/**
 * Returns the same tag for each retransmission of a request.
 * @param seed makes tags differ from server to server; threads of one server share it
 */
export function statelessTag(request: HeaderRows, seed: number): string {
  const { high, low } = requestHash(request, seed);
  return `s${hexOf(high)}${hexOf(low)}`;
}
