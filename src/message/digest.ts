/** Digest challenges and credentials (RFC 3261 §20.7, §20.44; RFC 7616, RFC 8760). */
import { decodeUtf8, skipToken, skipWhiteSpace } from "./characters.ts";
import { ParameterCursor, quote, unquote } from "./parameters.ts";

/** What a client sends in Authorization or Proxy-Authorization. All values unquoted, "" when absent. */
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

/** What a server sends in WWW-Authenticate or Proxy-Authenticate. All values unquoted, "" when absent. */
export interface DigestChallenge {
  realm: string;
  nonce: string;
  algorithm: string;
  opaque: string;
  qop: string;
  stale: string;
  domain: string;
}

/** Reads `Digest username="…", …`; undefined when it is another scheme or malformed. */
export function parseDigestCredentials(value: string): DigestCredentials | undefined {
  return parseDigest(value, {
    username: "",
    realm: "",
    nonce: "",
    uri: "",
    response: "",
    algorithm: "",
    cnonce: "",
    opaque: "",
    qop: "",
    nc: "",
    userhash: "",
  });
}

/** Reads one `Digest realm="…", …` challenge; undefined when it is another scheme or malformed. */
export function parseDigestChallenge(value: string): DigestChallenge | undefined {
  return parseDigest(value, {
    realm: "",
    nonce: "",
    algorithm: "",
    opaque: "",
    qop: "",
    stale: "",
    domain: "",
  });
}

const cursor = new ParameterCursor();

/** Fills the fields of `into` that the value names; a field named twice is a fault. */
function parseDigest<Fields extends object>(value: string, into: Fields): Fields | undefined {
  if (!/^digest[ \t\r\n]/i.test(value)) return undefined;
  const fields = into as Record<string, string>;
  let seen = ",";
  let at = skipWhiteSpace(value, 6, value.length);
  while (at < value.length) {
    const nameEnd = skipToken(value, at, value.length);
    const name = value.substring(at, nameEnd).toLowerCase();
    const equals = skipWhiteSpace(value, nameEnd, value.length);
    if (nameEnd === at || value.charCodeAt(equals) !== 61) return undefined;
    const valueEnd = cursor.readValue(value, skipWhiteSpace(value, equals + 1, value.length), value.length);
    if (valueEnd < 0) return undefined;
    if (Object.hasOwn(fields, name)) {
      if (seen.includes(`,${name},`)) return undefined;
      seen += `${name},`;
      fields[name] = decodeUtf8(unquote(cursor.value));
    }
    at = skipWhiteSpace(value, valueEnd, value.length);
    if (at < value.length && value.charCodeAt(at) !== 44) return undefined;
    at = skipWhiteSpace(value, at + 1, value.length);
  }
  return into;
}

/** A challenge as a header value. `qop` and `stale` are written only when not "". */
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
