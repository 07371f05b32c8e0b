/** The certificate that the service makes for itself at its first start, when it is given none. */
import { Buffer } from "node:buffer";
import { createPrivateKey, generateKeyPair, randomBytes } from "node:crypto";
import { isIP } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { randomToken } from "../../runtime/random.ts";
import { StoredCertificate } from "../../transport/tls/stored_certificate.ts";
import type { ForgeCertificates } from "./node_forge_certificates.d.ts";

const FILE = "api-cert.pem";
const DAYS = 730;
/** It is made anew so many days before its end. */
const RENEWAL_DAYS = 30;
const DAY = 86_400_000;
const SUBJECT = [{ name: "commonName", value: "routr REST service" }];
/** `GeneralName` (RFC 5280 §4.2.1.6). */
const DNS_NAME = 2;
const IP_ADDRESS = 7;
/** A host name whose labels all clients can read (RFC 1123 §2.1), and the underscore of containers. */
const HOST_NAME = /^(?=.{1,253}$)(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(?:\.(?!$)|$))+$/;
const KEY = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----/;

/** In PEM; the key is PKCS#8 without a password. */
export interface SelfSigned {
  readonly certificate: string;
  readonly key: string;
}

/**
 * Path of a PEM file with a key and its certificate for `names`, readable by its owner only: what is in the folder, or
 * else a new one. Rejects when the folder cannot be written.
 * @param names hosts, and addresses without brackets
 * @param now milliseconds since 1970
 */
export async function ensureCertificate(
  directory: string,
  names: readonly string[],
  now = Date.now(),
): Promise<string> {
  const path = join(directory, FILE);
  if (isGood(await Deno.readTextFile(path).catch(() => ""), now)) return path;
  const { certificate, key } = await selfSignedCertificate(names, now);
  await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
  const draft = `${path}.${randomToken()}`;
  try {
    await Deno.writeTextFile(draft, certificate + key, { mode: 0o600, createNew: true });
    await Deno.rename(draft, path);
  } catch (error) {
    await Deno.remove(draft).catch(() => undefined);
    throw error;
  }
  return path;
}

/** Whether key and certificate are whole, belong to each other, and are good for some time. */
function isGood(text: string, now: number): boolean {
  try {
    const certificate = new StoredCertificate(text);
    const [key] = KEY.exec(text) ?? [""];
    return certificate.checkPrivateKey(createPrivateKey(key)) &&
      Date.parse(certificate.validFrom) <= now &&
      Date.parse(certificate.validTo) > now + RENEWAL_DAYS * DAY;
  } catch {
    return false;
  }
}

/** For two years from `now` on, milliseconds since 1970. Names that no certificate can hold are left out. */
export async function selfSignedCertificate(names: readonly string[], now = Date.now()): Promise<SelfSigned> {
  const { default: forge } = await import("node-forge") as unknown as { default: ForgeCertificates };
  const { privateKey: key } = await promisify(generateKeyPair)("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const signer = forge.pki.privateKeyFromPem(key);
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.setRsaPublicKey(signer.n, signer.e);
  certificate.serialNumber = serialNumber();
  // Clocks of clients may be late.
  certificate.validity.notBefore = new Date(now - DAY);
  certificate.validity.notAfter = new Date(now + DAYS * DAY);
  certificate.setSubject(SUBJECT);
  certificate.setIssuer(SUBJECT);
  // Not an authority: whoever trusts it trusts this service and nothing that it might sign. Some clients (webpki) refuse
  // a server whose certificate is an authority's; others (OpenSSL) one that signs itself against its own key usage.
  certificate.setExtensions([
    { name: "basicConstraints", cA: false, critical: true },
    { name: "extKeyUsage", serverAuth: true },
    { name: "subjectAltName", altNames: alternativeNames(names) },
  ]);
  certificate.sign(signer, forge.md.sha256.create());
  return { certificate: forge.pki.certificateToPem(certificate), key };
}

/** Positive, and never the same again: clients refuse another certificate with the same issuer and number. */
function serialNumber(): string {
  return `01${Buffer.from(randomBytes(15)).toString("hex")}`;
}

/** An interface is no part of the address that it has there (RFC 4007 §11). */
function alternativeNames(names: readonly string[]): object[] {
  const plain = new Set(names.map((name) => name.replace(/%.*/, "")));
  return [...plain].flatMap((name): object[] => {
    if (isIP(name) !== 0) return [{ type: IP_ADDRESS, ip: name }];
    return HOST_NAME.test(name) ? [{ type: DNS_NAME, value: name }] : [];
  });
}
