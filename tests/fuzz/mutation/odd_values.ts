/** Values at the edges of the grammar and beyond. */
import { hole } from "../message/holes.ts";
import type { Random } from "../../support/random.ts";

/** Numbers at the limits of what is kept as a number. */
export const NUMBERS = [
  "0",
  "00",
  "-1",
  "+1",
  "1.5",
  "1e3",
  "0x10",
  "",
  "NaN",
  "255",
  "256",
  "65535",
  "65536",
  "2147483647",
  "2147483648",
  "4294967294",
  "4294967295",
  "4294967296",
  "9007199254740993",
  "18446744073709551616",
  "9".repeat(400),
];

/** Pieces of the grammar, and what is in none of its pieces. */
export const PIECES = [
  ..." \t,;:=@<>\"\\%/?&+*()[]{}'0aA\x7f\x80\xff\r\n\0",
  "\r\n",
  "\r\n ",
  "\n",
  '\\"',
  "%00",
  "%",
  "%2",
  "%zz",
  "%0d%0a",
  ";a=b",
  ";a",
  ";=",
  ";tag=",
  ";lr",
  ", ",
  ",,",
  "<>",
  "<sip:a@b>,",
  "sip:",
  '""',
  '"',
  "\xc3\xa9",
  "\xed\xa0\x80",
  "\xff\xfe",
  "__proto__",
  "constructor",
  "$&",
  "[::1]",
  "0.0.0.0",
  "255.255.255.255",
];

export const METHODS = [
  "INVITE",
  "ACK",
  "CANCEL",
  "BYE",
  "REGISTER",
  "OPTIONS",
  "MESSAGE",
  "SUBSCRIBE",
  "NOTIFY",
  "PUBLISH",
  "REFER",
  "INFO",
  "PRACK",
  "UPDATE",
  "KDMQ",
  "invite",
  "Invite",
  "__proto__",
  "!",
  "INVITE!",
  "M".repeat(300),
  "",
];

/** Rows with a meaning that a message may have or not. */
const ROWS: readonly ((random: Random) => string)[] = [
  (random) => `Max-Forwards: ${random.one(["0", "1", ...NUMBERS])}`,
  (random) => `Max-Breadth: ${random.one(["0", "1", "60", ...NUMBERS])}`,
  (random) => `Expires: ${random.one(NUMBERS)}`,
  (random) => `Min-Expires: ${random.one(NUMBERS)}`,
  (random) => `Session-Expires: ${random.one(NUMBERS)};refresher=${random.one(["uac", "uas", "x", ""])}`,
  (random) => `Content-Length: ${random.one(NUMBERS)}`,
  (random) => `RSeq: ${random.one(NUMBERS)}`,
  (random) => `RAck: ${random.one(NUMBERS)} ${random.one(NUMBERS)} ${random.one(METHODS)}`,
  (random) => `CSeq: ${random.one(NUMBERS)} ${random.one(METHODS)}`,
  (random) => `Require: ${random.one(["100rel", "gruu", "path,outbound", "", ",", "x".repeat(2000)])}`,
  (random) => `Proxy-Require: ${random.one(["foo", "sec-agree", "", ","])}`,
  (random) => `Supported: ${random.one(["path, outbound, 100rel, timer, replaces", "", ",,,"])}`,
  (random) => `Privacy: ${random.one(["id", "header;session;user", "none", "critical", "", ";;", "id,id"])}`,
  (random) => `Reason: ${random.one(["SIP;cause=200", "Q.850;cause=16", ";", 'SIP;text="'])}`,
  (random) => `Event: ${random.one(["presence", "dialog;id=1", "", "refer", "x".repeat(500), ";id="])}`,
  (random) => `Replaces: ${random.one(["a;to-tag=b;from-tag=c", "", ";", "a@b;to-tag=;from-tag="])}`,
  (random) => `Subscription-State: ${random.one(["active", "terminated;reason=x", "active;expires=-1", ""])}`,
  (random) => `Content-Type: ${random.one(["application/sdp", "multipart/mixed;boundary=", "a", "", "/"])}`,
  (random) => `Content-Encoding: ${random.one(["gzip", "", "identity"])}`,
  (random) => `User-Agent: ${random.one(["friendly-scanner", "", "\xff\xfe", "x".repeat(3000)])}`,
  (random) => `Retry-After: ${random.one(NUMBERS)}(${random.one(["", "(", "a\\", ")"])});duration=`,
  (random) => `Date: ${random.one(["Sat, 13 Nov 2010 23:29:00 GMT", "", "0"])}`,
  (random) =>
    `P-Asserted-Identity: ${random.one(["<sip:a@b>", "tel:+1", "", "<sip:a@b>,<tel:1>,<sip:c@d>"])}`,
  (random) => `Path: <sip:${hole("server")};lr>${random.one(["", ",<sip:x.invalid;lr>", ",", ";ob"])}`,
  (random) =>
    `Refer-To: <sip:${random.one(["9123", "b", ""])}@${hole("server")}${random.one([">", "?a=b>", ""])}`,
  (random) => `Route: <sip:${hole("server")};lr>${random.one(["", ",<sip:x.invalid;lr>", ",", ";a"])}`,
  (random) => `Record-Route: <sip:${hole("server")};lr>${random.one(["", ",<sip:x.invalid;lr>", ","])}`,
];

/** Returns a row that means something, with a value that may mean nothing. */
export function oddRow(random: Random): string {
  return random.one(ROWS)(random);
}

/** Returns a run of one piece, mostly short. */
export function oddRun(random: Random): string {
  const length = random.chance(1 / 64) ? 4_000 : 1 + random.below(random.one([2, 20, 300]));
  return random.one(PIECES).repeat(length);
}
