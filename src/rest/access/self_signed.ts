/** The certificate that the service makes for itself when none is configured. */
import { systemClock } from "../../runtime/clock.ts";
import { Buffer } from "node:buffer";
import { createPrivateKey, generateKeyPair, randomBytes } from "node:crypto";
import { isIP } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { randomToken } from "../../runtime/random.ts";
import { StoredCertificate } from "../../transport/tls/stored_certificate.ts";
import type { ForgeCertificates } from "./node_forge_certificates.d.ts";

const FILE = "api-cert.pem";
const LIFETIME_DAYS = 730;
/** A new certificate is made this long before the end of the old one. */
const RENEWAL_DAYS = 30;
const DAY_MS = 86_400_000;
const SUBJECT = [{ name: "commonName", value: "routr REST service" }];
/** `GeneralName` (RFC 5280 §4.2.1.6). */
const DNS_NAME = 2;
const IP_ADDRESS = 7;
/** Host names (RFC 1123 §2.1), with the underscore of container names. */
const HOST_NAME = /^(?=.{1,253}$)(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(?:\.(?!$)|$))+$/;
const KEY = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----/;

/**
 * Returns the path of a PEM file with a key and its certificate, readable by its owner only. Makes the file when the
 * folder has no valid one. Rejects when the folder cannot be written.
 * @param names hosts, and addresses without brackets
 * @param now milliseconds since 1970
 */
export async function ensureCertificate(
  directory: string,
  names: readonly string[],
  now = systemClock.wallTime(),
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

/** Reports whether key and certificate are complete, match, and stay valid for the time of renewal. */
function isGood(text: string, now: number): boolean {
  try {
    const certificate = new StoredCertificate(text);
    const [key] = KEY.exec(text) ?? [""];
    return certificate.checkPrivateKey(createPrivateKey(key)) &&
      Date.parse(certificate.validFrom) <= now &&
      Date.parse(certificate.validTo) > now + RENEWAL_DAYS * DAY_MS;
  } catch {
    return false;
  }
}

/**
 * Makes a certificate for two years from `now`, in milliseconds since 1970, without names that it cannot hold. Both are in
 * PEM; the key is PKCS#8 without a password.
 */
export async function selfSignedCertificate(
  names: readonly string[],
  now = systemClock.wallTime(),
): Promise<{ certificate: string; key: string }> {
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
  // The clock of a client may be slow.
  certificate.validity.notBefore = new Date(now - DAY_MS);
  certificate.validity.notAfter = new Date(now + LIFETIME_DAYS * DAY_MS);
  certificate.setSubject(SUBJECT);
  certificate.setIssuer(SUBJECT);
  // Not an authority, so that trusting it means trusting this service alone. webpki refuses a server whose certificate is
  // an authority's; OpenSSL one that signs itself against its own key usage.
  certificate.setExtensions([
    { name: "basicConstraints", cA: false, critical: true },
    { name: "extKeyUsage", serverAuth: true },
    { name: "subjectAltName", altNames: alternativeNames(names) },
  ]);
  certificate.sign(signer, forge.md.sha256.create());
  return { certificate: forge.pki.certificateToPem(certificate), key };
}

/** Returns a positive random number: clients refuse a second certificate with the same issuer and number. */
function serialNumber(): string {
  return `01${Buffer.from(randomBytes(15)).toString("hex")}`;
}

/** Returns entries without the zone of IPv6 addresses (RFC 4007 §11). */
function alternativeNames(names: readonly string[]): object[] {
  const plain = new Set(names.map((name) => name.replace(/%.*/, "")));
  return [...plain].flatMap((name): object[] => {
    if (isIP(name) !== 0) return [{ type: IP_ADDRESS, ip: name }];
    return HOST_NAME.test(name) ? [{ type: DNS_NAME, value: name }] : [];
  });
}
