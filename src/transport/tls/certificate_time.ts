/** The validity period of certificates. */
import { X509Certificate } from "node:crypto";
import { systemClock } from "../../runtime/clock.ts";

/** Returns the fault of a certificate (DER or PEM) that is not valid now, undefined for a valid one. */
export function faultOfTime(certificate: Uint8Array | string): string | undefined {
  const { validFrom, validTo } = new X509Certificate(certificate);
  const now = systemClock.wallTime();
  if (now > Date.parse(validTo)) return `the certificate expired on ${validTo}`;
  return now < Date.parse(validFrom) ? `the certificate is not valid before ${validFrom}` : undefined;
}
