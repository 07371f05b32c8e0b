/** Header names (RFC 3261 §20 and later) as small numbers, with their compact forms (§7.3.3). */
import { spanEqualsIgnoringCase } from "./characters.ts";

/** The headers that the server reads, by number below `MAX_HEADER_IDS`; 0 stands for all others. */
export const Header = {
  Other: 0,
  Via: 1,
  From: 2,
  To: 3,
  CallId: 4,
  CSeq: 5,
  Contact: 6,
  MaxForwards: 7,
  Route: 8,
  RecordRoute: 9,
  ContentLength: 10,
  ContentType: 11,
  Expires: 12,
  MinExpires: 13,
  Authorization: 14,
  ProxyAuthorization: 15,
  WwwAuthenticate: 16,
  ProxyAuthenticate: 17,
  Require: 18,
  ProxyRequire: 19,
  Supported: 20,
  Unsupported: 21,
  Allow: 22,
  Path: 23,
  RetryAfter: 24,
  UserAgent: 25,
  Timestamp: 26,
  MaxBreadth: 27,
  PAssertedIdentity: 28,
  PPreferredIdentity: 29,
  RemotePartyId: 30,
  Privacy: 31,
  RAck: 32,
} as const;

/** A value of `Header`. */
export type HeaderId = typeof Header[keyof typeof Header];

/** Size of the tables that are indexed by `HeaderId`. */
export const MAX_HEADER_IDS = 256;

const NAMES: readonly (readonly [HeaderId, name: string, compact?: string])[] = [
  [Header.Via, "via", "v"],
  [Header.From, "from", "f"],
  [Header.To, "to", "t"],
  [Header.CallId, "call-id", "i"],
  [Header.CSeq, "cseq"],
  [Header.Contact, "contact", "m"],
  [Header.MaxForwards, "max-forwards"],
  [Header.Route, "route"],
  [Header.RecordRoute, "record-route"],
  [Header.ContentLength, "content-length", "l"],
  [Header.ContentType, "content-type", "c"],
  [Header.Expires, "expires"],
  [Header.MinExpires, "min-expires"],
  [Header.Authorization, "authorization"],
  [Header.ProxyAuthorization, "proxy-authorization"],
  [Header.WwwAuthenticate, "www-authenticate"],
  [Header.ProxyAuthenticate, "proxy-authenticate"],
  [Header.Require, "require"],
  [Header.ProxyRequire, "proxy-require"],
  [Header.Supported, "supported", "k"],
  [Header.Unsupported, "unsupported"],
  [Header.Allow, "allow"],
  [Header.Path, "path"],
  [Header.RetryAfter, "retry-after"],
  [Header.UserAgent, "user-agent"],
  [Header.Timestamp, "timestamp"],
  [Header.MaxBreadth, "max-breadth"],
  [Header.PAssertedIdentity, "p-asserted-identity"],
  [Header.PPreferredIdentity, "p-preferred-identity"],
  [Header.RemotePartyId, "remote-party-id"],
  [Header.Privacy, "privacy"],
  [Header.RAck, "rack"],
];

// Names by first letter and length, so that one comparison usually decides.
const buckets: { id: HeaderId; name: string }[][] = Array.from({ length: 32 * 32 }, () => []);
for (const [id, name, compact] of NAMES) {
  if (id >= MAX_HEADER_IDS) throw new RangeError(`Cannot number header "${name}": ${id} is too high`);
  buckets[bucketOf(name.charCodeAt(0), name.length)].push({ id, name });
  if (compact) buckets[bucketOf(compact.charCodeAt(0), 1)].push({ id, name: compact });
}

function bucketOf(firstLetter: number, length: number): number {
  return (firstLetter & 31) << 5 | length & 31;
}

/** Returns the number of the header named in `text[from, end)`, in any case, in long or compact form. */
export function headerId(text: string, from: number, end: number): HeaderId {
  const bucket = buckets[bucketOf(text.charCodeAt(from), end - from)];
  for (let i = 0; i < bucket.length; i++) {
    if (spanEqualsIgnoringCase(text, from, end, bucket[i].name)) return bucket[i].id;
  }
  return Header.Other;
}
