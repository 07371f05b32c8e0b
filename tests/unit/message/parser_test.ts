import assert from "node:assert/strict";
import { Header } from "../../../src/message/header_name.ts";
import { parseMessage } from "../../../src/message/parser.ts";
import { RejectedMessage } from "../../../src/message/sip_message.ts";
import {
  type HeaderChanges,
  type MessageParts,
  messageText,
  readRejected,
  readRequest,
  readResponse,
  REQUEST_LINE,
  STATUS_LINE,
} from "./sample_message.ts";

Deno.test("A request is read: start line, the common headers, body", () => {
  const request = readRequest(messageText({}, { body: "v=0\r\n" }));
  assert.equal(request.method, "INVITE");
  assert.equal(request.requestUri, "sip:bob@biloxi.com");
  assert.equal(request.uri?.user, "bob");
  assert.deepEqual([request.topVia.host, request.topVia.branch], ["pc33.atlanta.com", "z9hG4bK776asdhds"]);
  assert.deepEqual([request.from.displayName, request.from.tag], ["Alice", "1928301774"]);
  assert.deepEqual([request.to.displayName, request.to.tag], ["Bob", ""]);
  assert.equal(request.callId, "a84b4c76e66710@pc33.atlanta.com");
  assert.deepEqual([request.cseq, request.cseqMethod, request.maxForwards], [314159, "INVITE", 70]);
  assert.equal(request.body, "v=0\r\n");
});

Deno.test("A response is read: start line, the common headers, body", () => {
  const response = readResponse(messageText({ "To": "<sip:bob@biloxi.com>;tag=a6c85cf" }, {
    startLine: "SIP/2.0 180 Ringing, please wait",
    body: "x",
  }));
  assert.deepEqual([response.status, response.reason], [180, "Ringing, please wait"]);
  assert.deepEqual([response.cseq, response.cseqMethod, response.to?.tag], [314159, "INVITE", "a6c85cf"]);
  assert.equal(response.body, "x");
});

Deno.test("§7.2: a status line needs no reason phrase", () => {
  for (const startLine of ["SIP/2.0 200 ", "SIP/2.0 200", "sip/2.0 200 "]) {
    const response = readResponse(messageText({}, { startLine }));
    assert.deepEqual([response.status, response.reason], [200, ""], JSON.stringify(startLine));
  }
});

Deno.test("What a well-formed message may look like", () => {
  const table: [what: string, changes: HeaderChanges, parts?: MessageParts][] = [
    ["an unknown method", { "CSeq": "1 NEW-method%" }, {
      startLine: "NEW-method% sip:bob@biloxi.com SIP/2.0",
    }],
    ["a scheme that is not ours", {}, { startLine: "INVITE tel:+1-201-555-0123 SIP/2.0" }],
    ["a version in lower case (§7.1)", {}, { startLine: "INVITE sip:bob@biloxi.com sip/2.0" }],
    ["no Content-Length", { "Content-Length": undefined }, { body: "all of this" }],
    ["Content-Length shorter than the datagram (§18.3)", { "Content-Length": "2" }, { body: "ok, cut this" }],
    ["no Max-Forwards and no tags (RFC 2543)", { "Max-Forwards": undefined, "From": "sip:a@b" }],
    ["the largest CSeq", { "CSeq": "2147483647 INVITE" }],
    ["zeros before a CSeq", { "CSeq": "0000000000009 INVITE" }],
    ["white space round a CSeq", { "CSeq": "  9 \t INVITE  " }],
    ["a CSeq that is folded", { "CSeq": "9\r\n INVITE" }],
    ["header names in any case", { "VIA": ["SIP/2.0/UDP x"], "uSER-aGENT": "x" }],
    ["values in any bytes", { "Subject": "\xff\xfe\x80" }],
    ["an empty header", { "Subject": "" }],
    ["a hundred of one header", { "Record-Route": new Array(100).fill("<sip:a;lr>") }],
  ];
  for (const [what, changes, parts] of table) {
    const message = parseMessage(messageText(changes, parts));
    assert.equal(message.kind, "request", `${what}: ${"reason" in message ? message.reason : ""}`);
  }
});

Deno.test("§7.5: empty lines before the start line are passed over", () => {
  const request = readRequest(`\r\n\r\n\r\n${messageText({}, { body: "x" })}`);
  assert.deepEqual([request.method, request.body], ["INVITE", "x"]);
});

