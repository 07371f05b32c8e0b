import assert from "node:assert/strict";
import { parseVia, skipHost, type Via } from "../../../src/message/via.ts";

function via(text: string): Via {
  const parsed = parseVia(text, 0, text.length);
  assert.ok(parsed, `${text} is well-formed`);
  return parsed;
}

type Sender = [transport: string, host: string, port: number | undefined, branch: string];

function senderOf({ transport, host, port, branch }: Via): Sender {
  return [transport, host, port, branch];
}

Deno.test("parseVia() reads sent-protocol, sent-by and branch", () => {
  const table: [text: string, sender: Sender][] = [
    ["SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776asdhds", [
      "UDP",
      "pc33.atlanta.com",
      undefined,
      "z9hG4bK776asdhds",
    ]],
    ["SIP/2.0/TCP 192.0.2.1:5070;branch=z9hG4bK1", ["TCP", "192.0.2.1", 5070, "z9hG4bK1"]],
    ["SIP/2.0/TLS [2001:db8::9:1];branch=z9hG4bK1", ["TLS", "[2001:db8::9:1]", undefined, "z9hG4bK1"]],
    ["SIP/2.0/SCTP [2001:db8::9:1]:5062", ["SCTP", "[2001:db8::9:1]", 5062, ""]],
    ["SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bK56sdasks", [
      "WSS",
      "df7jal23ls0d.invalid",
      undefined,
      "z9hG4bK56sdasks",
    ]],
    ["SIP/2.0/UDP 192.0.2.1", ["UDP", "192.0.2.1", undefined, ""]],
    ["sip/2.0/udp HOST:1;BRANCH=Z9HG4BK", ["udp", "HOST", 1, "Z9HG4BK"]],
    ["SIP/2.0/TLS-SCTP a", ["TLS-SCTP", "a", undefined, ""]],
  ];
  for (const [text, sender] of table) assert.deepEqual(senderOf(via(text)), sender, text);
});

Deno.test("§20.42: white space round slash, colon, semicolon and equals", () => {
  const table: [text: string, sender: Sender][] = [
    [
      "SIP / 2.0 / UDP first.example.com: 4000;ttl=16 ;maddr=224.2.0.1 ;branch=z9hG4bKa7c6a8dlze.1",
      ["UDP", "first.example.com", 4000, "z9hG4bKa7c6a8dlze.1"],
    ],
    ["SIP\t/\t2.0\t/\tTCP  a : 5060 ; branch = b", ["TCP", "a", 5060, "b"]],
    ["SIP/2.0/UDP\r\n 192.0.2.1\r\n\t:5060\r\n ;branch=b", ["UDP", "192.0.2.1", 5060, "b"]],
    ["   SIP/2.0/UDP a ;branch=b  ", ["UDP", "a", undefined, "b"]],
    ["SIP/2.0/UDP [::1] : 5060;branch=b", ["UDP", "[::1]", 5060, "b"]],
  ];
  for (const [text, sender] of table) assert.deepEqual(senderOf(via(text)), sender, text);
});

Deno.test("parseVia() ends at the comma before the next value, and begins where it is told", () => {
  const text = "SIP/2.0/UDP a;branch=1 , SIP/2.0/TCP b;branch=2";
  const first = via(text);
  assert.deepEqual([first.start, first.end, first.branch], [0, 23, "1"]);
  const second = parseVia(text, first.end + 1, text.length)!;
  assert.deepEqual([second.start, second.end, second.branch], [25, text.length, "2"]);
  assert.equal(parseVia(text, 0, 13)?.branch, "");
  assert.equal(parseVia(text, 0, 21), undefined);
});

Deno.test("RFC 3581 §3: rport without value asks for the port, with a value tells it", () => {
  const table: [text: string, rport: number | undefined, span: string][] = [
    ["SIP/2.0/UDP a;branch=b", undefined, ""],
    ["SIP/2.0/UDP a;rport;branch=b", undefined, ";rport"],
    ["SIP/2.0/UDP a;branch=b;rport", undefined, ";rport"],
    ["SIP/2.0/UDP a;rport=9988;branch=b", 9988, ";rport=9988"],
    ["SIP/2.0/UDP a;RPort = 1 ;branch=b", 1, ";RPort = 1"],
  ];
  for (const [text, rport, span] of table) {
    const parsed = via(text);
    assert.equal(parsed.rport, rport, text);
    assert.equal(parsed.rportStart < 0 ? "" : text.slice(parsed.rportStart, parsed.rportEnd), span);
  }
});

