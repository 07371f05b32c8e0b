/** Answers to the digest challenges that we get as a client (§22.2, §22.3; RFC 7616 §3.4, RFC 8760). */
import { hash } from "node:crypto";
// @ts-types="./sip_digest.d.ts"
import { calculateDigest, calculateHA1 } from "sip/digest";
import { decodeUtf8, encodeUtf8 } from "../../message/characters.ts";
import { type DigestChallenge, parseDigestChallenges } from "../../message/digest.ts";
import { Header } from "../../message/header_name.ts";
import { quote } from "../../message/parameters.ts";
import type { SipResponse } from "../../message/sip_message.ts";
import { randomToken } from "../../runtime/random.ts";
import { expectedResponse, hashOfA1 } from "../digest_response.ts";

/** Credentials for a challenge. */
export interface ChallengeAnswer {
  /** One header line, its CRLF included: Authorization for a 401, Proxy-Authorization for a 407. */
  readonly line: string;
  readonly realm: string;
  readonly nonce: string;
  /** Whether the challenge says that only the nonce was too old, not that the credentials were wrong. */
  readonly isStale: boolean;
}

/** The request that was challenged, as it will be sent again. */
export interface ChallengedRequest {
  readonly method: string;
  /** The Request-URI. */
  readonly uri: string;
  readonly body: string;
}

/** Whom a challenge asks for. */
export interface ChallengedAccount {
  readonly username: string;
  readonly secret: string;
}

/** Challenges of one response that are looked at. */
const MAX_CHALLENGES = 16;

/** Every answer has a cnonce of its own, so it is the first with it (RFC 7616 §3.4). */
const FIRST_COUNT = "00000001";

/**
 * Credentials for the topmost challenge of a 401 or 407 that can be answered: Digest with MD5, MD5-sess or SHA-256, for
 * a realm that `accepts` agrees to. Undefined when there is none. Whatever the response holds, nothing is thrown.
 */
export function answerChallenge(
  response: SipResponse,
  request: ChallengedRequest,
  account: ChallengedAccount,
  accepts: (realm: string) => boolean,
): ChallengeAnswer | undefined {
  for (const challenge of challengesOf(response)) {
    const { realm, nonce } = challenge;
    if (nonce === "" || !accepts(realm)) continue;
    const credentials = answer(challenge, request, account);
    if (credentials === undefined) continue;
    const name = response.status === 401 ? "Authorization" : "Proxy-Authorization";
    return { line: `${name}: ${credentials}\r\n`, realm, nonce, isStale: /^true$/i.test(challenge.stale) };
  }
  return undefined;
}

/** The Digest challenges of a response, in their order. */
function challengesOf(response: SipResponse): DigestChallenge[] {
  if (response.status !== 401 && response.status !== 407) return [];
  const id = response.status === 401 ? Header.WwwAuthenticate : Header.ProxyAuthenticate;
  return response.rowValues(id)
    .slice(0, MAX_CHALLENGES)
    .flatMap(parseDigestChallenges)
    .slice(0, MAX_CHALLENGES);
}

/** The value of the header; undefined when the challenge asks for what we do not know. */
function answer(
  challenge: DigestChallenge,
  request: ChallengedRequest,
  { username, secret }: ChallengedAccount,
): string | undefined {
  const { realm, nonce, opaque } = challenge;
  // Some servers call MD5 by its name in lower case, and compare it with what comes back.
  const algorithm = challenge.algorithm === "" ? "md5" : challenge.algorithm.toLowerCase();
  const qop = chooseQop(challenge.qop, request.body);
  if (qop === undefined || algorithm === "md5-sess" && qop === "") return undefined;
  const proof: Proof = {
    method: request.method,
    uri: decodeUtf8(request.uri),
    nonce,
    nc: qop === "" ? "" : FIRST_COUNT,
    cnonce: qop === "" ? "" : randomToken(),
    qop,
    entity: decodeUtf8(request.body),
  };
  const account = { username, realm, secret };
  let response: string;
  if (algorithm === "md5" || algorithm === "md5-sess") response = respondMd5(proof, account, algorithm);
  else if (algorithm === "sha-256") response = respondSha256(proof, account);
  else return undefined;
  let value = `Digest username=${quoted(username)},realm=${quoted(realm)},nonce=${quoted(nonce)}` +
    `,uri=${quote(request.uri)},response="${response}"`;
  if (challenge.algorithm !== "") value += `,algorithm=${challenge.algorithm}`;
  if (opaque !== "") value += `,opaque=${quoted(opaque)}`;
  if (qop !== "") value += `,cnonce="${proof.cnonce}",qop=${qop},nc=${proof.nc}`;
  return value;
}

/** What goes into the digest besides the account; as people read it, not as bytes. */
interface Proof {
  readonly method: string;
  readonly uri: string;
  readonly nonce: string;
  readonly nc: string;
  readonly cnonce: string;
  readonly qop: "" | "auth" | "auth-int";
  readonly entity: string;
}

type RealmAccount = ChallengedAccount & { readonly realm: string };

function respondMd5(proof: Proof, account: RealmAccount, algorithm: string): string {
  const { nonce, cnonce } = proof;
  const ha1 = calculateHA1({ userhash: hashOfA1("MD5", account), algorithm, nonce, cnonce });
  return calculateDigest({ ...proof, ha1 });
}

function respondSha256(proof: Proof, account: RealmAccount): string {
  const { username, realm } = account;
  const { method, nonce, nc, cnonce, qop, entity } = proof;
  // With auth-int, A2 is longer by the hash of the body (RFC 7616 §3.4.3).
  const uri = qop === "auth-int" ? `${proof.uri}:${hash("sha256", entity)}` : proof.uri;
  return expectedResponse(
    { username, realm, nonce, uri, nc, cnonce, qop, response: "", algorithm: "", opaque: "", userhash: "" },
    { algorithm: "SHA-256", ha1: hashOfA1("SHA-256", account), method },
  );
}

/**
 * The quality of protection for an offer such as `auth,auth-int`: "" where nothing is offered (RFC 2069). Bodies are
 * hashed as text, so that one that is no UTF-8 has no auth-int.
 */
function chooseQop(offer: string, body: string): Proof["qop"] | undefined {
  if (offer === "") return "";
  const offered = offer.toLowerCase().split(",").map((qop) => qop.trim());
  if (offered.includes("auth")) return "auth";
  return offered.includes("auth-int") && encodeUtf8(decodeUtf8(body)) === body ? "auth-int" : undefined;
}

/** A quoted string as it goes over the wire. */
function quoted(text: string): string {
  return quote(encodeUtf8(text));
}
