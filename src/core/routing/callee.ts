/** The callee that a URI names: a user, or a number (RFC 3966). */
import { parseNameAddr } from "../../message/name_addr.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import { escapeParameters, SipUri, telephoneSubscriber } from "../../message/sip_uri.ts";
import { TelUri } from "../../message/tel_uri.ts";

export interface Callee {
  /** User part, unescaped, or the number of a `tel:` URI. */
  readonly user: string;
  /** The user without the parameters of a number (RFC 3966 §3). */
  readonly number: string;
  /** These parameters as a user part may have them: `;npdi;rn=15550104111` (RFC 4694), or "". */
  readonly numberParameters: string;
  /** Undefined for a `tel:` URI, which belongs to no host. */
  readonly uri: SipUri | undefined;
  readonly isSecure: boolean;
}

/**
 * Returns the callee of a URI; undefined for a scheme that names nobody here.
 * @param uri `text` when it is a SIP URI and was parsed already
 */
export function calleeOf(text: string, uri = SipUri.parse(text)): Callee | undefined {
  if (uri) {
    const isSecure = uri.secure;
    const subscriber = telephoneSubscriber(uri);
    if (!subscriber) return { user: uri.userText, number: uri.userText, numberParameters: "", uri, isSecure };
    const { number, parameters } = subscriber;
    const user = uri.parameter("user") === "phone" ? number : uri.userText;
    return { user, number, numberParameters: parameters, uri, isSecure };
  }
  const tel = TelUri.parse(text);
  if (!tel) return undefined;
  const numberParameters = escapeParameters(tel.parameters);
  return { user: tel.number, number: tel.number, numberParameters, uri: undefined, isSecure: false };
}

/** Returns the URI in the first of these header fields that is there and has one (`spec.addressInfo`). */
export function addressInfoOf(request: SipRequest, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = request.headerNamed(name);
    if (value === undefined) continue;
    const uri = parseNameAddr(value, 0, value.length)?.uriText ?? value;
    if (calleeOf(uri)) return uri;
  }
  return undefined;
}