Deno.test("§18.3: the body is what Content-Length says, else all that is left", () => {
  assert.equal(readRequest(messageText({ "Content-Length": "2" }, { body: "body" })).body, "bo");
  assert.equal(readRequest(messageText({ "Content-Length": undefined }, { body: "body" })).body, "body");
  assert.equal(
    readRequest(messageText({ "Content-Length": undefined, "l": "0" }, { body: "body" })).body,
    "",
  );
});

Deno.test("Max-Forwards that is no number from 0 to 255 is told from one that is missing (§20.22)", () => {
  const table: [value: string | undefined, maxForwards: number | undefined][] = [
    ["0", 0],
    ["255", 255],
    [undefined, undefined],
    ["256", -1],
    ["-1", -1],
    ["x", -1],
    ["", -1],
    ["7 0", -1],
  ];
  for (const [value, maxForwards] of table) {
    assert.equal(readRequest(messageText({ "Max-Forwards": value })).maxForwards, maxForwards, value);
  }
});

Deno.test("Requests that are refused with 400, and answered", () => {
  const table: [what: string, changes: HeaderChanges, parts?: MessageParts][] = [
    ["no From", { "From": undefined }],
    ["no To", { "To": undefined }],
    ["no Call-ID", { "Call-ID": undefined }],
    ["no CSeq", { "CSeq": undefined }],
    ["two Froms", { "From": ["<sip:a@b>;tag=1", "<sip:a@b>;tag=1"] }],
    ["From and its compact form", { "f": "<sip:a@b>;tag=1" }],
    ["two Tos", { "To": ["<sip:a@b>", "<sip:c@d>"] }],
    ["two Call-IDs", { "Call-ID": ["a", "a"] }],
    ["two CSeqs", { "CSeq": ["1 INVITE", "1 INVITE"] }],
    ["two Max-Forwards", { "Max-Forwards": ["1", "2"] }],
    ["two Content-Lengths that differ", { "Content-Length": ["0", "1"] }, { body: "x" }],
    ["Content-Length and another in compact form", { "l": "1" }, { body: "xy" }],
    ["two Content-Lengths that are no numbers", { "Content-Length": ["x", "x"] }],
    ["two Content-Types", { "Content-Type": ["a/b", "a/b"] }],
    ["a Via that is malformed", { "Via": "SIP/2.0/UDP" }],
    ["a Via that is empty", { "Via": "" }],
    ["a Via with two branches", { "Via": "SIP/2.0/UDP a;branch=1;branch=2" }],
    ["a From that is malformed", { "From": "Alice <sip:alice@atlanta.com" }],
    ["two values in From", { "From": "<sip:a@b>;tag=1, <sip:c@d>;tag=2" }],
    ["two tags in From", { "From": "<sip:a@b>;tag=1;tag=2" }],
    ["a To that is malformed", { "To": '"Bob <sip:bob@biloxi.com>' }],
    ["an empty Call-ID", { "Call-ID": "" }],
    ["a Call-ID of two words", { "Call-ID": "a b" }],
    ["a CSeq of 2³¹ (§8.1.1.5)", { "CSeq": "2147483648 INVITE" }],
    ["a CSeq far too large", { "CSeq": "36893488147419103232 INVITE" }],
    ["a negative CSeq", { "CSeq": "-1 INVITE" }],
    ["a CSeq without number", { "CSeq": "INVITE" }],
    ["a CSeq without method", { "CSeq": "1" }],
    ["a CSeq without space", { "CSeq": "1INVITE" }],
    ["a CSeq of three words", { "CSeq": "1 INVITE now" }],
    ["a CSeq of another method (§8.1.1.5)", { "CSeq": "1 BYE" }],
    ["a CSeq method in another case (§7.1)", { "CSeq": "1 invite" }],
    ["Content-Length larger than the body (§18.3)", { "Content-Length": "5" }, { body: "body" }],
    ["a negative Content-Length", { "Content-Length": "-1" }],
    ["Content-Length that is no number", { "Content-Length": "one" }],
    ["an empty Content-Length", { "Content-Length": "" }],
    ["Content-Length beyond all numbers", { "Content-Length": "9".repeat(30) }],
    ["no Request-URI", {}, { startLine: "INVITE SIP/2.0" }],
    ["two spaces before the Request-URI", {}, { startLine: "INVITE  sip:bob@biloxi.com SIP/2.0" }],
    ["two spaces after the Request-URI", {}, { startLine: "INVITE sip:bob@biloxi.com  SIP/2.0" }],
    ["a space in the Request-URI", {}, { startLine: "INVITE sip:bob@biloxi.com; lr SIP/2.0" }],
    ["a tab for a space", {}, { startLine: "INVITE\tsip:bob@biloxi.com SIP/2.0" }],
    ["a space at the end", {}, { startLine: `${REQUEST_LINE} ` }],
    ["a space before the method", {}, { startLine: ` ${REQUEST_LINE}` }],
    ["brackets round the Request-URI", {}, { startLine: "INVITE <sip:bob@biloxi.com> SIP/2.0" }],
    ["a Request-URI without scheme", {}, { startLine: "INVITE bob@biloxi.com SIP/2.0" }],
    ["a Request-URI that is a scheme", {}, { startLine: "INVITE sip: SIP/2.0" }],
    ["no version", {}, { startLine: "INVITE sip:bob@biloxi.com" }],
    ["a version that is none", {}, { startLine: "INVITE sip:bob@biloxi.com SIP/two" }],
    ["another protocol", {}, { startLine: "INVITE sip:bob@biloxi.com HTTP/1.1" }],
    ["a method that is no token", {}, { startLine: "IN@VITE sip:bob@biloxi.com SIP/2.0" }],
    ["a line without colon", { "Subject": "x\r\nnonsense" }],
    ["a line without name", { "Subject": "x\r\n: y" }],
    ["a name that is no token", { "Sub(ject)": "x" }],
    ["a line that ends in LF", { "Subject": "x\nUser-Agent: y" }],
    ["a CR within a line", { "Subject": "x\rUser-Agent: y" }],
    ["a CR within a folded line", { "Subject": "x\r\n y\rz" }],
  ];
  for (const [what, changes, parts] of table) {
    const malformed = readRejected(messageText(changes, parts));
    assert.equal(malformed.status, 400, what);
    assert.ok(malformed.request, `${what} is answered`);
    assert.match(malformed.reason, /^[A-Z][\w -]+$/, what);
  }
});

