/** Digest challenges and credentials (RFC 3261 §20.7, §20.44; RFC 7616, RFC 8760). */
import { decodeUtf8, isWhiteSpace, skipToken, skipWhiteSpace, spanEqualsIgnoringCase } from "./characters.ts";
import { splitValues } from "./header_rows.ts";
import { ParameterCursor, quote, unquote } from "./parameters.ts";
import { beginsWith, codeAt } from "../runtime/text.ts";

/** The fields of Authorization or Proxy-Authorization, unquoted, "" when absent. */
export interface DigestCredentials {
  username: string;
  realm: string;
  nonce: string;
  uri: string;
  response: string;
  algorithm: string;
  cnonce: string;
  opaque: string;
  qop: string;
  /** Eight hexadecimal digits. */
  nc: string;
  userhash: string;
}

/** The fields of WWW-Authenticate or Proxy-Authenticate, unquoted, "" when absent. */
export interface DigestChallenge {
  realm: string;
  nonce: string;
  algorithm: string;
  opaque: string;
  qop: string;
  stale: string;
  domain: string;
}

/** A challenge received by a client. */
export interface ReceivedChallenge extends DigestChallenge {
  /**
   * Quoted strings as written, which credentials return byte by byte (RFC 7616 §3.3, §3.4). An absent `opaque` is
   * undefined, other than an empty one.
   */
  readonly written: { readonly realm: string; readonly nonce: string; readonly opaque: string | undefined };
}

/** Parses `Digest username="…", …`; undefined for another scheme or a malformed value. */
export function parseDigestCredentials(value: string): DigestCredentials | undefined {
  const fields = parseDigest(value, CREDENTIALS)?.map(textOf);
  if (!fields) return undefined;
  const [username, realm, nonce, uri, response, algorithm, cnonce, opaque, qop, nc, userhash] = fields;
  return { username, realm, nonce, uri, response, algorithm, cnonce, opaque, qop, nc, userhash };
}

/** Parses one `Digest realm="…", …` challenge; undefined for another scheme or a malformed value. */
export function parseDigestChallenge(value: string): ReceivedChallenge | undefined {
  const fields = parseDigest(value, CHALLENGE);
  if (!fields) return undefined;
  const [realm, nonce, algorithm, opaque, qop, stale, domain] = fields.map(textOf);
  const written = {
    realm: quotedOf(fields[0] ?? ""),
    nonce: quotedOf(fields[1] ?? ""),
    opaque: fields[3] === undefined ? undefined : quotedOf(fields[3]),
  };
  return { realm, nonce, algorithm, opaque, qop, stale, domain, written };
}

/** Challenges read of one header line. */
const MAX_CHALLENGES = 16;

/** Parses the Digest challenges of a header line, in order; malformed ones and other schemes are left out. */
export function parseDigestChallenges(value: string): ReceivedChallenge[] {
  const challenges: string[] = [];
  // Commas separate challenges as well as their fields; only a challenge begins with a scheme.
  for (const part of splitValues(value)) {
    const beginsWithScheme = /^[^\s=",]+(?:\s+[^\s=]|$)/.test(part);
    if (beginsWithScheme && challenges.length === MAX_CHALLENGES) break;
    if (beginsWithScheme || challenges.length === 0) challenges.push(part);
    else challenges[challenges.length - 1] += `,${part}`;
  }
  return challenges.map(parseDigestChallenge).filter((challenge) => challenge !== undefined);
}

const CREDENTIALS = [
  "username",
  "realm",
  "nonce",
  "uri",
  "response",
  "algorithm",
  "cnonce",
  "opaque",
  "qop",
  "nc",
  "userhash",
];
const CHALLENGE = ["realm", "nonce", "algorithm", "opaque", "qop", "stale", "domain"];

const cursor = new ParameterCursor();

/** Returns the named fields as written, undefined for absent ones; a repeated field is a fault. */
function parseDigest(value: string, names: readonly string[]): (string | undefined)[] | undefined {
  const isDigest = spanEqualsIgnoringCase(value, 0, 6, "digest") && isWhiteSpace(codeAt(value, 6));
  if (!isDigest) return undefined;
  const fields: (string | undefined)[] = names.map(() => undefined);
  let seen = 0;
  let at = skipWhiteSpace(value, 6, value.length);
  while (at < value.length) {
    const nameEnd = skipToken(value, at, value.length);
    const equals = skipWhiteSpace(value, nameEnd, value.length);
    if (nameEnd === at || codeAt(value, equals) !== 61) return undefined;
    const valueEnd = cursor.readValue(value, skipWhiteSpace(value, equals + 1, value.length), value.length);
    if (valueEnd < 0) return undefined;
    let field = 0;
    while (field < names.length && !spanEqualsIgnoringCase(value, at, nameEnd, names[field])) field++;
    if (field < names.length) {
      if ((seen & 1 << field) !== 0) return undefined;
      seen |= 1 << field;
      fields[field] = cursor.value;
    }
    at = skipWhiteSpace(value, valueEnd, value.length);
    if (at < value.length && codeAt(value, at) !== 44) return undefined;
    at = skipWhiteSpace(value, at + 1, value.length);
  }
  return fields;
}

/** Returns the value of a field, unquoted and decoded. */
function textOf(written: string | undefined): string {
  return written === undefined ? "" : decodeUtf8(unquote(written));
}

/** Returns a quoted string; a token, which some peers send, is quoted. */
function quotedOf(written: string): string {
  return beginsWith(written, '"') ? written : quote(written);
}

/** Returns a challenge as a header value. `qop` and `stale` are left out when "". */
export function formatDigestChallenge(challenge: DigestChallenge): string {
  const { realm, nonce, algorithm, opaque, qop, stale, domain } = challenge;
  let value = `Digest realm=${quote(realm)},nonce="${nonce}"`;
  if (domain !== "") value += `,domain=${quote(domain)}`;
  if (opaque !== "") value += `,opaque="${opaque}"`;
  if (stale !== "") value += `,stale=${stale}`;
  if (algorithm !== "") value += `,algorithm=${algorithm}`;
  if (qop !== "") value += `,qop="${qop}"`;
  return value;
}
