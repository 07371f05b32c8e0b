/** Header fields that grow: every header and every kind of list, at any size. */

/** Makes the header lines (or the start of a message) of about so many bytes. */
export type Grown = (bytes: number) => string;

const repeat = (unit: string, bytes: number) => unit.repeat(Math.max(1, Math.floor(bytes / unit.length)));

/** Rows of one header, one value in each. */
const rows = (name: string, value: string): Grown => (bytes) => repeat(`${name}: ${value}\r\n`, bytes);

/** One row with a list of values. */
const list = (name: string, value: string): Grown => (bytes) =>
  `${name}: ${repeat(`${value},`, bytes).slice(0, -1)}\r\n`;

/** One row whose values stand on lines of their own. */
const folded = (name: string, value: string): Grown => (bytes) =>
  `${name}: ${repeat(`${value},\r\n `, bytes).slice(0, -4)}\r\n`;

/** One value with something in it that repeats. */
const long = (name: string, before: string, unit: string, after = ""): Grown => (bytes) =>
  `${name}: ${before}${repeat(unit, bytes)}${after}\r\n`;

const SEALED = "<sip:0123456789abcdef.a.b@192.0.2.1:5060;lr>";
const CREDENTIALS =
  'Digest username="alice",realm="sip.local",nonce="a-b-c",uri="sip:sip.local",response="00112233445566778899aabbccddeeff"';

