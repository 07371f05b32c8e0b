/** Questions to name servers and their answers (RFC 1035 §4, RFC 2308, RFC 6891). */
import { Buffer } from "node:buffer";
// @ts-types="./dns_packet.d.ts"
import { type Answer as PacketRecord, decode, encode, type OptAnswer, RECURSION_DESIRED } from "dns-packet";
import ipaddr from "ipaddr.js";
import { isIpv4, toUriHost } from "../../runtime/ip/ip_address.ts";
import { MAX_RECORDS, type RecordOf, type RecordType } from "./record.ts";

/** Bytes of a datagram that is not fragmented (RFC 9715 §3.1). */
const DATAGRAM_SIZE = 1232;

/** Aliases followed within an answer, and by further questions. */
export const MAX_ALIASES = 8;

const NO_ERROR = 0;
const NO_SUCH_NAME = 3;

export interface Question<T extends RecordType = RecordType> {
  /** In lower case without a final dot; `isAskable`. */
  readonly name: string;
  readonly type: T;
}

/**
 * The reply of a server. `ttl` is in seconds, undefined when the server gave none.
 *
 * - `answer`: the records
 * - `none`: the name has no such record (RFC 2308)
 * - `alias`: the name is an alias of a name that the answer has no records of
 * - `truncated`: the answer does not fit into a datagram
 * - `refusal`: the server does not answer; another one may
 */
export type Reply<T extends RecordType = RecordType> =
  | { readonly kind: "answer"; readonly records: readonly RecordOf[T][]; readonly ttl: number }
  | { readonly kind: "none"; readonly ttl: number | undefined }
  | { readonly kind: "alias"; readonly target: string; readonly ttl: number }
  | { readonly kind: "truncated" }
  | { readonly kind: "refusal" };

/** A reply that ends the question, since other servers would say the same. */
export type CertainReply<T extends RecordType> = Exclude<Reply<T>, { kind: "truncated" | "refusal" }>;

export function isCertain<T extends RecordType>(reply: Reply<T>): reply is CertainReply<T> {
  return reply.kind !== "truncated" && reply.kind !== "refusal";
}

