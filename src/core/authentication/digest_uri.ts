/** Whether credentials are for the resource that a request asks for (RFC 7616 §3.4.6, RFC 3261 §22.4). */
import type { SipRequest } from "../../message/sip_message.ts";
import { SipUri } from "../../message/sip_uri.ts";

/**
 * Compares the `uri` of credentials with the Request-URI, as leniently as phones and what is between need: one without
 * port, parameters or user, the URI of To, or another of our names for the host.
 * @param isOurs whether a host is one of ours
 */
export function namesResource(uri: string, request: SipRequest, isOurs: (host: string) => boolean): boolean {
  const { requestUri } = request;
  if (uri === requestUri) return true;
  // Some leave out the brackets of an IPv6 address: `sip:::1:5060`.
  const named = SipUri.parse(uri) ??
    SipUri.parse(uri.replace(/^(sips?:)([\da-f:]{2,39}):(\d{1,5})$/i, "$1[$2]:$3"));
  if (!named) return uri.toLowerCase() === requestUri.toLowerCase();
  const asked = [request.uri, request.to.uri];
  return asked.some((resource) =>
    named.user === undefined || resource && userOf(resource) === userOf(named)
  ) &&
    (asked.some((resource) => resource?.host === named.host) || isOurs(named.host));
}

/** Without the parameters of a telephone number. */
function userOf({ userText }: SipUri): string {
  return userText.split(";", 1)[0];
}
