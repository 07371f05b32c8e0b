/** URIs with odd parts, one or several. */
import { hole } from "../message/holes.ts";
import type { Random } from "../../support/random.ts";
import { NUMBERS, PIECES } from "./odd_values.ts";

const SCHEMES = [
  "sip:",
  "sips:",
  "tel:",
  "SIP:",
  "http:",
  "urn:",
  "",
  ":",
  "sip",
  "sip::",
  "\xffip:",
  "sip:sip:",
];

const USERS = [
  "",
  "@",
  "a@",
  "a:b@",
  "a%40b@",
  "%00@",
  "%@",
  "%zz@",
  "+49301@",
  "9123;phone-context=x@",
  "a;b=c?d@",
  "a@b@",
  `${"u".repeat(3_000)}@`,
  "\xc3\xa9@",
  "__proto__@",
  "abcdefghijklmnop.q.r@",
  "abcdefghijklmnop.q.r.s@",
  "abcdefghijklmnop.@",
];

const HOSTS = [
  "found.test",
  "x.invalid",
  "X.INVALID.",
  "127.88.0.1",
  "127.88.0.999",
  "127.1",
  "[::1]",
  "[::1",
  "[]",
  "[::ffff:127.88.0.1]",
  "[fe80::1%25eth0]",
  "localhost",
  "",
  ".",
  "-",
  "a..b",
  "xn--9ca.invalid",
  `${"h".repeat(300)}.invalid`,
  `${"a.".repeat(200)}invalid`,
  "\xc3\xa9.invalid",
  "anonymous.invalid",
];

const PARAMETERS = [
  ";transport=udp",
  ";transport=tcp",
  ";transport=tls",
  ";transport=ws",
  ";transport=sctp",
  ";transport=",
  ";transport=__proto__",
  ";maddr=127.88.0.2",
  ";maddr=",
  ";maddr=[::1]",
  ";ttl=256",
  ";lr",
  ";lr=on",
  ";lr;lr",
  ";user=phone",
  ";method=INVITE",
  ";ob",
  ";gr=urn:uuid:x",
  ";=",
  ";;",
  ";a=%41",
  `;${"p".repeat(2_000)}`,
  ";a=b".repeat(200),
  "?Subject=a&Body=b",
  "?",
  "?Route=%3Csip:x.invalid%3E",
];

/** Returns a URI; hosts that are no names of this test are those of `.invalid`, and addresses are of the loopback. */
export function oddUri(random: Random): string {
  const host = random.chance(0.4) ? hole("server") : random.one(HOSTS);
  const port = random.chance(0.3) ? `:${random.one(NUMBERS)}` : "";
  const parameters = random.chance(0.5) ? random.one(PARAMETERS) : "";
  const scheme = random.chance(0.7) ? "sip:" : random.one(SCHEMES);
  const uri = scheme + random.one(USERS) + host + port + parameters;
  if (random.chance(0.9)) return uri;
  const at = random.below(uri.length + 1);
  return uri.slice(0, at) + random.one(PIECES) + uri.slice(at);
}
