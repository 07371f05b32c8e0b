/** H(A1): all that is secret about an account in one realm (RFC 7616 §3.4.2). */
import { Buffer } from "node:buffer";
import { hash, timingSafeEqual } from "node:crypto";

/** Algorithms that can be offered, as RFC 8760 names them. */
export type DigestAlgorithm = "MD5" | "SHA-256";

/** The hashes of an account in one realm, in lower case; at least one of the two. */
export interface Ha1 {
  readonly realm: string;
  /** 32 hexadecimal digits. */
  readonly md5: string | undefined;
  /** 64 hexadecimal digits. */
  readonly sha256: string | undefined;
}

/** An account with its secret; or with hashes of it, and then the secret itself is known to nobody here. */
export interface Credentials {
  readonly username: string;
  readonly secret: string | undefined;
  /** Empty where there is a secret. */
  readonly ha1: readonly Ha1[];
}

/** One for all accounts that have a secret: there may be very many. */
export const NO_HA1: readonly Ha1[] = [];

/** The hash itself; texts are hashed as UTF-8. */
export function hashOfA1(
  algorithm: DigestAlgorithm,
  account: { username: string; realm: string; secret: string },
): string {
  const text = `${account.username}:${account.realm}:${account.secret}`;
  return hash(algorithm === "MD5" ? "md5" : "sha256", text);
}

/** The given hash for a realm and an algorithm; undefined when there is none. */
export function findHa1(
  list: readonly Ha1[],
  { algorithm, realm }: { algorithm: DigestAlgorithm; realm: string },
): string | undefined {
  for (const ha1 of list) {
    if (ha1.realm !== realm) continue;
    const found = algorithm === "MD5" ? ha1.md5 : ha1.sha256;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether two versions of one account have the same secret, whether it is given or only its hashes are. */
export function isSameSecret(a: Credentials, b: Credentials): boolean {
  if (a.secret !== undefined && b.secret !== undefined) return a.secret === b.secret;
  if (a.secret !== undefined) return b.ha1.every((ha1) => isHashOf(ha1, a.username, a.secret!));
  if (b.secret !== undefined) return a.ha1.every((ha1) => isHashOf(ha1, b.username, b.secret!));
  return a.ha1.length === b.ha1.length && a.ha1.every((ha1, i) => {
    const other = b.ha1[i];
    return ha1.realm === other.realm && ha1.md5 === other.md5 && ha1.sha256 === other.sha256;
  });
}

/** Whether all hashes of a realm are those of a secret. Takes the same time for every wrong secret. */
export function isHashOf({ realm, md5, sha256 }: Ha1, username: string, secret: string): boolean {
  const account = { username, realm, secret };
  return (md5 === undefined || equalHashes(md5, hashOfA1("MD5", account))) &&
    (sha256 === undefined || equalHashes(sha256, hashOfA1("SHA-256", account)));
}

/** In a time that does not depend on where they differ. */
function equalHashes(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
