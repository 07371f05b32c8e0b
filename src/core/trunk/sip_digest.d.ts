/** Types for the digest client of the package sip, which has none: the parts in use. Texts are hashed as UTF-8. */

/**
 * H(A1) of MD5 in hexadecimal digits.
 * @param context `userhash` is H(username:realm:password), `algorithm` in lower case
 */
export function calculateHA1(context: {
  readonly userhash: string;
  readonly algorithm: string;
  readonly nonce: string;
  readonly cnonce: string;
}): string;

/** The `response` of MD5; without `qop` as RFC 2069 has it. */
export function calculateDigest(context: {
  readonly ha1: string;
  readonly method: string;
  readonly uri: string;
  readonly nonce: string;
  readonly nc: string;
  readonly cnonce: string;
  readonly qop: string;
  /** The body. */
  readonly entity: string;
}): string;
