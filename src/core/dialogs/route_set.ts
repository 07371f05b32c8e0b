/** Route sets (§12.1) as short texts that can be compared: `user@host:port` of each entry. */
import { parseNameAddr } from "../../message/name_addr.ts";
import { globalNumber } from "../../data/dialled_number.ts";
import { isSameUser, SipUri } from "../../message/sip_uri.ts";

/** Characters of a route set that is remembered. A longer one equals no other. */
const MAX_LENGTH = 1024;

/** The Route values that lead on from this server, top first; "" for none. */
export function routeSetOf(values: readonly string[]): string {
  let text = "";
  for (const value of values) {
    const uri = parseNameAddr(value, 0, value.length)?.uri;
    if (!uri || text.length > MAX_LENGTH) return "?";
    text += `${uri.user ?? ""}@${uri.host}:${uri.port ?? ""} `;
  }
  return text;
}

/** Reports whether two URIs name one target: parameters, which some phones drop, make no difference. */
export function isSameTarget(one: string, other: string): boolean {
  if (one === other) return true;
  const [a, b] = [SipUri.parse(one), SipUri.parse(other)];
  return a !== undefined && b !== undefined && a.host === b.host && a.port === b.port && isSameUser(a, b);
}

/** The same, but for the form of a number, which calls with gateways may have changed on the way. */
export function isSameEnd(one: string, other: string): boolean {
  if (isSameTarget(one, other)) return true;
  const [a, b] = [SipUri.parse(one), SipUri.parse(other)];
  const number = a && globalNumber(a.userText.split(";", 1)[0]);
  return number !== undefined && number === globalNumber(b?.userText.split(";", 1)[0] ?? "") &&
    a?.host === b?.host && a?.port === b?.port;
}
