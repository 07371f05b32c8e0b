/** Which servers are believed to be who they say they are. */
import { X509Certificate } from "node:crypto";
import type tls from "node:tls";

export interface Trust {
  /** Whoever answers is believed. */
  readonly isInsecure: boolean;
  /** In the place of the authorities that this computer knows: certificates in PEM. */
  readonly authorities?: string;
  /** Trusted besides, in PEM: authorities, and certificates of servers whatever name they are for. */
  readonly pinned: readonly string[];
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The certificates in a text that may hold a key as well; those that cannot be read are none. */
export function certificatesIn(pem: string): string[] {
  return (pem.match(CERTIFICATE) ?? []).filter(isReadable);
}

function isReadable(certificate: string): boolean {
  try {
    return fingerprintOf(certificate) !== "";
  } catch {
    return false;
  }
}

/** By which people compare certificates: SHA-256, in pairs of hexadecimal digits. */
export function fingerprintOf(certificate: string | Uint8Array): string {
  return new X509Certificate(certificate).fingerprint256;
}

export function isSelfSigned(certificate: string): boolean {
  const { issuer, subject } = new X509Certificate(certificate);
  return issuer === subject;
}

export function isSameCertificate(a: string, b: string): boolean {
  return fingerprintOf(a) === fingerprintOf(b);
}

/** One way to find a server trustworthy. */
export interface TrustAttempt {
  /** For `tls.connect`. */
  readonly options: tls.ConnectionOptions;
  /** What the certificate (DER) has to be besides; anything when undefined. */
  readonly isExpected?: (certificate: Uint8Array) => boolean;
}

/**
 * To be tried in this order. Pinned certificates are trusted as authorities are, so that the runtime has the server prove
 * that it has the key. They are tried apart from the authorities that this computer knows: who names both at once has to
 * be allowed to list the latter.
 */
export function trustAttempts({ isInsecure, authorities, pinned }: Trust): readonly TrustAttempt[] {
  if (isInsecure) return [{ options: { rejectUnauthorized: false } }];
  const known = { options: authorities === undefined ? {} : { ca: certificatesIn(authorities) } };
  if (pinned.length === 0) return [known];
  const ca = [...pinned];
  const expected = new Set(pinned.map(fingerprintOf));
  return [
    { options: { ca } },
    {
      // Whatever name it is for.
      options: { ca, checkServerIdentity: () => undefined },
      isExpected: (certificate) => expected.has(fingerprintOf(certificate)),
    },
    known,
  ];
}
