/** Rules of trust in servers. */
import { X509Certificate } from "node:crypto";
import type tls from "node:tls";

export interface Trust {
  /** Every server is trusted. */
  readonly isInsecure: boolean;
  /** Authorities in PEM, which replace those of this computer. */
  readonly authorities?: string;
  /** Further authorities in PEM, and certificates of servers, for any name. */
  readonly pinned: readonly string[];
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Returns the readable certificates in a text, which may also hold a key. */
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

/** Returns the SHA-256 fingerprint of a certificate in pairs of hexadecimal digits. */
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

/** One way to establish trust. */
export interface TrustAttempt {
  /** Options of `tls.connect`. */
  readonly options: tls.ConnectionOptions;
  /** A further check of the certificate in DER. */
  readonly isExpected?: (certificate: Uint8Array) => boolean;
}

/**
 * Returns attempts in their order. Pinned certificates are used as authorities, so that the runtime makes the server prove
 * that it has the key. They are tried apart from the authorities of this computer, which need a permission to list.
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
      // A pinned certificate is valid for any name.
      options: { ca, checkServerIdentity: () => undefined },
      isExpected: (certificate) => expected.has(fingerprintOf(certificate)),
    },
    known,
  ];
}
