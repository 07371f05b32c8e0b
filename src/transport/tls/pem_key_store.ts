/** Certificates and private keys in PEM (RFC 7468, and the older forms of private keys). */
import type { Buffer } from "node:buffer";
import { createPrivateKey, type KeyObject } from "node:crypto";
import { KeyStoreError } from "./key_store_error.ts";
import type { StoreContents, StoredKey } from "./store_contents.ts";
import { StoredCertificate } from "./stored_certificate.ts";

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----\s[^-]*(?:-(?!----)[^-]*)*-----END \1-----/g;
const CERTIFICATE_LABELS: ReadonlySet<string> = new Set(["CERTIFICATE", "X509 CERTIFICATE"]);

export function readPemStore(path: string, bytes: Buffer, password: string): StoreContents {
  const certificates = readCertificates(path, bytes);
  return { keys: readPrivateKeys(path, bytes, password, certificates), trusted: certificates };
}

/** Reads the private keys of a file, for certificates that may be in another. */
export function readPrivateKeys(
  path: string,
  bytes: Buffer,
  password: string,
  certificates: readonly StoredCertificate[],
): StoredKey[] {
  const blocks = blocksOf(bytes).filter(({ label }) => label.endsWith("PRIVATE KEY"));
  return blocks.map(({ text }, index) => ({
    alias: `number ${index + 1}`,
    certificates,
    privateKey: () => decrypt(path, text, password),
  }));
}

function readCertificates(path: string, bytes: Buffer): StoredCertificate[] {
  const blocks = blocksOf(bytes).filter(({ label }) => CERTIFICATE_LABELS.has(label));
  return blocks.map(({ text }, index) => {
    try {
      return new StoredCertificate(text);
    } catch {
      throw new KeyStoreError(path, `certificate ${index + 1} in it is damaged`);
    }
  });
}

function blocksOf(bytes: Buffer): { label: string; text: string }[] {
  return [...bytes.toString("latin1").matchAll(BLOCK)].map(([text, label]) => ({ label, text }));
}

function decrypt(path: string, text: string, password: string): KeyObject {
  const isEncrypted = /^-----BEGIN ENCRYPTED |^Proc-Type: *4, *ENCRYPTED/m.test(text);
  try {
    return createPrivateKey({ key: text, passphrase: isEncrypted ? password : undefined });
  } catch (error) {
    throw new KeyStoreError(path, isEncrypted ? whyEncrypted(error) : "the private key in it is damaged");
  }
}

function whyEncrypted(error: unknown): string {
  if (error instanceof Error && error.message.includes("bad decrypt")) {
    return "the password of the private key is wrong";
  }
  return "the private key cannot be decrypted: the password is wrong, or its encryption is not " +
    "supported (convert the key with: openssl pkcs8 -topk8 -v2 aes256)";
}
