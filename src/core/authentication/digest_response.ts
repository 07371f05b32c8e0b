/** The digest computation (RFC 7616 §3.4). */
import { hash } from "node:crypto";
import type { DigestAlgorithm } from "../../data/ha1.ts";
import type { DigestCredentials } from "../../message/digest.ts";
import { CredentialsField, type DigestFields } from "../../message/digest_fields.ts";
import { BoundedTextMap } from "../../runtime/bounded_map.ts";
import { equalsInConstantTime } from "../../runtime/mac.ts";
import { Md5 } from "../../runtime/md5.ts";

/** What a response is computed of, beside credentials. */
export interface DigestedRequest {
  readonly algorithm: DigestAlgorithm;
  readonly ha1: string;
  readonly method: string;
}

const { nonce, nc, cnonce, qop, uri, response } = CredentialsField;
/** Credentials whose middle is longer are hashed by node:crypto, which is faster then. */
const MAX_MIDDLE_LENGTH = 180;

const outer = new Md5();
const inner = new Md5();

/** Reports whether credentials have the right response for an `ha1`, in constant time. */
export function isRightResponse(credentials: DigestFields, request: DigestedRequest): boolean {
  const { algorithm, ha1, method } = request;
  if (algorithm !== "MD5" || lengthOf(credentials) > MAX_MIDDLE_LENGTH) {
    const expected = expectedResponse({
      nonce: credentials.value(nonce),
      nc: credentials.value(nc),
      cnonce: credentials.value(cnonce),
      qop: credentials.value(qop),
      uri: credentials.value(uri),
    }, request);
    return equalsInConstantTime(credentials.value(response).toLowerCase(), expected);
  }
  inner.begin().add(method).add(":");
  add(inner, credentials, uri);
  outer.begin().add(ha1).add(":");
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

function lengthOf(credentials: DigestFields): number {
  return credentials.end(nonce) - credentials.start(nonce) + credentials.end(cnonce) -
    credentials.start(cnonce) +
    credentials.end(uri) - credentials.start(uri);
}

function add(md5: Md5, credentials: DigestFields, field: number): void {
  if (credentials.isPlain(field)) md5.add(credentials.text, credentials.start(field), credentials.end(field));
  else md5.add(credentials.value(field));
}

/** Returns the `response` of credentials for the right `ha1`. */
export function expectedResponse(
  credentials: Pick<DigestCredentials, "nonce" | "nc" | "cnonce" | "qop" | "uri">,
  { algorithm, ha1, method }: DigestedRequest,
): string {
  const { nonce, nc, cnonce, qop, uri } = credentials;
  const ha2 = hashOfA2(algorithm, `${method}:${uri}`);
  const middle = qop === "" ? nonce : `${nonce}:${nc}:${cnonce}:${qop}`;
  return digest(algorithm, `${ha1}:${middle}:${ha2}`);
}

function digest(algorithm: DigestAlgorithm, text: string): string {
  return hash(algorithm === "MD5" ? "md5" : "sha256", text);
}

const MAX_HASHES = 4096;
const MAX_A2_LENGTH = 128;
/** H(A2) of SHA-256, because a few methods and URIs come again and again. */
const hashesOfA2 = new BoundedTextMap<string>(MAX_HASHES);

function hashOfA2(algorithm: DigestAlgorithm, a2: string): string {
  if (algorithm === "MD5" || a2.length > MAX_A2_LENGTH) return digest(algorithm, a2);
  let ha2 = hashesOfA2.get(a2);
  if (ha2 === undefined) {
    ha2 = digest(algorithm, a2);
    hashesOfA2.set(a2, ha2);
  }
  return ha2;
}
