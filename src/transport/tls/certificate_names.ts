/** The domains and addresses that a certificate is for (RFC 5922 §7, RFC 5280 §4.2.1.6). */
import { isIpv6, toUriHost } from "../../runtime/ip/ip_address.ts";
import { type DerElement, derElements, derText } from "./der.ts";

/** The names of the owner of a certificate, in lower case. */
export interface CertificateNames {
  /** SIP domains, from `sip:` URIs, else DNS names, else the common name. */
  readonly domains: readonly string[];
  /** IPv6 in brackets. */
  readonly addresses: readonly string[];
}

const EXTENSIONS = 0xa3;
const VERSION = 0xa0;
const SEQUENCE = 0x30;
const SUBJECT_ALTERNATIVE_NAME = "\x55\x1d\x11";
const COMMON_NAME = "\x55\x04\x03";
const DNS_NAME = 0x82;
const URI = 0x86;
const IP_ADDRESS = 0x87;
const HOST_NAME = /^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/;

/**
 * Reads the names of a certificate (§7.1): URIs, DNS names if there is no SIP URI, and the common name if there are no
 * alternative names. The text of the runtime is ambiguous, because commas within names are not escaped.
 * @param certificate DER
 */
export function namesOf(certificate: Uint8Array): CertificateNames {
  const fields = fieldsOf(certificate);
  const alternatives = alternativeNames(certificate, fields);
  if (!alternatives) return { domains: commonNames(certificate, fields).filter(isHostName), addresses: [] };
  const uris: string[] = [];
  const dnsNames: string[] = [];
  const addresses: string[] = [];
  for (const name of alternatives) {
    const value = derText(certificate, name).toLowerCase();
    if (name.tag === DNS_NAME && isHostName(value)) dnsNames.push(value);
    else if (name.tag === IP_ADDRESS) addresses.push(ipAddressOf(certificate.subarray(name.start, name.end)));
    else if (name.tag === URI) {
      // A URI with a user part names a person, not a domain.
      const domain = /^sip:([a-z0-9.-]+)(?::\d+)?(?:;[^@]*)?$/.exec(value);
      if (domain) uris.push(domain[1]);
    }
  }
  return { domains: uris.length > 0 ? uris : dnsNames, addresses };
}

/** Reports whether the names include a host (§7.2). Wildcards, if allowed, stand for one label. */
export function isFor(names: CertificateNames, host: string, allowsWildcards: boolean): boolean {
  const url = `http://${host}`;
  // An IPv6 address has many spellings.
  const wanted = isIpv6(host) && URL.canParse(url) ? new URL(url).hostname : host.toLowerCase();
  if (names.domains.includes(wanted) || names.addresses.includes(wanted)) return true;
  const dot = wanted.indexOf(".");
  return allowsWildcards && dot > 0 && names.domains.includes(`*${wanted.slice(dot)}`);
}

/** Returns the fields of `TBSCertificate`, without its version. */
function fieldsOf(certificate: Uint8Array): DerElement[] {
  const [whole] = derElements(certificate, { start: 0, end: certificate.length });
  const [signed] = whole ? derElements(certificate, whole) : [];
  const fields = signed ? derElements(certificate, signed) : [];
  return fields[0]?.tag === VERSION ? fields.slice(1) : fields;
}

/** Returns undefined when the certificate has no alternative names. */
function alternativeNames(certificate: Uint8Array, fields: readonly DerElement[]): DerElement[] | undefined {
  const list = fields.find(({ tag }) => tag === EXTENSIONS);
  const extensions = list && derElements(certificate, list)[0];
  if (!extensions) return undefined;
  for (const extension of derElements(certificate, extensions)) {
    const [id, ...rest] = derElements(certificate, extension);
    const value = rest.at(-1);
    if (!id || !value || derText(certificate, id) !== SUBJECT_ALTERNATIVE_NAME) continue;
    const [names] = derElements(certificate, value);
    return names ? derElements(certificate, names) : [];
  }
  return undefined;
}

/** Returns the common names of the subject, which follows serial number, algorithm, issuer and validity. */
function commonNames(certificate: Uint8Array, fields: readonly DerElement[]): string[] {
  const subject = fields[4];
  if (subject?.tag !== SEQUENCE) return [];
  const attributes = derElements(certificate, subject)
    .flatMap((set) => derElements(certificate, set))
    .map((attribute) => derElements(certificate, attribute));
  return attributes.filter(([id, value]) => id && value && derText(certificate, id) === COMMON_NAME)
    .map(([, value]) => derText(certificate, value).toLowerCase());
}

function isHostName(name: string): boolean {
  return HOST_NAME.test(name);
}

function ipAddressOf(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[2 * i] << 8 | bytes[2 * i + 1]).toString(16));
  return bytes.length === 16 ? new URL(`http://${toUriHost(groups.join(":"))}`).hostname : "";
}
