/** Removes tokens and passwords from texts that are logged. */

/** Texts may be long and hostile, so no pattern examines a character more than about a hundred times. */
const SECRETS: readonly RegExp[] = [
  // A token of the REST service in a query.
  /(token=)[^&#;,\s"'\\<>()]+/gi,
  // A JSON Web Token: each begins with `{"` in base64.
  /((?<![\w-]))eyJ[\w-]+\.[\w-]+\.[\w-]+/g,
  // The value of Authorization (RFC 7617, RFC 6750).
  /\b((?:basic|bearer)[ \t]{1,9})[\w+/=.~-]{8,}/gi,
  // The password in a URL, which ends at the last @ of the authority (RFC 3986 §3.2.1).
  /(\/\/[^/?#:@\s"\\]*:)[^/?#\s"\\]+(?=@)/g,
  // The password in a SIP URI (RFC 3261 §19.1.1).
  /(\bsips?:[^:@\s<>]{1,99}:)[^@\s<>]{1,99}(?=@)/gi,
];

/** Returns the text with an ellipsis for each token and password. */
export function withoutSecrets(text: string): string {
  return SECRETS.reduce((tidy, secret) => tidy.replace(secret, "$1…"), text);
}
