/** Header names (RFC 3261 §20 and later) as small numbers, with their compact forms (§7.3.3). */
import { spanEqualsIgnoringCase } from "./characters.ts";
import { codeAt } from "../runtime/text.ts";

/** The headers that the server reads: name and compact form in lower case. The number is the position. */
const NAMES = {
  /** All other headers. */
  Other: [],
  Via: ["via", "v"],
  From: ["from", "f"],
  To: ["to", "t"],
  CallId: ["call-id", "i"],
  CSeq: ["cseq"],
  Contact: ["contact", "m"],
  MaxForwards: ["max-forwards"],
  Route: ["route"],
  RecordRoute: ["record-route"],
  ContentLength: ["content-length", "l"],
  ContentType: ["content-type", "c"],
  Expires: ["expires"],
  MinExpires: ["min-expires"],
  Authorization: ["authorization"],
  ProxyAuthorization: ["proxy-authorization"],
  WwwAuthenticate: ["www-authenticate"],
  ProxyAuthenticate: ["proxy-authenticate"],
  Require: ["require"],
  ProxyRequire: ["proxy-require"],
  Supported: ["supported", "k"],
  Unsupported: ["unsupported"],
  Allow: ["allow"],
  Path: ["path"],
  RetryAfter: ["retry-after"],
  UserAgent: ["user-agent"],
  Timestamp: ["timestamp"],
  MaxBreadth: ["max-breadth"],
  PAssertedIdentity: ["p-asserted-identity"],
  PPreferredIdentity: ["p-preferred-identity"],
  RemotePartyId: ["remote-party-id"],
  Privacy: ["privacy"],
  RAck: ["rack"],
} as const satisfies Record<string, readonly string[]>;

/** The number of a header, below `MAX_HEADER_IDS`. */
export type HeaderId = number & { readonly isHeaderId: true };

/** Size of the tables that are indexed by `HeaderId`. */
export const MAX_HEADER_IDS = 256;

export const Header = Object.fromEntries(Object.keys(NAMES).map((key, id) => [key, id])) as {
  readonly [Key in keyof typeof NAMES]: HeaderId;
};

// Names by first letter and length, so that one comparison usually decides.
const buckets: { id: HeaderId; name: string }[][] = Array.from({ length: 32 * 32 }, () => []);
Object.values(NAMES).forEach((names: readonly string[], id) => {
  if (id >= MAX_HEADER_IDS) throw new RangeError(`Cannot number the header "${names[0]}": ${id} is too high`);
  for (const name of names) {
    buckets[bucketOf(codeAt(name, 0), name.length)].push({ id: id as HeaderId, name });
  }
});

function bucketOf(firstLetter: number, length: number): number {
  return (firstLetter & 31) << 5 | length & 31;
}

/** Returns the number of the header named in `text[from, end)`, in any case, in long or compact form. */
export function headerId(text: string, from: number, end: number): HeaderId {
  const bucket = buckets[bucketOf(codeAt(text, from), end - from)];
  for (let i = 0; i < bucket.length; i++) {
    if (spanEqualsIgnoringCase(text, from, end, bucket[i].name)) return bucket[i].id;
  }
  return Header.Other;
}
