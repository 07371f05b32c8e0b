import type { KeyObject } from "node:crypto";
import type { StoredCertificate } from "./stored_certificate.ts";

/** Finds the certificate for a private key. */
export function findLeaf(
  privateKey: KeyObject,
  candidates: readonly StoredCertificate[],
): StoredCertificate | undefined {
  return candidates.find((certificate) => certificate.checkPrivateKey(privateKey));
}

/** Returns the leaf, its issuer and so on (RFC 8446 §4.4.2), as far as `candidates` go. */
export function chainOf(
  leaf: StoredCertificate,
  candidates: readonly StoredCertificate[],
): [StoredCertificate, ...StoredCertificate[]] {
  const chain: [StoredCertificate, ...StoredCertificate[]] = [leaf];
  const known = new Set([leaf.fingerprint256]);
  // The chain grows during the iteration, so all cross-signed issuers are followed.
  for (const certificate of chain) {
    for (const candidate of candidates) {
      if (known.has(candidate.fingerprint256) || !certificate.checkIssued(candidate)) continue;
      known.add(candidate.fingerprint256);
      chain.push(candidate);
    }
  }
  return chain;
}
