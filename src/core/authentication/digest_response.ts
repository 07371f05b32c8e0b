/** The digest computation (RFC 7616 §3.4). */
import { hash } from "node:crypto";
import type { DigestAlgorithm } from "../../data/ha1.ts";
import type { DigestCredentials } from "../../message/digest.ts";
import { CredentialsField, type DigestFields } from "../../message/digest_fields.ts";
import { equalsInConstantTime } from "../../runtime/mac.ts";
import { Md5 } from "../../runtime/md5.ts";
import { Sha256 } from "../../runtime/sha256.ts";
import type { TextHash } from "../../runtime/text_hash.ts";

/** What a response is computed of, beside credentials. */
export interface DigestedRequest {
  readonly algorithm: DigestAlgorithm;
  readonly ha1: string;
  readonly method: string;
}

const { nonce, nc, cnonce, qop, uri, response } = CredentialsField;
/** Longer nonces, cnonces and URIs are hashed by node:crypto, which is faster then. */
const MAX_LENGTH = 180;

/** A hash of everything, and one of A2. */
const HASHES = {
  "MD5": { outer: new Md5(), inner: new Md5() },
  "SHA-256": { outer: new Sha256(), inner: new Sha256() },
} as const;

/** Reports whether credentials have the right response for an `ha1`, in constant time. */
export function isRightResponse(credentials: DigestFields, request: DigestedRequest): boolean {
  if (
    lengthOf(credentials, nonce) + lengthOf(credentials, cnonce) + lengthOf(credentials, uri) > MAX_LENGTH
  ) {
    return isRightLongResponse(credentials, request);
  }
  const { outer, inner } = HASHES[request.algorithm];
  inner.begin().add(request.method).add(":");
  add(inner, credentials, uri);
  outer.begin().add(request.ha1).add(":");
  add(outer, credentials, nonce);
  if (!credentials.isEmpty(qop)) {
    outer.add(":");
    add(outer, credentials, nc);
    outer.add(":");
    add(outer, credentials, cnonce);
    outer.add(":");
    add(outer, credentials, qop);
  }
  outer.add(":").addDigitsOf(inner);
  return outer.isWrittenIn(credentials.text, credentials.start(response), credentials.end(response));
}

function isRightLongResponse(credentials: DigestFields, request: DigestedRequest): boolean {
  const expected = expectedResponse({
    nonce: credentials.value(nonce),
    nc: credentials.value(nc),
    cnonce: credentials.value(cnonce),
    qop: credentials.value(qop),
    uri: credentials.value(uri),
  }, request);
  return equalsInConstantTime(credentials.value(response).toLowerCase(), expected);
}

function lengthOf(credentials: DigestFields, field: number): number {
  return credentials.end(field) - credentials.start(field);
}

function add(hash: TextHash, credentials: DigestFields, field: number): void {
  if (credentials.isPlain(field)) {
    hash.add(credentials.text, credentials.start(field), credentials.end(field));
  } else hash.add(credentials.value(field));
}

/** Returns the `response` of credentials for the right `ha1`. */
export function expectedResponse(
  credentials: Pick<DigestCredentials, "nonce" | "nc" | "cnonce" | "qop" | "uri">,
  { algorithm, ha1, method }: DigestedRequest,
): string {
  const { nonce, nc, cnonce, qop, uri } = credentials;
  const name = algorithm === "MD5" ? "md5" : "sha256";
  const middle = qop === "" ? nonce : `${nonce}:${nc}:${cnonce}:${qop}`;
  return hash(name, `${ha1}:${middle}:${hash(name, `${method}:${uri}`)}`);
}