Deno.test("RFC 3581 §3: an rport that is no port is not taken for one", () => {
  for (const value of ["abc", "65536", "-1", '"5060"']) {
    const text = `SIP/2.0/UDP a;branch=b;rport=${value}`;
    assert.equal(parseVia(text, 0, text.length)?.rport, undefined, value);
  }
});

Deno.test("parseVia() reads received, an IPv6 address in or without brackets", () => {
  for (const address of ["192.0.2.101", "2001:db8::9:255", "[2001:db8::9:255]"]) {
    const text = `SIP/2.0/UDP a;received=${address};branch=b`;
    const parsed = via(text);
    assert.equal(parsed.received, address);
    assert.equal(text.slice(parsed.receivedStart, parsed.receivedEnd), `;received=${address}`);
  }
  assert.equal(via("SIP/2.0/UDP a").received, undefined);
});

Deno.test("parseVia() does not find parameters that are hidden in others", () => {
  const text = 'SIP/2.0/UDP a;hidden;ext=";branch=fake;rport;received=1.2.3.4";branch=real;xrport;rports=1';
  const parsed = via(text);
  assert.equal(parsed.branch, "real");
  assert.equal(parsed.received, undefined);
  assert.equal(parsed.rportStart, -1);
});

Deno.test("parseVia() refuses malformed values", () => {
  for (
    const text of [
      "",
      "SIP",
      "SIP/2.0",
      "SIP/2.0/",
      "SIP/2.0/UDP",
      "SIP/2.0/UDP ",
      "SIP/2.0/UDPa",
      "SIP/2.0 UDP a",
      "/2.0/UDP a",
      "SIP//UDP a",
      "SIP/2.0// a",
      "SIP/2.0/UDP ;branch=b",
      "SIP/2.0/UDP :5060",
      "SIP/2.0/UDP a:",
      "SIP/2.0/UDP a:x",
      "SIP/2.0/UDP a:65536",
      "SIP/2.0/UDP a:5060x",
      "SIP/2.0/UDP [::1",
      "SIP/2.0/UDP []",
      "SIP/2.0/UDP ::1",
      "SIP/2.0/UDP a b",
      "SIP/2.0/UDP a;",
      "SIP/2.0/UDP a;;branch=b",
      "SIP/2.0/UDP a;branch=",
      "SIP/2.0/UDP a;branch=b c",
      'SIP/2.0/UDP a;x="open',
      "SIP/2.0/UDP a<b>",
      "SIP/2.0/UDP \xc3\xa9",
    ]
  ) assert.equal(parseVia(text, 0, text.length), undefined, text);
});

Deno.test("parseVia() refuses a value that says two things at once", () => {
  for (const twice of ["branch=a;branch=b", "rport;rport=1", "received=192.0.2.1;received=192.0.2.2"]) {
    const text = `SIP/2.0/UDP a;${twice}`;
    assert.equal(parseVia(text, 0, text.length), undefined, text);
  }
});

Deno.test("parseVia() throws at no prefix and no suffix", () => {
  const text =
    'SIP / 2.0 / UDP [2001:db8::1] : 4000;rport = 1;received=::1;x="a\\"b";branch=b , SIP/2.0/TCP c';
  for (let at = 0; at <= text.length; at++) {
    parseVia(text, 0, at);
    parseVia(text, at, text.length);
  }
});

Deno.test("skipHost() ends at what is no part of a host", () => {
  const table: [text: string, host: string][] = [
    ["a.example:5060", "a.example"],
    ["192.0.2.1;x", "192.0.2.1"],
    ["[2001:db8::1]:5060", "[2001:db8::1]"],
    ["[]", ""],
    ["[::1", ""],
    [";x", ""],
    ["", ""],
  ];
  for (const [text, host] of table) assert.equal(text.slice(0, skipHost(text, 0, text.length)), host);
  assert.equal(skipHost("[::1]", 0, 4), 0);
});

Deno.test("parseVia(): a branch is there once, and is no quoted string (§25.1)", () => {
  for (
    const parameters of [";branch", ";branch=", ';branch=""', ';branch="z9hG4bK1"', ";branch;branch=z9hG4bK1"]
  ) {
    const value = `SIP/2.0/UDP a${parameters}`;
    assert.equal(parseVia(value, 0, value.length), undefined, value);
  }
});
