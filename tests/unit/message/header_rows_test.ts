import assert from "node:assert/strict";
import { Header } from "../../../src/message/header_name.ts";
import { splitValues } from "../../../src/message/header_rows.ts";
import { parseVia } from "../../../src/message/via.ts";
import { type HeaderChanges, messageText, readRequest } from "./sample_message.ts";

function sample(changes: HeaderChanges = {}) {
  return readRequest(messageText(changes));
}

Deno.test("header() is the value without white space at its ends", () => {
  for (const written of ["Invite", "   Invite", "\tInvite \t ", "\r\n Invite", "Invite\r\n  "]) {
    assert.equal(
      sample({ "User-Agent": written }).header(Header.UserAgent),
      "Invite",
      JSON.stringify(written),
    );
  }
  assert.equal(sample({ "User-Agent": "" }).header(Header.UserAgent), "");
  assert.equal(sample().header(Header.UserAgent), undefined);
});

Deno.test("§7.3.1: white space may stand before the colon", () => {
  const request = readRequest(messageText().replace("Contact:", "Contact \t:").replace("To:", "t  :"));
  assert.equal(request.header(Header.Contact), "<sip:alice@pc33.atlanta.com>");
  assert.equal(request.to.displayName, "Bob");
});

Deno.test("§7.3.1: a folded value is one line, its folds single spaces", () => {
  const table: [written: string, meant: string][] = [
    ["I know you're there,\r\n pick up the phone", "I know you're there, pick up the phone"],
    ["a\r\n\t  b \r\n c", "a b c"],
    ["\r\n a", "a"],
    ["a  b\r\n c", "a  b c"],
  ];
  for (const [written, meant] of table) {
    const request = sample({ "Subject": written });
    assert.equal(request.hasFolds, true);
    assert.equal(request.headerNamed("subject"), meant);
  }
  assert.equal(sample().hasFolds, false);
});

Deno.test("UTF-8 passes unchanged, byte by byte", () => {
  const bytes = Array.from({ length: 128 }, (_, i) => String.fromCharCode(128 + i)).join("");
  const request = sample({ "Subject": bytes, "From": `"${bytes}" <sip:a@b>;tag=1` });
  assert.equal(request.headerNamed("Subject"), bytes);
  assert.ok(request.header(Header.From)?.includes(bytes));
  const folded = sample({ "Subject": `\xa0${bytes}\r\n \x85x\xa0` });
  assert.equal(folded.headerNamed("Subject"), `\xa0${bytes} \x85x\xa0`);
});

Deno.test("Rows keep their order, and are found by long and compact name alike", () => {
  const request = sample({
    "Route": ["<sip:a;lr>", "<sip:b;lr>"],
    "m": "<sip:c@d>",
    "x": "1",
    "ROUTE": "<sip:e;lr>",
  });
  assert.deepEqual(request.rowValues(Header.Route), ["<sip:a;lr>", "<sip:b;lr>", "<sip:e;lr>"]);
  assert.deepEqual(request.rowValues(Header.Contact), ["<sip:alice@pc33.atlanta.com>", "<sip:c@d>"]);
  assert.deepEqual(request.rowValues(Header.Path), []);
  assert.equal(request.has(Header.Route), true);
  assert.equal(request.has(Header.Path), false);
  assert.equal(request.rowOf(Header.Path), -1);
  assert.equal(request.rowOf(Header.Via), 0);
});

Deno.test("headerNamed() finds the first of any name, in any case", () => {
  const request = sample({ "X-Gateway-Ref": ["gw1", "gw2"], "s": "compact", "P-Called-Party-ID": "<sip:a>" });
  assert.equal(request.headerNamed("x-gateway-ref"), "gw1");
  assert.equal(request.headerNamed("S"), "compact");
  assert.equal(request.headerNamed("Subject"), undefined);
  assert.equal(request.headerNamed("call-id"), "a84b4c76e66710@pc33.atlanta.com");
  assert.equal(request.headerNamed("X-Gateway"), undefined);
  assert.equal(request.headerNamed("p-called-party-id"), "<sip:a>");
});

Deno.test("Row names are as written, row ends include the line break and all folds", () => {
  const text = messageText({ "sUBJECT": "a\r\n b", "X": "1" }).replace("sUBJECT:", "sUBJECT :");
  const request = readRequest(text);
  const rows = text.split(/\r\n(?! )/).slice(1, -2);
  let number = 0;
  for (let row = request.rowOf(Header.Via); row < request.rows.length; row += 4, number++) {
    assert.equal(text.slice(request.rows[row + 1], request.rowEnd(row)), `${rows[number]}\r\n`);
    assert.equal(request.rowName(row), rows[number].split(/[ :]/)[0]);
  }
  assert.equal(number, rows.length);
});

Deno.test("§7.3.1: several values in a row are the same as several rows", () => {
  const expected = ["SIP/2.0/UDP a;branch=1", "SIP/2.0/UDP b;branch=2", "SIP/2.0/UDP c;branch=3"];
  for (
    const rows of [
      expected,
      [expected.join(",")],
      [expected.join(" ,\r\n ")],
      [`${expected[0]} , ${expected[1]}`, expected[2]],
    ]
  ) assert.deepEqual(sample({ "Via": rows }).values(Header.Via), expected);
});

