/** The digest computation (RFC 7616 §3.4). */
import { hash } from "node:crypto";
import type { DigestAlgorithm } from "../../data/ha1.ts";
import type { DigestCredentials } from "../../message/digest.ts";
import { BoundedMap } from "../../runtime/bounded_map.ts";

function digest(algorithm: DigestAlgorithm, text: string): string {
  return hash(algorithm === "MD5" ? "md5" : "sha256", text);
}

/** Returns the `response` of credentials for the right `ha1`. */
export function expectedResponse(credentials: DigestCredentials, request: {
  algorithm: DigestAlgorithm;
  ha1: string;
  method: string;
}): string {
  const { nonce, nc, cnonce, qop, uri } = credentials;
  const ha2 = hashOfA2(request.algorithm, `${request.method}:${uri}`);
  const middle = qop === "" ? nonce : `${nonce}:${nc}:${cnonce}:${qop}`;
  return digest(request.algorithm, `${request.ha1}:${middle}:${ha2}`);
}

const MAX_HASHES = 4096;
/** H(A2) by algorithm, because a few methods and URIs come again and again. */
const hashesOfA2 = {
  "MD5": new BoundedMap<string, string>(MAX_HASHES),
  "SHA-256": new BoundedMap<string, string>(MAX_HASHES),
};
const MAX_A2_LENGTH = 128;

function hashOfA2(algorithm: DigestAlgorithm, a2: string): string {
  const known = hashesOfA2[algorithm];
  let ha2 = known.get(a2);
  if (ha2 !== undefined) return ha2;
  ha2 = digest(algorithm, a2);
  if (a2.length <= MAX_A2_LENGTH) known.set(a2, ha2);
  return ha2;
}
