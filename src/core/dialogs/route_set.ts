/** Route sets (§12.1) as texts for comparison: `user@host:port` of each entry. */
import { parseNameAddr } from "../../message/name_addr.ts";
import { globalNumber } from "../../data/dialled_number.ts";
import { isSameUser, SipUri } from "../../message/sip_uri.ts";

/** UTF-16 units of a remembered route set. A longer one equals no other. */
const MAX_LENGTH = 1024;

/** Returns the text of Route values that lead on from this server, top first; "" for none. */
export function routeSetOf(values: readonly string[]): string {
  let text = "";
  for (const value of values) {
    const uri = parseNameAddr(value, 0, value.length)?.uri;
    if (!uri || text.length > MAX_LENGTH) return "?";
    text += `${uri.user ?? ""}@${uri.host}:${uri.port ?? ""} `;
  }
  return text;
}

/** Reports whether two URIs name one target. Parameters are ignored, because some phones drop them. */
export function isSameTarget(one: string, other: string): boolean {
  if (one === other) return true;
  const [a, b] = [SipUri.parse(one), SipUri.parse(other)];
  return a !== undefined && b !== undefined && a.host === b.host && a.port === b.port && isSameUser(a, b);
}

/** Reports whether two URIs name one end, which may be one number in two forms: calls by gateways rewrite numbers. */
export function isSameEnd(one: string, other: string): boolean {
  if (isSameTarget(one, other)) return true;
  const [a, b] = [SipUri.parse(one), SipUri.parse(other)];
  const number = a && globalNumber(a.userText.split(";", 1)[0]);
  return number !== undefined && number === globalNumber(b?.userText.split(";", 1)[0] ?? "") &&
    a?.host === b?.host && a?.port === b?.port;
}
