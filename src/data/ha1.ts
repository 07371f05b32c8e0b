/** H(A1): everything secret about an account in one realm (RFC 7616 §3.4.2). */
import { hash } from "node:crypto";
import { equalsInConstantTime } from "../runtime/mac.ts";
import { Md5 } from "../runtime/md5.ts";

/** Algorithms that the server can offer, named as in RFC 8760. */
export const DIGEST_ALGORITHMS = ["MD5", "SHA-256"] as const;
export type DigestAlgorithm = (typeof DIGEST_ALGORITHMS)[number];

/** The hashes of an account in one realm, in lower case; at least one of the two. */
export interface Ha1 {
  readonly realm: string;
  /** 32 hexadecimal digits. */
  readonly md5: string | undefined;
  /** 64 hexadecimal digits. */
  readonly sha256: string | undefined;
}

/** An account with its secret, or with hashes of an unknown secret. */
export interface Credentials {
  readonly username: string;
  readonly secret: string | undefined;
  /** Empty where there is a secret. */
  readonly ha1: readonly Ha1[];
}

const md5 = new Md5();

/** Shared by all accounts with a secret, of which there may be many. */
export const NO_HA1: readonly Ha1[] = [];

/** Returns the hash; texts are hashed as UTF-8. */
export function hashOfA1(
  algorithm: DigestAlgorithm,
  account: { username: string; realm: string; secret: string },
): string {
  const { username, realm, secret } = account;
  return algorithm === "MD5"
    ? md5.begin().add(username).add(":").add(realm).add(":").add(secret).digits()
    : hash("sha256", `${username}:${realm}:${secret}`);
}

/** Returns the given hash for a realm and an algorithm; undefined when there is none. */
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

/** Reports whether two versions of an account have the same secret, or the same hashes. */
export function isSameSecret(a: Credentials, b: Credentials): boolean {
  if (a.secret !== undefined && b.secret !== undefined) return a.secret === b.secret;
  if (a.secret !== undefined) return b.ha1.every((ha1) => isHashOf(ha1, a.username, a.secret!));
  if (b.secret !== undefined) return a.ha1.every((ha1) => isHashOf(ha1, b.username, b.secret!));
  return a.ha1.length === b.ha1.length && a.ha1.every((ha1, i) => {
    const other = b.ha1[i];
    return ha1.realm === other.realm && ha1.md5 === other.md5 && ha1.sha256 === other.sha256;
  });
}

/** Reports whether all hashes of a realm belong to a secret. Takes the same time for every wrong secret. */
export function isHashOf({ realm, md5, sha256 }: Ha1, username: string, secret: string): boolean {
  const account = { username, realm, secret };
  return (md5 === undefined || equalsInConstantTime(md5, hashOfA1("MD5", account))) &&
    (sha256 === undefined || equalsInConstantTime(sha256, hashOfA1("SHA-256", account)));
}
