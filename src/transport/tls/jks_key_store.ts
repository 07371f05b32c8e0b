/** Key stores of Java (JKS), the default of keytool before Java 9. */
import type { Buffer } from "node:buffer";
import { createPrivateKey, type KeyObject } from "node:crypto";
import type { KeyEntry, TrustedKeyEntry } from "jks-js";
import { KeyStoreError } from "./key_store_error.ts";
import type { StoreContents } from "./store_contents.ts";
import { StoredCertificate } from "./stored_certificate.ts";

type Jks = typeof import("jks-js");

/** Reads a store, and loads the library on first use. An empty password skips the integrity check, as in Java. */
export async function readJksStore(path: string, bytes: Buffer, password: string): Promise<StoreContents> {
  const { default: jks }: { default: Jks } = await import("jks-js");
  const entries = parse(jks, path, bytes, password);
  const keyEntries = entries.filter(isKeyEntry).map(({ alias, chain, protectedPrivateKey }) => ({
    alias,
    certificates: chain.map(({ value }) => toCertificate(path, alias, value)),
    privateKey: () => decrypt(jks, path, { alias, protectedPrivateKey, password }),
  }));
  const trusted = entries.filter(isTrustedEntry).map(({ alias, cert }) =>
    toCertificate(path, alias, cert.value)
  );
  // Like Java, trusts the certificate of a key entry as well, but not its chain.
  return {
    keys: keyEntries,
    trusted: [...trusted, ...keyEntries.flatMap((key) => key.certificates.slice(0, 1))],
  };
}

function parse(jks: Jks, path: string, bytes: Buffer, password: string): (KeyEntry | TrustedKeyEntry)[] {
  try {
    return jks.parseJks(bytes, password);
  } catch (error) {
    const isPassword = error instanceof Error && error.message.startsWith("Password verification");
    throw new KeyStoreError(
      path,
      isPassword ? "its password is wrong, or the JKS store is damaged" : "the JKS store is damaged",
    );
  }
}

function isKeyEntry(entry: KeyEntry | TrustedKeyEntry): entry is KeyEntry {
  return "protectedPrivateKey" in entry;
}

function isTrustedEntry(entry: KeyEntry | TrustedKeyEntry): entry is TrustedKeyEntry {
  return "cert" in entry;
}

function toCertificate(path: string, alias: string, bytes: Buffer): StoredCertificate {
  try {
    return new StoredCertificate(bytes);
  } catch {
    throw new KeyStoreError(path, `the certificate "${alias}" in it is damaged`);
  }
}

interface ProtectedKey {
  readonly alias: string;
  readonly protectedPrivateKey: Buffer;
  readonly password: string;
}

function decrypt(jks: Jks, path: string, { alias, protectedPrivateKey, password }: ProtectedKey): KeyObject {
  try {
    return createPrivateKey(jks.decrypt(protectedPrivateKey, password));
  } catch (error) {
    const isPassword = error instanceof Error && error.message === "Cannot recover key";
    const why = isPassword
      ? "has another password than the store; give both the same with keytool -keypasswd"
      : "is damaged or of a kind that cannot be read; RSA and EC can";
    throw new KeyStoreError(path, `the private key "${alias}" in it ${why}`);
  }
}