Deno.test("Content-Lengths that agree are one", () => {
  for (const changes of [{ "Content-Length": ["2", "2", "02"] }, { "l": "2" }]) {
    assert.equal(readRequest(messageText(changes, { body: "xy" })).body, "xy");
  }
});

Deno.test("A head beyond the limits is refused, and answered by what was read of it", () => {
  const limits = { maxHeadSize: 2_000, maxHeaderRows: 20, maxHeaderValues: 4 };
  const table: [what: string, changes: HeaderChanges, status: number][] = [
    ["a long line", { "Subject": "x".repeat(2_000) }, 513],
    ["a long line in folds", { "Subject": "x\r\n ".repeat(1_000) }, 513],
    ["many long lines", { "Subject": new Array(15).fill("x".repeat(200)) }, 513],
    ["many lines", { "Subject": new Array(20).fill("x") }, 400],
    ["many rows of one header", { "Route": new Array(5).fill("<sip:a>") }, 400],
    ["many values in a row", { "Route": new Array(5).fill("<sip:a>").join(",") }, 400],
    ["many values in few rows", { "Path": ["<sip:a>,<sip:b>", "<sip:c>,<sip:d>,<sip:e>"] }, 400],
    ["many Vias", { "Via": new Array(5).fill("SIP/2.0/UDP a;branch=z9hG4bK1") }, 400],
    ["many credentials", { "Authorization": new Array(5).fill("Digest a=b") }, 400],
  ];
  for (const [what, changes, status] of table) {
    const rejected = parseMessage(messageText(changes), limits);
    assert.ok(rejected instanceof RejectedMessage, what);
    const { kind, request } = rejected;
    assert.deepEqual([rejected.status, request?.topVia === undefined], [status, false], what);
    assert.equal(kind, status === 513 ? "oversized" : "malformed", what);
  }
});

Deno.test("Commas within a value do not count as values", () => {
  const limits = { maxHeadSize: 2_000, maxHeaderRows: 20, maxHeaderValues: 4 };
  for (
    const changes of [
      { "Contact": '"a,b,c,d,e" <sip:a,b,c,d,e@f>' },
      { "Route": ["<sip:a,b@c>,<sip:d,e@f>", "<sip:a,b@c>,<sip:d,e@f>"] },
      { "Authorization": 'Digest a=b,c=d,e=f,g=h,i="j"' },
      { "Subject": "a,b,c,d,e,f" },
    ]
  ) {
    assert.equal(parseMessage(messageText(changes), limits).kind, "request", JSON.stringify(changes));
  }
});

Deno.test("§25.1: a Call-ID is one word, whatever white space parts it", () => {
  for (const callId of ["a b", "a\tb", "a\r\n b", "a\r\n\tb"]) {
    assert.equal(readRejected(messageText({ "Call-ID": callId })).status, 400, JSON.stringify(callId));
  }
});

