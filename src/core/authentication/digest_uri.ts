/** The `uri` of digest credentials (RFC 7616 §3.4.6, RFC 3261 §22.4). */
import type { SipRequest } from "../../message/sip_message.ts";
import { SipUri } from "../../message/sip_uri.ts";
import { cut, indexIn } from "../../runtime/text.ts";

/**
 * Reports whether the `uri` of credentials names the resource of a request. Phones and middleboxes need leniency: it may
 * lack port, parameters or user, be the URI of To, or have another host of this server.
 * @param isOurs reports whether a host is one of this server
 */
export function namesResource(uri: string, request: SipRequest, isOurs: (host: string) => boolean): boolean {
  const { requestUri } = request;
  if (uri === requestUri) return true;
  // Some clients omit the brackets of an IPv6 address: `sip:::1:5060`.
  const named = SipUri.parse(uri) ??
    SipUri.parse(uri.replace(/^(sips?:)([\da-f:]{2,39}):(\d{1,5})$/i, "$1[$2]:$3"));
  if (!named) return uri.toLowerCase() === requestUri.toLowerCase();
  const asked = request.uri;
  const to = request.to.uri;
  if (named.user !== undefined) {
    const user = userOf(named);
    if (!(asked && userOf(asked) === user) && !(to && userOf(to) === user)) return false;
  }
  return asked?.host === named.host || to?.host === named.host || isOurs(named.host);
}

/** Returns the user without the parameters of a telephone number. */
function userOf({ userText }: SipUri): string {
  const end = indexIn(userText, ";");
  return end < 0 ? userText : cut(userText, 0, end);
}
