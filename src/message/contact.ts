/** Contact (§20.10), where a message has one. */
import { Header } from "./header_name.ts";
import type { HeaderRows } from "./header_rows.ts";
import { type NameAddr, parseNameAddr } from "./name_addr.ts";

/** Returns the first Contact of a message; undefined when it has none, or a malformed one. */
export function contactOf(message: HeaderRows): NameAddr | undefined {
  const row = message.rowOf(Header.Contact);
  return row < 0 ? undefined : parseNameAddr(message.text, message.rows[row + 2], message.rows[row + 3]);
}
