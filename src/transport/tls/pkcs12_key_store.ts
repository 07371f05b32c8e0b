/** PKCS#12 stores (RFC 7292) of openssl, keytool since Java 9, and Windows. */
import { Buffer } from "node:buffer";
import { createPrivateKey, type KeyObject, pbkdf2Sync } from "node:crypto";
import { chainOf, findLeaf } from "./certificate_chain.ts";
import { KeyStoreError } from "./key_store_error.ts";
import type { Asn1, NodeForge, SafeBag } from "./node_forge.d.ts";
import type { StoreContents, StoredKey } from "./store_contents.ts";
import { StoredCertificate } from "./stored_certificate.ts";

/** The mark of Java for trusted certificates. */
const TRUSTED_KEY_USAGE = "2.16.840.1.113894.746875.1.1";
/** The type of a certificate bag (RFC 7292 §4.2). */
const CERTIFICATE_BAG = "1.2.840.113549.1.12.10.1.3";

/** Reads a store, and loads the library on first use. */
export async function readPkcs12Store(path: string, bytes: Buffer, password: string): Promise<StoreContents> {
  const forge = await loadForge();
  const bags = open(forge, path, bytes, password);
  const certificateBags = bags.filter(({ type }) => type === CERTIFICATE_BAG);
  const certificates = certificateBags.map((bag) => toCertificate(forge, path, bag));
  const keys = bags.filter(holdsKey).map((bag, index): StoredKey => ({
    alias: bag.attributes.friendlyName?.[0] ?? `number ${index + 1}`,
    certificates,
    privateKey: () => toPrivateKey(forge, path, bag),
  }));
  const isMarked = (index: number) => certificateBags[index].attributes.trustedKeyUsage !== undefined;
  return { keys, trusted: trustedOf(keys, certificates, isMarked) };
}

async function loadForge(): Promise<NodeForge> {
  const { default: forge }: { default: NodeForge } = await import("node-forge");
  forge.pki.oids[TRUSTED_KEY_USAGE] = "trustedKeyUsage";
  // The function of the library blocks the thread six times as long, and lacks UTF-8 (RFC 8018 §3).
  forge.pkcs5.pbkdf2 = (password, salt, iterations, length, { algorithm }) =>
    pbkdf2Sync(password, Buffer.from(salt, "latin1"), iterations, length, algorithm).toString("latin1");
  return forge;
}

function open(forge: NodeForge, path: string, bytes: Buffer, password: string): SafeBag[] {
  try {
    const store = forge.asn1.fromDer(bytes.toString("latin1"), { strict: false });
    return forge.pkcs12.pkcs12FromAsn1(store, false, password).safeContents.flatMap(({ safeBags }) =>
      safeBags
    );
  } catch (error) {
    const isPassword = error instanceof Error && /password|decrypt/i.test(error.message);
    throw new KeyStoreError(
      path,
      isPassword
        ? "its password is wrong, or the PKCS#12 store is damaged"
        // Without a digest of the store, a wrong password cannot be told from damage.
        : "its password is wrong, or the PKCS#12 store is damaged or protected in an unsupported way",
    );
  }
}

function holdsKey({ key, asn1, type }: SafeBag): boolean {
  return type !== CERTIFICATE_BAG && (key ?? asn1) !== undefined;
}

function toCertificate(forge: NodeForge, path: string, { cert, asn1 }: SafeBag): StoredCertificate {
  try {
    return new StoredCertificate(toDer(forge, cert ? forge.pki.certificateToAsn1(cert) : asn1));
  } catch {
    throw new KeyStoreError(path, "a certificate in it is damaged");
  }
}

function toPrivateKey(forge: NodeForge, path: string, { key, asn1 }: SafeBag): KeyObject {
  try {
    return key
      ? createPrivateKey({ key: toDer(forge, forge.pki.privateKeyToAsn1(key)), format: "der", type: "pkcs1" })
      : createPrivateKey({ key: toDer(forge, asn1), format: "der", type: "pkcs8" });
  } catch {
    throw new KeyStoreError(path, "a private key in it is damaged or of a kind that cannot be read");
  }
}

function toDer(forge: NodeForge, value: Asn1 | undefined): Buffer {
  if (!value) throw new TypeError("Expected a bag with a value");
  return Buffer.from(forge.asn1.toDer(value).getBytes(), "latin1");
}

/** Like Java, trusts marked certificates and those of keys, not their chains; other programs mark nothing. */
function trustedOf(
  keys: readonly StoredKey[],
  certificates: readonly StoredCertificate[],
  isMarked: (index: number) => boolean,
): StoredCertificate[] {
  const leaves = new Set<StoredCertificate>();
  const chained = new Set<StoredCertificate>();
  for (const { privateKey } of keys) {
    const leaf = findLeaf(privateKey(), certificates);
    if (!leaf) continue;
    leaves.add(leaf);
    for (const certificate of chainOf(leaf, certificates)) chained.add(certificate);
  }
  return certificates.filter((certificate, index) =>
    isMarked(index) || leaves.has(certificate) || !chained.has(certificate)
  );
}
