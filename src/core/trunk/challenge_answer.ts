/** Answers to digest challenges, as a client (§22.2, §22.3; RFC 7616 §3.4, RFC 8760). */
import { hash } from "node:crypto";
// @ts-types="./sip_digest.d.ts"
import { calculateDigest, calculateHA1 } from "sip/digest";
import { type Credentials, type DigestAlgorithm, findHa1, hashOfA1 } from "../../data/ha1.ts";
import { decodeUtf8, encodeUtf8 } from "../../message/characters.ts";
import { parseDigestChallenges, type ReceivedChallenge } from "../../message/digest.ts";
import { Header } from "../../message/header_name.ts";
import { quote } from "../../message/parameters.ts";
import type { SipResponse } from "../../message/sip_message.ts";
import { randomToken } from "../../runtime/random.ts";
import { expectedResponse } from "../authentication/digest_response.ts";

/** Credentials for a challenge. */
export interface ChallengeAnswer {
  /** Authorization answers WWW-Authenticate, Proxy-Authorization answers Proxy-Authenticate. */
  readonly name: "Authorization" | "Proxy-Authorization";
  /** The whole header line with its CRLF. */
  readonly line: string;
  readonly realm: string;
  readonly nonce: string;
  /** True when the challenge says that the nonce was too old, rather than the credentials wrong. */
  readonly isStale: boolean;
}

/** The challenged request as it will be sent again. */
export interface ChallengedRequest {
  readonly method: string;
  /** The Request-URI. */
  readonly uri: string;
  readonly body: string;
}

/** Challenges of one response that are examined. */
const MAX_CHALLENGES = 16;

/** Every answer has a new cnonce, so its count is 1 (RFC 7616 §3.4). */
const FIRST_COUNT = "00000001";

/**
 * Returns credentials for the challenges of a 401 or 407: one for each accepted realm, by its topmost Digest challenge with
 * MD5, MD5-sess or SHA-256. A response may contain challenges of several servers and of both kinds (§22.3). Never throws.
 */
export function answerChallenges(
  response: SipResponse,
  request: ChallengedRequest,
  account: Credentials,
  accepts: (realm: string) => boolean,
): ChallengeAnswer[] {
  const answers: ChallengeAnswer[] = [];
  for (const { name, challenge } of challengesOf(response)) {
    const { realm, nonce } = challenge;
    if (nonce === "" || answers.some((other) => other.name === name && other.realm === realm)) continue;
    if (!accepts(realm)) continue;
    const credentials = answer(challenge, request, account);
    if (credentials === undefined) continue;
    const isStale = /^true$/i.test(challenge.stale);
    answers.push({ name, line: `${name}: ${credentials}\r\n`, realm, nonce, isStale });
  }
  return answers;
}

/** A Digest challenge, and the header field that answers it. */
interface NamedChallenge {
  readonly name: ChallengeAnswer["name"];
  readonly challenge: ReceivedChallenge;
}

/** Returns the Digest challenges of a response in their order, first those that fit its status. */
function challengesOf(response: SipResponse): NamedChallenge[] {
  if (response.status !== 401 && response.status !== 407) return [];
  const kinds = [
    { id: Header.WwwAuthenticate, name: "Authorization" },
    { id: Header.ProxyAuthenticate, name: "Proxy-Authorization" },
  ] as const;
  return (response.status === 401 ? kinds : [kinds[1], kinds[0]])
    .flatMap(({ id, name }) =>
      response.rowValues(id)
        .slice(0, MAX_CHALLENGES)
        .flatMap(parseDigestChallenges)
        .map((challenge) => ({ name, challenge }))
    )
    .slice(0, MAX_CHALLENGES);
}

/** Explains which hash an account lacks for a challenge; undefined when it lacks none. */
export function missingHash(response: SipResponse, account: Credentials): string | undefined {
  for (const { challenge: { realm, algorithm: name } } of challengesOf(response)) {
    const algorithm = algorithmOf(name);
    if (algorithm === undefined || ha1Of(account, { realm, algorithm }) !== undefined) continue;
    return `there is no ${algorithm} hash for realm "${realm}" in spec.credentials.ha1`;
  }
  return undefined;
}

