/** What must not be in a log, wherever it comes from: a URL, an error that quotes one, a header field. */

/** Texts may be long and from strangers: none of these looks at a character more often than about a hundred times. */
const SECRETS: readonly RegExp[] = [
  // A token of the REST service in a query.
  /(token=)[^&#;,\s"'\\<>()]+/gi,
  // A JSON Web Token, whatever is before it: all of them begin with `{"`.
  /((?<![\w-]))eyJ[\w-]+\.[\w-]+\.[\w-]+/g,
  // The value of Authorization (RFC 7617, RFC 6750).
  /\b((?:basic|bearer)[ \t]{1,9})[\w+/=.~-]{8,}/gi,
  // The password in a URL, which ends at the last @ of the authority (RFC 3986 §3.2.1).
  /(\/\/[^/?#:@\s"\\]*:)[^/?#\s"\\]+(?=@)/g,
  // The password in a SIP URI (RFC 3261 §19.1.1).
  /(\bsips?:[^:@\s<>]{1,99}:)[^@\s<>]{1,99}(?=@)/gi,
];

/** The text with an ellipsis in the place of each token and password. */
export function withoutSecrets(text: string): string {
  return SECRETS.reduce((tidy, secret) => tidy.replace(secret, "$1…"), text);
}
