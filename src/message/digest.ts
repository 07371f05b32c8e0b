/** Digest challenges and credentials (RFC 3261 §20.7, §20.44; RFC 7616, RFC 8760). */
import { CredentialsField, DigestFields } from "./digest_fields.ts";
import { splitValues } from "./header_rows.ts";
import { quote } from "./parameters.ts";

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

const CHALLENGE = ["realm", "nonce", "algorithm", "opaque", "qop", "stale", "domain"];

const credentials = DigestFields.ofCredentials();
const challenge = new DigestFields(CHALLENGE);

/** Parses `Digest username="…", …`; undefined for another scheme or a malformed value. */
export function parseDigestCredentials(value: string): DigestCredentials | undefined {
  if (!credentials.read(value)) return undefined;
  return {
    username: credentials.value(CredentialsField.username),
    realm: credentials.value(CredentialsField.realm),
    nonce: credentials.value(CredentialsField.nonce),
    uri: credentials.value(CredentialsField.uri),
    response: credentials.value(CredentialsField.response),
    algorithm: credentials.value(CredentialsField.algorithm),
    cnonce: credentials.value(CredentialsField.cnonce),
    opaque: credentials.value(CredentialsField.opaque),
    qop: credentials.value(CredentialsField.qop),
    nc: credentials.value(CredentialsField.nc),
    userhash: credentials.value(CredentialsField.userhash),
  };
}

/** Parses one `Digest realm="…", …` challenge; undefined for another scheme or a malformed value. */
export function parseDigestChallenge(value: string): ReceivedChallenge | undefined {
  if (!challenge.read(value)) return undefined;
  const [realm, nonce, algorithm, opaque, qop, stale, domain] = CHALLENGE.map((_, i) => challenge.value(i));
  const written = {
    realm: challenge.quoted(0),
    nonce: challenge.quoted(1),
    opaque: challenge.has(3) ? challenge.quoted(3) : undefined,
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
