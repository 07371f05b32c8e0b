/** Whether a certificate's time has come, and is not over. */
import { X509Certificate } from "node:crypto";
import { systemClock } from "../../runtime/clock.ts";

/** What is wrong with the time of a certificate (DER or PEM); undefined when it is valid now. */
export function faultOfTime(certificate: Uint8Array | string): string | undefined {
  const { validFrom, validTo } = new X509Certificate(certificate);
  const now = systemClock.wallTime();
  if (now > Date.parse(validTo)) return `the certificate expired on ${validTo}`;
  return now < Date.parse(validFrom) ? `the certificate is not valid before ${validFrom}` : undefined;
}