/** Headers whose values are a list, with a value that is good for it. */
const LISTS: readonly (readonly [name: string, value: string])[] = [
  ["Via", "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1"],
  ["Via", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1.abc"],
  ["Route", "<sip:192.0.2.1;lr>"],
  ["Route", SEALED],
  ["Route", "<sip:0123456789abcdef01234567=abc@192.0.2.1;lr>"],
  ["Route", "<sip:192.0.2.77;lr>"],
  ["Record-Route", "<sip:192.0.2.77;lr>"],
  ["Path", "<sip:192.0.2.77;lr>"],
  ["Contact", "<sip:alice@192.0.2.11>;expires=60"],
  ["Contact", "sip:a@b"],
  ["Require", "path"],
  ["Require", "x"],
  ["Proxy-Require", "x"],
  ["Supported", "path"],
  ["Unsupported", "x"],
  ["Allow", "INFO"],
  ["Privacy", "none"],
  ["P-Asserted-Identity", "<sip:19005550199@192.0.2.50>"],
  ["P-Preferred-Identity", "<sip:alice@sip.local>"],
  ["Remote-Party-ID", "<sip:alice@sip.local>;party=calling"],
  ["Max-Breadth", "60"],
  ["Authorization", CREDENTIALS],
  ["Proxy-Authorization", CREDENTIALS],
  ["WWW-Authenticate", 'Digest realm="sip.local",nonce="a"'],
  ["Proxy-Authenticate", 'Digest realm="sip.local",nonce="a"'],
  ["Proxy-Authenticate", "Basic x"],
  ["User-Agent", "x"],
  ["Timestamp", "1"],
  ["Retry-After", "1"],
  ["Min-Expires", "1"],
  ["RAck", "1 1 INVITE"],
  ["Content-Length", "0"],
  ["Subject", "x"],
  ["X-Unknown", "x"],
  ["D", "<sip:1@192.0.2.1>"],
];

/** Values that grow within. */
const LONG: Readonly<Record<string, Grown>> = {
  "a long Subject": long("Subject", "", "x"),
  "a Subject of blanks": long("Subject", "", " ", "x"),
  "a Subject in folds": long("Subject", "x", "\r\n x"),
  "a Subject in empty folds": long("Subject", "x", "\r\n "),
  "a Subject of carriage returns": long("Subject", "", "\r"),
  "rows that end in LF": (bytes) => repeat("a:\n", bytes),
  "rows that end in LF in folds": (bytes) => `a:${repeat("\n b", bytes)}\r\n`,
  "rows without a name": (bytes) => repeat(":\r\n", bytes),
  "rows without a colon": (bytes) => repeat("a\r\n", bytes),
  "a name with blanks behind it": (bytes) => `Subject${repeat(" ", bytes)}: x\r\n`,
  "a long name": (bytes) => `${repeat("x", bytes)}: x\r\n`,
  "tags in Require": long("Require", "path", ",path"),
  "commas in Require": long("Require", "", ","),
  "commas in Route": long("Route", "", ","),
  "commas in Contact": long("Contact", "", ","),
  "open quotes in Contact": long("Contact", '"', 'x",'),
  "open brackets in Contact": long("Contact", "<", "sip:a@b,<"),
  "open brackets in Route": list("Route", "<sip:a@b"),
  "quotes in Route": long("Route", "", '"', " <sip:a@b>"),
  "backslashes in Route": long("Route", '"', "\\", '" <sip:a@b>'),
  "a display name in Contact": long("Contact", '"', "x", '" <sip:alice@192.0.2.11>'),
  "words in Contact": long("Contact", "", "x ", "<sip:alice@192.0.2.11>"),
  "parameters of Contact": long("Contact", "<sip:alice@192.0.2.11>", ";x=y"),
  "expires in Contact": long("Contact", "<sip:alice@192.0.2.11>", ";expires=60"),
  "URI parameters of Contact": long("Contact", "<sip:alice@192.0.2.11", ";x=y", ">"),
  "escaped URI parameters of Contact": long("Contact", "<sip:alice@192.0.2.11", ";%78=%79", ">"),
  "URI headers of Contact": long("Contact", "<sip:alice@192.0.2.11?a=b", "&x=y", ">"),
  "user of Contact": long("Contact", "<sip:", "x", "@192.0.2.11>"),
  "escaped user of Contact": long("Contact", "<sip:", "%78", "@192.0.2.11>"),
  "host of Contact": long("Contact", "<sip:alice@", "x.", ">"),
  "sixteen long Contacts": (bytes) =>
    Array.from(
      { length: 16 },
      (_, i) => `Contact: <sip:alice@192.0.2.11:${6000 + i}${repeat(";x=y", bytes / 16)}>;expires=60\r\n`,
    ).join(""),
  "sixteen Contacts with long tails": (bytes) =>
    Array.from(
      { length: 16 },
      (_, i) => `Contact: <sip:alice@192.0.2.11:${6000 + i}>;expires=60${repeat(";x=y", bytes / 16)}\r\n`,
    ).join(""),
  "sixteen Contacts with many escapes": (bytes) =>
    Array.from(
      { length: 16 },
      (_, i) => `Contact: <sip:alice@192.0.2.11:${6000 + i}${repeat(";%78=%79", bytes / 16)}>;expires=60\r\n`,
    ).join(""),
  "instance of Contact": long("Contact", '<sip:alice@192.0.2.11>;+sip.instance="', "x", '"'),
  "escapes in an instance": long("Contact", '<sip:alice@192.0.2.11>;+sip.instance="', '\\"', '"'),
  "parameters of Route": long("Route", "<sip:192.0.2.1;lr>", ";x=y"),
  "URI parameters of Route": long("Route", "<sip:192.0.2.1;lr", ";x=y", ">"),
  "a long sealed Route": long("Route", "<sip:0123456789abcdef.a.", "b", "@192.0.2.1;lr>"),
  "dots in a sealed Route": long("Route", "<sip:0123456789abcdef.a.b", ".", "@192.0.2.1;lr>"),
  "parameters of a second Via": long("Via", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1.a", ";x=y"),
  "branch of a second Via": long("Via", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1", ".a"),
  "fields of Proxy-Authorization": long("Proxy-Authorization", CREDENTIALS, ",x=y"),
  "realm of Proxy-Authorization": long(
    "Proxy-Authorization",
    'Digest username="a",realm="',
    "x",
    '",nonce="a"',
  ),
  "username of Authorization": long(
    "Authorization",
    'Digest realm="sip.local",nonce="a",uri="b",response="c",username="',
    "x",
    '"',
  ),
  "uri of Authorization": long(
    "Authorization",
    'Digest realm="sip.local",nonce="a",username="alice",response="c",uri="',
    "x",
    '"',
  ),
  "escapes in a realm": long("Proxy-Authorization", 'Digest username="a",realm="', '\\"', '",nonce="a"'),
  "words in Privacy": long("Privacy", "", "id;"),
  "blanks in Privacy": long("Privacy", "", " ", "id"),
  "words in RAck": long("RAck", "1", " 1", " INVITE"),
  "digits in Expires": long("Expires", "", "0", "60"),
  "digits in Content-Length": long("Content-Length", "", "0"),
  "digits in Max-Breadth": long("Max-Breadth", "", "0", "60"),
  "parameters of P-Asserted-Identity": long("P-Asserted-Identity", "<sip:19005550199@192.0.2.50>", ";x=y"),
  "P-Asserted-Identity by tel": long("P-Asserted-Identity", "<tel:+1", "9-", "0>"),
  "tel parameters": long("P-Asserted-Identity", "<tel:+19", ";x=y", ">"),
  "schemes of a challenge": long("Proxy-Authenticate", "Digest a=b", ", Digest a=b"),
  "blanks in a challenge": long("Proxy-Authenticate", "Digest", " ", "a=b"),
  "words in a challenge": long("Proxy-Authenticate", "Digest", " a"),
  "fields of a challenge": long("Proxy-Authenticate", 'Digest realm="sip.local",nonce="a"', ",x=y"),
  "Path of parameters": long("Path", "<sip:192.0.2.77;lr", ";x=y", ">"),
  "Replaces": long("Replaces", "a", ";from-tag=b"),
  "Timestamp": long("Timestamp", "", "1"),
};

/** Every header line that grows, by what it is called. */
export const GROWN_HEADERS: ReadonlyMap<string, Grown> = new Map([
  ...LISTS.flatMap(([name, value]): [string, Grown][] => [
    [`rows of ${name}: ${value}`, rows(name, value)],
    [`a list of ${name}: ${value}`, list(name, value)],
    [`a folded list of ${name}: ${value}`, folded(name, value)],
  ]),
  ...Object.entries(LONG),
]);
