import type { KeyObject, X509Certificate } from "node:crypto";

/** The certificate among `candidates` whose public key belongs to the private key. */
export function findLeaf(
  privateKey: KeyObject,
  candidates: readonly X509Certificate[],
): X509Certificate | undefined {
  return candidates.find((certificate) => certificate.checkPrivateKey(privateKey));
}

/** The leaf, its issuer, the issuer of that and so on (RFC 8446 §4.4.2), as far as `candidates` go. */
export function chainOf(
  leaf: X509Certificate,
  candidates: readonly X509Certificate[],
): [X509Certificate, ...X509Certificate[]] {
  const chain: [X509Certificate, ...X509Certificate[]] = [leaf];
  const known = new Set([leaf.fingerprint256]);
  // The chain grows while it is walked, so that cross-signed issuers are all followed.
  for (const certificate of chain) {
    for (const candidate of candidates) {
      if (known.has(candidate.fingerprint256) || !certificate.checkIssued(candidate)) continue;
      known.add(candidate.fingerprint256);
      chain.push(candidate);
    }
  }
  return chain;
}