Deno.test("splitValues() splits at commas outside of quotes and brackets", () => {
  const table: [value: string, values: string[]][] = [
    ["", []],
    ["a", ["a"]],
    ["a,b , c", ["a", "b", "c"]],
    [",a,, b,", ["a", "b"]],
    ['"a,b" <sip:x>, c', ['"a,b" <sip:x>', "c"]],
    ["<sip:a,b@c>,<sip:d>", ["<sip:a,b@c>", "<sip:d>"]],
    ['"say \\", no" <sip:x>,y', ['"say \\", no" <sip:x>', "y"]],
    ['"<" <sip:x>,y', ['"<" <sip:x>', "y"]],
    ['<sip:x>;a="1,2",y', ['<sip:x>;a="1,2"', "y"]],
    ['a,"open,b', ["a", '"open,b']],
    ["<open,b", ["<open,b"]],
    [" , ", []],
  ];
  for (const [value, values] of table) assert.deepEqual(splitValues(value), values, value);
});

/** Host, port, received and rport of the top Via once it is stamped. */
function stamped(via: string, address: string, port: number) {
  const request = sample({ "Via": via });
  request.stampTopVia(address, port);
  const { topViaText } = request;
  const { host, port: sentByPort, received, rport, branch } = parseVia(
    topViaText,
    0,
    topViaText.length,
  )!;
  return { sentBy: sentByPort === undefined ? host : `${host}:${sentByPort}`, received, rport, branch };
}

Deno.test("§18.2.1 and RFC 3581 §4: the top Via tells where the request came from", () => {
  type Source = [address: string, port: number];
  const table: [via: string, source: Source, received: string | undefined, rport: number | undefined][] = [
    // The address of sent-by is where it came from: nothing to say.
    ["192.0.2.1:5060;branch=b", ["192.0.2.1", 5060], undefined, undefined],
    // Another port is no reason for received (§18.2.1 compares addresses).
    ["192.0.2.1:5060;branch=b", ["192.0.2.1", 9988], undefined, undefined],
    // Another address, or a name.
    ["10.1.1.1:4540;branch=b", ["192.0.2.1", 9988], "192.0.2.1", undefined],
    ["bobspc.biloxi.com:5060;branch=b", ["192.0.2.4", 5060], "192.0.2.4", undefined],
    // rport asks for both, even when the address is right.
    ["10.1.1.1:4540;rport;branch=b", ["192.0.2.1", 9988], "192.0.2.1", 9988],
    ["192.0.2.1:5060;rport;branch=b", ["192.0.2.1", 5060], "192.0.2.1", 5060],
    ["10.1.1.1;branch=b;rport", ["192.0.2.1", 1], "192.0.2.1", 1],
    // What the sender claims is replaced.
    ["10.1.1.1;received=192.0.2.66;branch=b", ["192.0.2.1", 5060], "192.0.2.1", undefined],
    ["10.1.1.1;rport=1;received=192.0.2.66;branch=b", ["192.0.2.1", 5060], "192.0.2.1", 5060],
    ["192.0.2.1;received=192.0.2.66;branch=b", ["192.0.2.1", 5060], undefined, undefined],
    ["192.0.2.1;branch=b;rport = 7 ; received = 1.2.3.4", ["192.0.2.1", 5060], "192.0.2.1", 5060],
    // IPv6: brackets in sent-by, none in received (§25.1 via-received).
    ["[2001:db8::1]:5060;branch=b", ["[2001:db8::1]", 5060], undefined, undefined],
    ["[2001:db8::1];branch=b", ["[2001:db8::2]", 5060], "2001:db8::2", undefined],
    ["[::1];rport;branch=b", ["[::1]", 5066], "::1", 5066],
  ];
  for (const [via, [address, port], received, rport] of table) {
    const sentBy = via.split(";")[0];
    assert.deepEqual(
      stamped(`SIP/2.0/UDP ${via}`, address, port),
      { sentBy, received, rport, branch: "b" },
      `${via} from ${address}:${port}`,
    );
  }
});

Deno.test("Stamping touches the first value of the first Via only", () => {
  const rest = "SIP/2.0/UDP 10.0.0.2;rport;branch=2";
  const request = sample({ "Via": [`SIP/2.0/UDP 10.0.0.1;rport;branch=1 , ${rest}`, rest] });
  request.stampTopVia("192.0.2.1", 4000);
  assert.equal(request.isViaStamped, true);
  assert.equal(request.topViaText, "SIP/2.0/UDP 10.0.0.1;rport=4000;branch=1;received=192.0.2.1");
  assert.equal(request.values(Header.Via)[1], rest);
});

Deno.test("A Via that needs nothing stays as it came", () => {
  const request = sample({ "Via": "SIP / 2.0/UDP  192.0.2.1 ;branch=1" });
  request.stampTopVia("192.0.2.1", 4000);
  assert.equal(request.isViaStamped, false);
  assert.equal(request.topViaText, "SIP / 2.0/UDP  192.0.2.1 ;branch=1");
});
