import assert from "node:assert/strict";
import { type NameAddr, parseNameAddr, parseNameAddrList } from "../../../src/message/name_addr.ts";

function nameAddr(text: string): NameAddr {
  const parsed = parseNameAddr(text, 0, text.length);
  assert.ok(parsed, `${text} is well-formed`);
  return parsed;
}

Deno.test("parseNameAddr() reads the examples of §20.10, §20.20 and §20.39", () => {
  const table: [text: string, displayName: string, uri: string, parameters: string][] = [
    [
      '"Mr. Watson" <sip:watson@worcester.bell-telephone.com>;q=0.7; expires=3600',
      "Mr. Watson",
      "sip:watson@worcester.bell-telephone.com",
      ";q=0.7; expires=3600",
    ],
    ["<sips:bob@192.0.2.4>;expires=60", "", "sips:bob@192.0.2.4", ";expires=60"],
    [
      '"A. G. Bell" <sip:agb@bell-telephone.com> ;tag=a48s',
      "A. G. Bell",
      "sip:agb@bell-telephone.com",
      ";tag=a48s",
    ],
    [
      "sip:+12125551212@server.phone2net.com;tag=887s",
      "",
      "sip:+12125551212@server.phone2net.com",
      ";tag=887s",
    ],
    [
      "Anonymous <sip:c8oqz84zk7z@privacy.org>;tag=hyh8",
      "Anonymous",
      "sip:c8oqz84zk7z@privacy.org",
      ";tag=hyh8",
    ],
    [
      "The Operator <sip:operator@cs.columbia.edu>;tag=2874",
      "The Operator",
      "sip:operator@cs.columbia.edu",
      ";tag=2874",
    ],
    ["<sip:p1.example.com;lr>", "", "sip:p1.example.com;lr", ""],
  ];
  for (const [text, displayName, uri, parameters] of table) {
    const parsed = nameAddr(text);
    assert.deepEqual([parsed.displayName, parsed.uriText, parsed.parameters], [displayName, uri, parameters]);
    assert.equal(parsed.toString(), text);
    assert.equal(parsed.end, text.length);
  }
});

Deno.test("parseNameAddr() reads display names of all kinds", () => {
  const table: [text: string, displayName: string][] = [
    ['"" <sip:a@b>', ""],
    ['"Alice"<sip:a@b>', "Alice"],
    ["Alice<sip:a@b>", "Alice"],
    ['"say \\"hi\\" \\\\" <sip:a@b>', 'say "hi" \\'],
    ['"<sip:evil@c>" <sip:a@b>', "<sip:evil@c>"],
    ['"a, b; c" <sip:a@b>', "a, b; c"],
    ['"Zo\xc3\xab" <sip:a@b>', "Zoë"],
    ["Zo\xc3\xab <sip:a@b>", "Zoë"],
    ["token1~` token2'+_ <sip:a@b>", "token1~` token2'+_"],
  ];
  for (const [text, displayName] of table) {
    const parsed = nameAddr(text);
    assert.deepEqual([parsed.displayName, parsed.uriText], [displayName, "sip:a@b"], text);
  }
});

Deno.test("§20.10: without brackets, parameters belong to the header", () => {
  const bare = nameAddr("sip:a@b;transport=tcp");
  assert.deepEqual([bare.uriText, bare.parameter("transport")], ["sip:a@b", "tcp"]);
  const bracketed = nameAddr("<sip:a@b;transport=tcp>;q=1");
  assert.deepEqual([bracketed.uri?.parameter("transport"), bracketed.parameter("transport")], [
    "tcp",
    undefined,
  ]);
});

Deno.test("NameAddr.uri is the URI when it is a SIP URI; any other keeps its text", () => {
  assert.equal(nameAddr("<sip:a@B>").uri?.host, "b");
  for (const text of ["tel:+1-201-555-0123", "urn:service:sos", "http://example.com/x", "sip:a@b@c"]) {
    const parsed = nameAddr(`<${text}>`);
    assert.deepEqual([parsed.uri, parsed.uriText], [undefined, text]);
  }
});

Deno.test("NameAddr.tag is the tag of the header, not one of the URI or of a quoted string", () => {
  const table: [text: string, tag: string][] = [
    ["<sip:a@b>", ""],
    ["<sip:a@b>;tag=x", "x"],
    ["<sip:a@b>;x=1 ; TAG = y;z", "y"],
    ["sip:a@b;tag=x", "x"],
    ["<sip:a@b;tag=no>", ""],
    ['";tag=no" <sip:a@b>', ""],
    ['<sip:a@b>;x=";tag=no"', ""],
    ["<sip:a@b>;tags=1;xtag=2", ""],
  ];
  for (const [text, tag] of table) assert.equal(nameAddr(text).tag, tag, text);
});

