/** Whom a certificate is for (RFC 5922 §7). */

/** The parts of `tls.PeerCertificate` that names are in. */
export interface NamedCertificate {
  readonly subject?: { readonly CN?: string | string[] };
  /** As node writes it: `DNS:a.example, URI:sip:b.example, IP Address:192.0.2.1`. */
  readonly subjectaltname?: string;
}

/** What a certificate says about its owner; all lower case. */
export interface CertificateNames {
  /** SIP domains: of `sip:` URIs, else of DNS names, else of the common name. */
  readonly domains: readonly string[];
  readonly addresses: readonly string[];
}

/** §7.1: URIs first; DNS names only where there is no SIP URI; the common name only where there is neither. */
export function namesOf(certificate: NamedCertificate): CertificateNames {
  const uris: string[] = [];
  const dnsNames: string[] = [];
  const addresses: string[] = [];
  // A value in quotes has characters that no name of ours has.
  for (const entry of certificate.subjectaltname?.split(", ") ?? []) {
    const colon = entry.indexOf(":");
    const value = entry.slice(colon + 1).toLowerCase();
    const type = entry.slice(0, colon);
    if (type === "DNS") dnsNames.push(value);
    else if (type === "IP Address") addresses.push(canonical(value));
    else if (type === "URI") {
      // With a user part it names a person, not a domain.
      const domain = /^sips?:([a-z0-9.-]+)$/.exec(value);
      if (domain) uris.push(domain[1]);
    }
  }
  if (uris.length > 0) return { domains: uris, addresses };
  if (dnsNames.length > 0) return { domains: dnsNames, addresses };
  const commonNames = [certificate.subject?.CN ?? []].flat().map((name) => name.toLowerCase());
  return { domains: certificate.subjectaltname === undefined ? commonNames : [], addresses };
}

/** §7.2: the whole name and no wildcard, unless `allowsWildcards`, which then stand for one label. */
export function isFor(names: CertificateNames, host: string, allowsWildcards: boolean): boolean {
  const wanted = canonical(host);
  if (names.domains.includes(wanted) || names.addresses.includes(wanted)) return true;
  const dot = wanted.indexOf(".");
  return allowsWildcards && dot > 0 && names.domains.includes(`*${wanted.slice(dot)}`);
}

/** IPv6 addresses have many spellings. */
function canonical(host: string): string {
  return host.includes(":") ? new URL(`http://[${host}]`).hostname.slice(1, -1) : host.toLowerCase();
}
