import assert from "node:assert/strict";
import { Header } from "../../../src/message/header_name.ts";
import { buildResponse } from "../../../src/message/response_builder.ts";
import { parseVia } from "../../../src/message/via.ts";
import { messageText, readRejected, readRequest, readResponse } from "./sample_message.ts";

Deno.test("§8.2.6.2: Via, From, To, Call-ID and CSeq are those of the request, and nothing else is", () => {
  const request = readRequest(messageText({ "Subject": "x", "Route": "<sip:a;lr>" }, { body: "v=0" }));
  assert.equal(
    buildResponse(request, { status: 486, toTag: "314" }),
    "SIP/2.0 486 Busy Here\r\n" +
      "Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776asdhds\r\n" +
      "From: Alice <sip:alice@atlanta.com>;tag=1928301774\r\n" +
      "To: Bob <sip:bob@biloxi.com>;tag=314\r\n" +
      "Call-ID: a84b4c76e66710@pc33.atlanta.com\r\n" +
      "CSeq: 314159 INVITE\r\n" +
      "Content-Length: 0\r\n\r\n",
  );
});

Deno.test("§8.2.6.2: every Via, in the order of the request, however its rows are cut", () => {
  const rows = ["SIP/2.0/UDP a;branch=1 , SIP/2.0/TCP b;branch=2", "SIP/2.0/UDP c;branch=3\r\n ;x=y"];
  const request = readRequest(messageText({ "Via": rows }));
  const response = readResponse(buildResponse(request, { status: 200, toTag: "t" }));
  assert.deepEqual(response.values(Header.Via), request.values(Header.Via));
  assert.equal(response.values(Header.Via).length, 3);
});

Deno.test("RFC 3581 §4: the response has the top Via as it was stamped, the others as they came", () => {
  const lower = "SIP/2.0/UDP 10.0.0.2;rport;branch=2";
  for (const rows of [["TOP", lower], [`TOP,${lower}`], [`TOP  ,  ${lower}`]]) {
    const top = "SIP/2.0/UDP 10.1.1.1:4540;rport;branch=z9hG4bKkjshdyff";
    const request = readRequest(messageText({ "Via": rows.map((row) => row.replace("TOP", top)) }));
    request.stampTopVia("192.0.2.1", 9988);
    const response = readResponse(buildResponse(request, { status: 200, toTag: "t" }));
    const [first, second, ...more] = response.values(Header.Via);
    const { host, port, received, rport, branch } = parseVia(first, 0, first.length)!;
    assert.deepEqual({ host, port, received, rport, branch }, {
      host: "10.1.1.1",
      port: 4540,
      received: "192.0.2.1",
      rport: 9988,
      branch: "z9hG4bKkjshdyff",
    });
    assert.deepEqual([second, more], [lower, []]);
  }
});

Deno.test("§8.2.6.2: To gets the tag, unless it has one", () => {
  const table: [to: string, tag: string][] = [
    ["Bob <sip:bob@biloxi.com>", "new"],
    ["sip:bob@biloxi.com", "new"],
    ["<sip:bob@biloxi.com>;x=y", "new"],
    ["<sip:bob@biloxi.com>;tag=old", "old"],
    ["<sip:bob@biloxi.com>;x=y ; Tag = old", "old"],
    ["<sip:bob@biloxi.com>\r\n ;tag=old", "old"],
    ["<sip:bob@biloxi.com>;xtag=y", "new"],
  ];
  for (const [to, tag] of table) {
    const request = readRequest(messageText({ "To": to }));
    assert.equal(readResponse(buildResponse(request, { status: 200, toTag: "new" })).to?.tag, tag, to);
  }
});

Deno.test("§8.2.6.2: a tag in the URI or in a quoted string is not the tag of To", () => {
  for (
    const to of [
      "<sip:bob@biloxi.com;tag=uri>",
      '"Bob ;tag=name" <sip:bob@biloxi.com>',
      '<sip:bob@biloxi.com>;x=";tag=quoted"',
    ]
  ) {
    const request = readRequest(messageText({ "To": to }));
    assert.equal(readResponse(buildResponse(request, { status: 200, toTag: "new" })).to?.tag, "new", to);
  }
});

Deno.test("A response without tag is possible: 100 needs none", () => {
  const response = readResponse(buildResponse(readRequest(messageText()), { status: 100 }));
  assert.equal(response.to?.tag, "");
});

Deno.test("§8.2.6.1: Timestamp is copied into a 100 and no other", () => {
  const request = readRequest(messageText({ "Timestamp": "54.21" }));
  assert.equal(readResponse(buildResponse(request, { status: 100 })).header(Header.Timestamp), "54.21");
  assert.equal(
    readResponse(buildResponse(request, { status: 200, toTag: "t" })).has(Header.Timestamp),
    false,
  );
});

Deno.test("Reason and further headers are the caller's", () => {
  const request = readRequest(messageText());
  const headers = "Contact: <sip:a@b>\r\nExpires: 60\r\n";
  const response = readResponse(buildResponse(request, { status: 200, reason: "Fine", toTag: "t", headers }));
  assert.deepEqual([response.reason, response.header(Header.Expires), response.body], ["Fine", "60", ""]);
  assert.equal(buildResponse(request, { status: 499 }).split("\r\n")[0], "SIP/2.0 499 Bad Request");
});

Deno.test("Compact names, folds and bytes of UTF-8 are given back as they came", () => {
  const request = readRequest(messageText({
    "From": undefined,
    "f": '"Zo\xc3\xab" <sip:a@b>\r\n ;tag=1',
    "Call-ID": undefined,
    "i": "x@y",
  }));
  const text = buildResponse(request, { status: 200, toTag: "t" });
  assert.ok(text.includes('\r\nf: "Zo\xc3\xab" <sip:a@b>\r\n ;tag=1\r\n'), text);
  assert.ok(text.includes("\r\ni: x@y\r\n"), text);
});

Deno.test("A malformed request is answered with what it has", () => {
  const malformed = readRejected(messageText({ "CSeq": "x", "From": undefined, "Via": "SIP/2.0/UDP" }));
  const text = buildResponse(malformed.request!, { status: 400, reason: malformed.reason, toTag: "t" });
  assert.deepEqual(text.split("\r\n").slice(1), [
    "Via: SIP/2.0/UDP",
    "To: Bob <sip:bob@biloxi.com>;tag=t",
    "Call-ID: a84b4c76e66710@pc33.atlanta.com",
    "CSeq: x",
    "Content-Length: 0",
    "",
    "",
  ]);
});

Deno.test("Lines of a malformed request that do not end in CRLF end in CRLF in the response", () => {
  const text = messageText({}).replace(/\r\n(?=To:)/, "\n\n").replace(/\r\n(?=CSeq:)/, " \n");
  const rejected = readRejected(text);
  const response = buildResponse(rejected.request!, { status: 400, toTag: "t" });
  assert.doesNotMatch(response, /[^\r]\n/);
  assert.equal(response.indexOf("\r\n\r\n"), response.length - 4);
});