Deno.test("NameAddr.parameter() finds parameters in any case, unquoted", () => {
  const contact = nameAddr('<sip:a@b>;Q=0.7;+sip.instance="<urn:uuid:00>";reg-id=1;ob');
  assert.equal(contact.parameter("q"), "0.7");
  assert.equal(contact.parameter("+sip.instance"), "<urn:uuid:00>");
  assert.equal(contact.parameter("reg-id"), "1");
  assert.equal(contact.parameter("ob"), "");
  assert.equal(contact.parameter("expires"), undefined);
});

Deno.test("parseNameAddr() takes white space and folds for granted", () => {
  const parsed = nameAddr(' "Alice"\r\n <sip:a@b>\r\n ; tag\t=\r\n x ');
  assert.deepEqual([parsed.displayName, parsed.uriText, parsed.tag], ["Alice", "sip:a@b", "x"]);
});

Deno.test("parseNameAddr() refuses malformed values", () => {
  for (
    const text of [
      "",
      "   ",
      "*",
      "alice",
      "Alice <sip:a@b",
      "Alice sip:a@b>",
      "<>",
      "<sip:a@b>>",
      "<sip:a b@c>",
      "< sip:a@b>",
      "<sip:a@b >",
      "<\r\n sip:a@b>",
      '"Alice',
      '"Alice" sip:a@b',
      '"Alice" x <sip:a@b>',
      '"Alice\\" <sip:a@b>',
      "Mr. Watson, come <sip:a@b>",
      "sip:a@b?subject=x",
      'sip:a@b"',
      "<sip:a@b> x",
      "<sip:a@b>;",
      "<sip:a@b>;;x",
      "<sip:a@b>;=x",
      '<sip:a@b>;x="open',
      "<sip:a@b>;tag=x;tag=y",
      "sip:a@b sip:c@d",
      ";tag=x",
    ]
  ) assert.equal(parseNameAddr(text, 0, text.length), undefined, text);
});

Deno.test("parseNameAddrList() reads every value of a line", () => {
  const text =
    '"Bell, A." <sip:a@b,c>;q=0.7,sip:d@e ;expires=5 , <sips:f@g?h=i>;methods="INVITE,BYE", tel:+1';
  const values = parseNameAddrList(text)!;
  assert.deepEqual(values.map((value) => value.uriText), ["sip:a@b,c", "sip:d@e", "sips:f@g?h=i", "tel:+1"]);
  assert.deepEqual(values.map((value) => value.parameters), [
    ";q=0.7",
    ";expires=5",
    ';methods="INVITE,BYE"',
    "",
  ]);
  assert.deepEqual(values.map(String), text.split(/ ?, ?(?=sip:d|<sips|tel)/));
});

Deno.test("parseNameAddrList() reads all values or none", () => {
  for (
    const text of [
      "",
      ",",
      "<sip:a@b>,",
      ",<sip:a@b>",
      "<sip:a@b>,,<sip:c@d>",
      "<sip:a@b>,oops",
      "<sip:a@b>, *",
    ]
  ) {
    assert.equal(parseNameAddrList(text), undefined, text);
  }
});

Deno.test("Both throw at no prefix and no suffix", () => {
  const text = '"Be\\"ll, A." <sip:a@b>;q=0.7;x="y\\z",\xc3\xa9 <sip:c@d>;tag=1 , sip:d@e ;expires=5';
  assert.ok(parseNameAddrList(text));
  for (let at = 0; at <= text.length; at++) {
    parseNameAddr(text, 0, at);
    parseNameAddrList(text.slice(0, at));
    parseNameAddrList(text.slice(at));
  }
});

Deno.test("parseNameAddr(): a tag is a token, and there only once (§25.1)", () => {
  for (
    const parameters of [
      ';tag=""',
      ';tag="x"',
      ";tag",
      ";tag=",
      ";tag=a@b",
      ";tag=a/b",
      ";tag=[::1]",
      ";tag=a:b",
      ";tag=a;tag=b",
      ";tag=a;TAG=a",
      ";tag;tag=a",
      ";tag=é",
    ]
  ) {
    const value = `<sip:a@x>${parameters}`;
    assert.equal(parseNameAddr(value, 0, value.length), undefined, value);
  }
  for (const tag of ["a", "_token~1'+`*%!-.", "0"]) {
    const value = `<sip:a@x> ; Tag = ${tag};x="y"`;
    assert.equal(parseNameAddr(value, 0, value.length)?.tag, tag);
  }
});
