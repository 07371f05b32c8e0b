/** Reading of a registrar's responses to our REGISTER (§10.2.4, §10.2.7, §10.2.8, §21.3; RFC 3581). */
import { parseDeltaSeconds } from "../../message/delta_seconds.ts";
import { Header, type HeaderId } from "../../message/header_name.ts";
import { type NameAddr, parseNameAddrList } from "../../message/name_addr.ts";
import type { SipResponse } from "../../message/sip_message.ts";
import { SipUri } from "../../message/sip_uri.ts";
import type { NextHop } from "../../transport/dns/destination.ts";
import { isIpAddress, toUriHost } from "../../runtime/ip/ip_address.ts";
import { defaultPort, isSecure, type TransportProtocol } from "../../transport/transport.ts";
import { nextHopOf } from "../proxy/next_hop.ts";

/** The target of a REGISTER. */
export interface RegistrarTarget {
  readonly requestUri: string;
  readonly hop: NextHop;
}

/** Contacts of one response that are examined. */
const MAX_CONTACTS = 64;
/** A granted lifetime is cut to a day, or to what was requested if that is longer. */
const MAX_UNREQUESTED_SECONDS = 86_400;

/**
 * Returns the seconds for which our Contact is bound (§10.2.4); 0 when it is not. Behind a NAT, a registrar may write
 * another address or user into our Contact. A single Contact is ours; of several, those with our user, host and port are,
 * else those with our user, else all. The shortest lifetime counts; without one Expires does, else what was requested.
 */
export function grantedSeconds(response: SipResponse, contact: string, requested: number): number {
  const otherwise = secondsIn(response, Header.Expires) ?? requested;
  const own = ownContacts(contactsOf(response), SipUri.parse(contact));
  const lifetimes = own.map((each) => parseDeltaSeconds(each.parameter("expires")) ?? otherwise);
  // Former Contacts of ours may be listed with expires=0.
  const granted = lifetimes.filter((seconds) => seconds > 0);
  const shortest = own.length === 0 ? otherwise : granted.length === 0 ? 0 : Math.min(...granted);
  return Math.min(shortest, Math.max(requested, MAX_UNREQUESTED_SECONDS));
}

function ownContacts(contacts: readonly NameAddr[], wanted: SipUri | undefined): readonly NameAddr[] {
  if (contacts.length < 2 || !wanted) return contacts;
  const same = contacts.filter(({ uri }) => uri && isSameContact(uri, wanted));
  if (same.length > 0) return same;
  const named = contacts.filter(({ uri }) => uri?.userText === wanted.userText);
  return named.length > 0 ? named : contacts;
}

/** Returns the shortest lifetime that a registrar accepts, from its 423; undefined without Min-Expires. */
export function minimumSeconds(response: SipResponse): number | undefined {
  return secondsIn(response, Header.MinExpires);
}

/** Returns the seconds of `Retry-After: 120 (maintenance);duration=600`; undefined when there is none. */
export function retryAfterSeconds(response: SipResponse): number | undefined {
  const [digits] = /^\d{1,10}/.exec(response.header(Header.RetryAfter) ?? "") ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/**
 * Returns our address as the other end sees it, from the top Via of a response (RFC 3581): `sentBy`, or another
 * `host:port`; undefined when the response does not tell.
 */
export function seenAddress({ topVia }: SipResponse, sentBy: string): string | undefined {
  const { received, rport } = topVia;
  if (received === undefined && rport === undefined) return undefined;
  const own = SipUri.parse(`sip:${sentBy}`);
  const host = received === undefined ? own?.host : toUriHost(received.toLowerCase());
  const port = rport ?? own?.port ?? 5060;
  const seen = SipUri.parse(`sip:${host}:${port}`);
  if (!own || !seen) return undefined;
  if (seen.host === own.host && port === (own.port ?? 5060)) return sentBy;
  // The result becomes our Contact, so it has to be an address.
  return isIpAddress(seen.host) && port > 0 ? `${seen.host}:${port}` : undefined;
}

/**
 * Returns the targets of a 3xx, best first: its SIP and SIPS Contacts. A URI without a transport keeps `protocol`; what was
 * under TLS stays under TLS.
 */
export function redirectTargets(response: SipResponse, protocol: TransportProtocol): RegistrarTarget[] {
  return contactsOf(response)
    .map((contact) => ({ q: Number(contact.parameter("q") ?? 1) || 0, uri: contact.uri }))
    .sort((a, b) => b.q - a.q)
    .map(({ uri }) => uri && targetOf(uri, protocol))
    .filter((target) => target !== undefined);
}

function targetOf(uri: SipUri, before: TransportProtocol): RegistrarTarget | undefined {
  const hop = nextHopOf(uri);
  if (!hop) return undefined;
  // Either kind of WebSocket is `transport=ws` (RFC 7118 §5.2).
  const named = hop.protocol === "ws" && before === "wss" ? before : hop.protocol;
  const protocol = uri.secure ? named : named ?? before;
  const isSecured = hop.isSecure || protocol !== undefined && isSecure(protocol);
  if (isSecure(before) && !isSecured) return undefined;
  const port = uri.port === undefined ? "" : `:${uri.port}`;
  return {
    // The Request-URI of a REGISTER has no user (§10.2).
    requestUri: `${uri.secure ? "sips" : "sip"}:${uri.host}${port}${uri.parameters}`,
    hop: { ...hop, protocol },
  };
}

function contactsOf(response: SipResponse): NameAddr[] {
  return response.rowValues(Header.Contact).slice(0, MAX_CONTACTS)
    .flatMap((row) => parseNameAddrList(row) ?? [])
    .slice(0, MAX_CONTACTS);
}

/** Compares two Contacts without parameters, which registrars may add, drop and reorder. */
function isSameContact(a: SipUri, b: SipUri): boolean {
  return a.userText === b.userText && a.host === b.host && portOf(a) === portOf(b);
}

function portOf({ port, secure, parameters }: SipUri): number {
  return port ?? defaultPort(secure || /;transport=tls/i.test(parameters) ? "tls" : "udp");
}

function secondsIn(response: SipResponse, id: HeaderId): number | undefined {
  return parseDeltaSeconds(response.header(id));
}
