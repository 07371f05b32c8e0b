/** URIs as logs, events and lists of calls show them. */
import type { SipUri } from "../message/sip_uri.ts";
import { withoutSecrets } from "../runtime/log_secrets.ts";

/** UTF-16 units of a shown text. */
export const MAX_SHOWN_TEXT = 256;

/** Formats a URI without its password and parameters. */
export function shownUri({ uri, uriText }: { uri: SipUri | undefined; uriText: string }): string {
  if (uri === undefined) return withoutSecrets(uriText.slice(0, MAX_SHOWN_TEXT)).split(/[;?]/, 1)[0];
  const { secure, user, host, port } = uri;
  const scheme = secure ? "sips:" : "sip:";
  const endpoint = port === undefined ? host : `${host}:${port}`;
  const text = user === undefined ? `${scheme}${endpoint}` : `${scheme}${user}@${endpoint}`;
  return text.slice(0, MAX_SHOWN_TEXT);
}