/** Reports whether name servers can be asked for a name (RFC 1035 §2.3.4); `_` begins services. */
export function isAskable(name: string): boolean {
  return name.length <= 253 && /^[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/.test(name);
}

/** Encodes a question for a datagram; `isExtended` accepts long answers by EDNS(0). */
export function encodeQuestion(question: Question, id: number, isExtended: boolean): Uint8Array {
  return encode({
    type: "query",
    id,
    flags: RECURSION_DESIRED,
    questions: [{ ...question, class: "IN" }],
    additionals: isExtended ? [EXTENSION] : [],
  });
}

const EXTENSION: OptAnswer = {
  type: "OPT",
  name: ".",
  udpPayloadSize: DATAGRAM_SIZE,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
};

/** Reads the reply to the question with an id; undefined when the bytes are no reply to it. */
export function readReply<T extends RecordType>(
  bytes: Uint8Array,
  question: Question<T>,
  id: number,
): Reply<T> | undefined {
  // Forged answers fail at their first bytes and cost no more.
  if (bytes.length < 12 || (bytes[0] << 8 | bytes[1]) !== id || (bytes[2] & 0x80) === 0) return undefined;
  try {
    const { questions = [], answers = [], authorities = [], flags = 0, flag_tc } = decode(Buffer.from(bytes));
    // The codec reads missing bytes as undefined.
    if (decode.bytes > bytes.length) return undefined;
    const code = flags & 15;
    const [asked] = questions;
    if (!asked) return code === NO_ERROR || code === NO_SUCH_NAME ? undefined : { kind: "refusal" };
    if (questions.length > 1 || toName(asked.name) !== question.name) return undefined;
    if (asked.type !== question.type || asked.class !== "IN") return undefined;
    if (flag_tc) return { kind: "truncated" };
    if (code !== NO_ERROR && code !== NO_SUCH_NAME) return { kind: "refusal" };
    return followAliases(question, answers, authorities);
  } catch {
    return looksTruncated(bytes) ? { kind: "truncated" } : undefined; // Cut off, or no DNS message.
  }
}

function looksTruncated(bytes: Uint8Array): boolean {
  return (bytes[2] & 2) !== 0;
}

function followAliases<T extends RecordType>(
  { name, type }: Question<T>,
  answers: readonly PacketRecord[],
  authorities: readonly PacketRecord[],
): Reply<T> {
  let owner = name;
  let ttl = Infinity;
  for (let aliases = 0; aliases <= MAX_ALIASES; aliases++) {
    const owned = answers.filter((record) => isOf(record, owner));
    const records = owned.flatMap((record) => {
      const value = readRecord(record, type);
      if (value !== undefined) ttl = Math.min(ttl, ttlOf(record));
      return value ?? [];
    });
    if (records.length > 0) return { kind: "answer", records: inOrder(records, type), ttl };
    const alias = owned.find((record) => record.type === "CNAME");
    if (alias?.type !== "CNAME") break;
    ttl = Math.min(ttl, ttlOf(alias));
    owner = toName(alias.data);
  }
  const negativeTtl = authorities.map(negativeTtlOf).find((seconds) => seconds !== undefined);
  if (owner === name || negativeTtl !== undefined) return { kind: "none", ttl: negativeTtl };
  return { kind: "alias", target: owner, ttl };
}

function isOf(record: PacketRecord, owner: string): boolean {
  return toName(record.name) === owner && record.type !== "OPT" && record.class === "IN";
}

function ttlOf(record: PacketRecord): number {
  // The highest bit set counts as zero (RFC 2181 §8).
  return "ttl" in record && record.ttl !== undefined && record.ttl < 2 ** 31 ? record.ttl : 0;
}

/** Returns the lesser of TTL and minimum of an SOA record (RFC 2308 §5). */
function negativeTtlOf(record: PacketRecord): number | undefined {
  return record.type === "SOA" ? Math.min(ttlOf(record), record.data.minimum ?? 0) : undefined;
}

function readRecord<T extends RecordType>(record: PacketRecord, type: T): RecordOf[T] | undefined {
  return record.type === type ? READERS[type](record) : undefined;
}

const READERS: { readonly [T in RecordType]: (record: PacketRecord) => RecordOf[T] | undefined } = {
  A: (record) => record.type === "A" && isIpv4(record.data) ? record.data : undefined,
  AAAA: (record) => {
    if (record.type !== "AAAA" || !ipaddr.IPv6.isValid(record.data)) return undefined;
    return toUriHost(ipaddr.IPv6.parse(record.data).toString());
  },
  SRV: (record) => {
    if (record.type !== "SRV") return undefined;
    const { priority = 0, weight = 0, port, target } = record.data;
    return { priority, weight, port, target: toName(target) };
  },
  NAPTR: (record) => {
    if (record.type !== "NAPTR") return undefined;
    const { order, preference, flags, services, regexp, replacement } = record.data;
    return { order, preference, flags, service: services, regexp, replacement: toName(replacement) };
  },
};

/** Returns the records that are kept, the best first. */
function inOrder<T extends RecordType>(records: RecordOf[T][], type: T): readonly RecordOf[T][] {
  return records.sort(COMPARISONS[type]).slice(0, MAX_RECORDS);
}

const COMPARISONS: { readonly [T in RecordType]: (a: RecordOf[T], b: RecordOf[T]) => number } = {
  A: () => 0,
  AAAA: () => 0,
  SRV: (a, b) => a.priority - b.priority,
  NAPTR: (a, b) => a.order - b.order || a.preference - b.preference,
};

function toName(text: string): string {
  const name = text.toLowerCase();
  return name.length > 1 && name.endsWith(".") ? name.slice(0, -1) : name;
}
