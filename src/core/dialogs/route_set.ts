/** Route sets (§12.1) as texts for comparison: `user@host:port` of each entry. */
import { parseNameAddr } from "../../message/name_addr.ts";
import { globalNumber } from "../../data/dialled_number.ts";
import { detachText } from "../../runtime/text.ts";
import { isSameUser, SipUri } from "../../message/sip_uri.ts";

/** UTF-16 units of a remembered route set. */
const MAX_LENGTH = 1024;

/** Stands for a route set that is too long to be remembered, or malformed. It is the same as no other. */
const UNKNOWN = "?";

export const NO_ROUTES: readonly string[] = [];

/** Returns Route values to remember, detached from their message; none where they are too long. */
export function keptRoutes(values: readonly string[]): readonly string[] {
  if (values.length === 0) return NO_ROUTES;
  let length = 0;
  for (const value of values) length += value.length;
  return length > MAX_LENGTH ? NO_ROUTES : values.map(detachText);
}

/** Returns the text of Route or Record-Route values beyond this server, the nearest first; "" for none. */
export function routeSetOf(values: readonly string[]): string {
  let text = "";
  for (const value of values) {
    const uri = parseNameAddr(value, 0, value.length)?.uri;
    if (!uri) return UNKNOWN;
    text += `${uri.user ?? ""}@${uri.host}:${uri.port ?? ""} `;
    if (text.length > MAX_LENGTH) return UNKNOWN;
  }
  return text;
}

/** Reports whether two texts of `routeSetOf` are the same route set. */
export function isSameRouteSet(one: string, other: string): boolean {
  return one === other && one !== UNKNOWN;
}

/** Reports whether two URIs are one remote target. Parameters are ignored, because some phones drop them. */
export function isSameRemoteTarget(one: string, other: string): boolean {
  if (one === other) return true;
  const [a, b] = [SipUri.parse(one), SipUri.parse(other)];
  return a !== undefined && b !== undefined && a.host === b.host && a.port === b.port && isSameUser(a, b);
}

/** Reports whether two URIs of From or To are one party. Calls by gateways may rewrite its number to another form. */
export function isSamePartyUri(one: string, other: string): boolean {
  if (isSameRemoteTarget(one, other)) return true;
  const [a, b] = [SipUri.parse(one), SipUri.parse(other)];
  const number = a && globalNumber(a.userText.split(";", 1)[0]);
  return number !== undefined && number === globalNumber(b?.userText.split(";", 1)[0] ?? "") &&
    a?.host === b?.host && a?.port === b?.port;
}
