/** Privacy (RFC 3323 §4.2, RFC 3325 §9.3). */
import { Header } from "./header_name.ts";
import type { HeaderRows } from "./header_rows.ts";

/** Reports whether the sender asks that the other end does not learn who it is. */
export function asksForPrivacy(message: HeaderRows): boolean {
  return message.rowValues(Header.Privacy)
    .some((value) => value.toLowerCase().split(/[\s;,]+/).some((type) => type === "id" || type === "user"));
}
