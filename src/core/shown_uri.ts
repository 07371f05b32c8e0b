/** URIs as logs, events and lists of calls show them. */
import type { SipUri } from "../message/sip_uri.ts";
import { beginsWith } from "../runtime/text.ts";
import { withoutSecrets } from "../runtime/log_secrets.ts";

/** UTF-16 units of a shown text. */
export const MAX_SHOWN_TEXT = 256;

/** Formats a URI without its password and parameters. */
export function shownUri({ uri, uriText }: { uri: SipUri | undefined; uriText: string }): string {
  if (uri === undefined) return withoutSecrets(uriText.slice(0, MAX_SHOWN_TEXT)).split(/[;?]/, 1)[0];
  const { secure, user, host, port, text: written } = uri;
  const scheme = secure ? "sips:" : "sip:";
  const isPlain = port === undefined && user !== undefined && written.length <= MAX_SHOWN_TEXT &&
    written.length === scheme.length + user.length + 1 + host.length;
  // Most are shown as they are written, unless a letter of scheme or host is upper case.
  if (isPlain && beginsWith(written, scheme) && beginsWith(written, host, written.length - host.length)) {
    return written;
  }
  const endpoint = port === undefined ? host : `${host}:${port}`;
  const text = user === undefined ? `${scheme}${endpoint}` : `${scheme}${user}@${endpoint}`;
  return text.slice(0, MAX_SHOWN_TEXT);
}