Deno.test("§7: every line of a fold ends in CRLF, so that no header hides behind another", () => {
  for (const subject of ["x\r\n y\nRoute: <sip:evil;lr>", "x\n y", "x\r\n y\n z", "x\r\n y\n"]) {
    assert.equal(readRejected(messageText({ "Subject": subject })).status, 400, JSON.stringify(subject));
  }
});

Deno.test("A fold straight after the start line is refused", () => {
  const malformed = readRejected(messageText().replace("\r\nVia", "\r\n continued\r\nVia"));
  assert.equal(malformed.status, 400);
  assert.ok(malformed.request);
});

Deno.test("§21.5.6: another version of SIP is answered 505", () => {
  for (const version of ["SIP/7.0", "SIP/3.0", "sip/1.0", "SIP/2.1", "SIP/10.0"]) {
    const malformed = readRejected(messageText({}, { startLine: `INVITE sip:bob@biloxi.com ${version}` }));
    assert.equal(malformed.status, 505, version);
    assert.ok(malformed.request);
  }
});

Deno.test("A request without Via cannot be answered", () => {
  assert.equal(readRejected(messageText({ "Via": undefined })).request, undefined);
  assert.equal(readRejected("").request, undefined);
  assert.equal(readRejected("hello").request, undefined);
  assert.equal(readRejected("\r\n\r\n").request, undefined);
});

Deno.test("Responses that are dropped: a response is never answered", () => {
  const table: [what: string, changes: HeaderChanges, parts?: MessageParts][] = [
    ["no Via", { "Via": undefined }],
    ["no CSeq", { "CSeq": undefined }],
    ["a status below 100", {}, { startLine: "SIP/2.0 099 Low" }],
    ["a status above 699", {}, { startLine: "SIP/2.0 700 High" }],
    ["a status of two digits", {}, { startLine: "SIP/2.0 20 Short" }],
    ["a status of ten digits", {}, { startLine: "SIP/2.0 4294967301 better not break the receiver" }],
    ["a status that is no number", {}, { startLine: "SIP/2.0 OK" }],
    ["another version", {}, { startLine: "SIP/7.0 200 OK" }],
    ["two spaces", {}, { startLine: "SIP/2.0  200 OK" }],
    ["Content-Length larger than the body (§18.3)", { "Content-Length": "5" }, { body: "body" }],
    ["a line that ends in LF", { "Subject": "x\ny: z" }],
  ];
  for (const [what, changes, parts] of table) {
    const malformed = readRejected(messageText(changes, { startLine: STATUS_LINE, ...parts }));
    assert.equal(malformed.request, undefined, what);
  }
});

Deno.test("A message that stops too early is never taken for a whole one", () => {
  const text = messageText({ "Subject": "a\r\n b" }, { body: "1234567890" });
  for (let at = 0; at < text.length; at++) {
    assert.equal(parseMessage(text.slice(0, at)).kind, "malformed", `cut at ${at}`);
  }
  assert.equal(parseMessage(text).kind, "request");
});

Deno.test("A message keeps its rows when others are read, with more rows or fewer", () => {
  const text = messageText({ "Record-Route": new Array(6_000).fill("<sip:a;lr>") });
  const many = parseMessage(text, { maxHeadSize: Infinity, maxHeaderRows: 6_100, maxHeaderValues: 6_000 });
  assert.ok(many.kind === "request");
  const few = readRequest(messageText({ "User-Agent": "few" }));
  const other = readRequest(messageText({ "User-Agent": "other" }));
  assert.equal(many.rowValues(Header.RecordRoute).length, 6_000);
  assert.deepEqual([few, other].map((one) => one.header(Header.UserAgent)), ["few", "other"]);
  assert.equal(few.rows.length, 4 * 9);
});

Deno.test("Nothing throws wherever a message is cut, or a byte is put in the place of another", () => {
  for (const startLine of [REQUEST_LINE, STATUS_LINE]) {
    const text = messageText({ "Subject": "a\r\n b", "l": "0", "Content-Length": undefined }, { startLine });
    for (let at = 0; at <= text.length; at++) {
      parseMessage(text.slice(at));
      parseMessage(text.slice(0, at) + text.slice(at + 1));
      for (const byte of ["\0", "\r", "\n", " ", ":", '"', "<", "\xff"]) {
        parseMessage(text.slice(0, at) + byte + text.slice(at + 1));
      }
    }
  }
});
