/** Reads a private key and its certificates from a JKS, PKCS#12 or PEM store (`spec.securityContext`). */
import type { Buffer } from "node:buffer";
import type { KeyObject } from "node:crypto";
import type { StoredCertificate } from "./stored_certificate.ts";
import { chainOf, findLeaf } from "./certificate_chain.ts";
import { readJksStore } from "./jks_key_store.ts";
import { KeyStoreError } from "./key_store_error.ts";
import { type KeyStoreType, keyStoreTypeOf, readKeyStoreFile, whyNoKeyStore } from "./key_store_file.ts";
import { readPemStore, readPrivateKeys } from "./pem_key_store.ts";
import { readPkcs12Store } from "./pkcs12_key_store.ts";
import type { StoreContents, StoredKey } from "./store_contents.ts";

/** The source of a key and its certificates. */
export interface KeyStoreSource {
  /** Path of a JKS or PKCS#12 store, or of a PEM chain, with its key unless `privateKey` is given. */
  readonly path: string;
  /** Password of the store and its key, or of an encrypted PEM key. */
  readonly password: string;
  /** Path of a private key in PEM. */
  readonly privateKey?: string;
}

/** A private key and its certificates, checked to belong together. */
export interface KeyEntry {
  /** The format found in the file. */
  readonly type: KeyStoreType;
  /** The leaf, then its issuers, in PEM. */
  readonly certificates: string;
  /** PKCS#8 in PEM, unencrypted. */
  readonly privateKey: string;
  readonly leaf: StoredCertificate;
  /** Aliases of unused keys in the store. */
  readonly ignored: readonly string[];
}

/** The source of certificates of authorities. */
export interface TrustStoreSource {
  readonly path: string;
  readonly password: string;
}

type StoreReader = (path: string, bytes: Buffer, password: string) => StoreContents | Promise<StoreContents>;

const READERS: Readonly<Record<KeyStoreType, StoreReader>> = {
  jks: readJksStore,
  pkcs12: readPkcs12Store,
  pem: readPemStore,
};

/** Kinds of keys, and curves, that TLS of the runtime supports. */
const USABLE_KEYS: ReadonlySet<string> = new Set(["rsa", "ec", "ed25519"]);
const USABLE_CURVES: ReadonlySet<string> = new Set([
  ...["prime256v1", "secp384r1", "secp521r1"],
  // Names in runtimes before Deno 2.8.
  ...["p256", "p384"],
]);

/**
 * Reads the key of a store; of several, the first usable one by alias. Dates are not checked. Rejects with a
 * KeyStoreError. Libraries for JKS and PKCS#12 are loaded on first use.
 */
export async function readKeyStore({ path, password, privateKey }: KeyStoreSource): Promise<KeyEntry> {
  const { type, contents } = await readStore(path, password);
  if (privateKey === undefined) return { type, ...chooseKey(path, contents.keys) };
  if (type !== "pem") {
    throw new KeyStoreError(path, `a PEM certificate was expected, for the key in "${privateKey}"`);
  }
  const bytes = await readKeyStoreFile(privateKey);
  const keys = readPrivateKeys(privateKey, bytes, password, contents.trusted);
  return { type, ...chooseKey(privateKey, keys, path) };
}

/**
 * Reads the certificates of authorities in PEM, each once, at least one. As in Java, the certificates of keys in a JKS or
 * PKCS#12 store are trusted, but not their chains. Rejects with a KeyStoreError.
 */
export async function readTrustStore({ path, password }: TrustStoreSource): Promise<string[]> {
  const { contents } = await readStore(path, password);
  const certificates = new Set(contents.trusted.map((certificate) => certificate.toString()));
  if (certificates.size === 0) throw new KeyStoreError(path, "there is no certificate in it");
  return [...certificates];
}

/** Reads a store. Rejects with a KeyStoreError. */
async function readStore(
  path: string,
  password: string,
): Promise<{ type: KeyStoreType; contents: StoreContents }> {
  const bytes = await readKeyStoreFile(path);
  const type = keyStoreTypeOf(bytes);
  if (!type) throw new KeyStoreError(path, whyNoKeyStore(bytes));
  return { type, contents: await READERS[type](path, bytes, password) };
}

/** @param certificatePath the file of the certificates, when the key is in another */
function chooseKey(
  path: string,
  keys: readonly StoredKey[],
  certificatePath: string = path,
): Omit<KeyEntry, "type"> {
  if (keys.length === 0) throw new KeyStoreError(path, "there is no private key in it");
  let firstFailure: KeyStoreError | undefined;
  for (const key of keys.toSorted(byAlias)) {
    try {
      const ignored = keys.filter((other) => other !== key).map(({ alias }) => alias).toSorted();
      return { ...openKey(path, key, certificatePath), ignored };
    } catch (error) {
      if (!(error instanceof KeyStoreError)) throw error;
      firstFailure ??= error;
    }
  }
  throw firstFailure;
}

function byAlias(one: StoredKey, other: StoredKey): number {
  if (one.alias === other.alias) return 0;
  return one.alias < other.alias ? -1 : 1;
}

function openKey(
  path: string,
  { alias, certificates, privateKey }: StoredKey,
  certificatePath: string,
): Omit<KeyEntry, "type" | "ignored"> {
  if (certificates.length === 0) throw new KeyStoreError(certificatePath, "there is no certificate in it");
  const key = privateKey();
  const kind = unusableKind(key);
  if (kind) {
    throw new KeyStoreError(path, `the key is ${kind}; TLS needs RSA, EC (P-256, P-384, P-521) or Ed25519`);
  }
  const leaf = findLeaf(key, certificates);
  if (!leaf) {
    const where = certificatePath === path ? "in it" : `in "${certificatePath}"`;
    throw new KeyStoreError(
      path,
      `the private key (${alias}) does not fit the certificate ${where} (${nameOf(certificates[0])})`,
    );
  }
  return {
    certificates: chainOf(leaf, certificates).map((certificate) => certificate.toString()).join(""),
    privateKey: key.export({ type: "pkcs8", format: "pem" }).toString(),
    leaf,
  };
}

/** Returns the kind of a key that TLS does not support, undefined for a supported one. */
function unusableKind({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string | undefined {
  if (asymmetricKeyType === undefined || !USABLE_KEYS.has(asymmetricKeyType)) {
    return asymmetricKeyType ?? "of no known kind";
  }
  const curve = asymmetricKeyDetails?.namedCurve;
  return curve === undefined || USABLE_CURVES.has(curve) ? undefined : curve;
}

function nameOf({ subject, fingerprint256 }: StoredCertificate): string {
  return subject ? subject.replaceAll("\n", ", ") : fingerprint256;
}