/** Parses an algorithm in any case: some servers write MD5 in lower case, and compare it with what comes back. */
function algorithmOf(name: string): DigestAlgorithm | undefined {
  return /^(?:md5(?:-sess)?)?$/i.test(name) ? "MD5" : /^sha-256$/i.test(name) ? "SHA-256" : undefined;
}

function ha1Of(
  { username, secret, ha1 }: Credentials,
  key: { realm: string; algorithm: DigestAlgorithm },
): string | undefined {
  if (secret === undefined) return findHa1(ha1, key);
  return hashOfA1(key.algorithm, { username, realm: key.realm, secret });
}

/** Returns the value of the header; undefined when the challenge asks for something unsupported. */
function answer(
  challenge: ReceivedChallenge,
  request: ChallengedRequest,
  account: Credentials,
): string | undefined {
  const { realm, nonce, written } = challenge;
  const algorithm = algorithmOf(challenge.algorithm);
  const ha1 = algorithm && ha1Of(account, { realm, algorithm });
  const isSession = /-sess$/i.test(challenge.algorithm);
  const qop = chooseQop(challenge.qop, request.body);
  if (ha1 === undefined || qop === undefined || isSession && qop === "") return undefined;
  const input: DigestInput = {
    method: request.method,
    uri: decodeUtf8(request.uri),
    nonce,
    nc: qop === "" ? "" : FIRST_COUNT,
    cnonce: qop === "" ? "" : randomToken(),
    qop,
    entity: decodeUtf8(request.body),
  };
  const response = algorithm === "MD5" ? respondMd5(input, ha1, isSession) : respondSha256(input, ha1);
  let value = `Digest username=${quoted(account.username)},realm=${written.realm},nonce=${written.nonce}` +
    `,uri=${quote(request.uri)},response="${response}"`;
  if (challenge.algorithm !== "") value += `,algorithm=${challenge.algorithm}`;
  if (written.opaque !== undefined) value += `,opaque=${written.opaque}`;
  if (qop !== "") value += `,cnonce="${input.cnonce}",qop=${qop},nc=${input.nc}`;
  return value;
}

/** The input of a digest besides the account, as decoded text. */
interface DigestInput {
  readonly method: string;
  readonly uri: string;
  readonly nonce: string;
  readonly nc: string;
  readonly cnonce: string;
  readonly qop: "" | "auth" | "auth-int";
  readonly entity: string;
}

function respondMd5(input: DigestInput, userhash: string, isSession: boolean): string {
  const { nonce, cnonce } = input;
  const ha1 = calculateHA1({ userhash, algorithm: isSession ? "md5-sess" : "md5", nonce, cnonce });
  return calculateDigest({ ...input, ha1 });
}

function respondSha256(input: DigestInput, ha1: string): string {
  const { method, nonce, nc, cnonce, qop, entity } = input;
  // With auth-int, A2 ends with the hash of the body (RFC 7616 §3.4.3).
  const uri = qop === "auth-int" ? `${input.uri}:${hash("sha256", entity)}` : input.uri;
  const rest = { username: "", realm: "", response: "", algorithm: "", opaque: "", userhash: "" };
  return expectedResponse({ ...rest, nonce, uri, nc, cnonce, qop }, { algorithm: "SHA-256", ha1, method });
}

/**
 * Returns the quality of protection for an offer such as `auth,auth-int`; "" when nothing is offered (RFC 2069). Bodies are
 * hashed as text, so auth-int needs a body in UTF-8.
 */
function chooseQop(offer: string, body: string): DigestInput["qop"] | undefined {
  if (offer === "") return "";
  const offered = offer.toLowerCase().split(",").map((qop) => qop.trim());
  if (offered.includes("auth")) return "auth";
  return offered.includes("auth-int") && encodeUtf8(decodeUtf8(body)) === body ? "auth-int" : undefined;
}

/** Returns a quoted string as it is sent. */
function quoted(text: string): string {
  return quote(encodeUtf8(text));
}
