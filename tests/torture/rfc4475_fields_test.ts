/** RFC 4475: what the fields of its valid messages mean. */
import assert from "node:assert/strict";
import { Header } from "../../src/message/header_name.ts";
import { type NameAddr, parseNameAddrList } from "../../src/message/name_addr.ts";
import { parseMessage } from "../../src/message/parser.ts";
import type { SipRequest, SipResponse } from "../../src/message/sip_message.ts";
import { parseVia } from "../../src/message/via.ts";
import { readText } from "./torture_messages.ts";

function request(name: string): SipRequest {
  const message = parseMessage(readText(name));
  assert.ok(message.kind === "request");
  return message;
}

function response(name: string): SipResponse {
  const message = parseMessage(readText(name));
  assert.ok(message.kind === "response");
  return message;
}

function contacts(message: SipRequest): NameAddr[] {
  return message.rowValues(Header.Contact).flatMap((value) => parseNameAddrList(value) ?? assert.fail(value));
}

Deno.test("RFC 4475 wsinv: folding and spacing change no value", () => {
  const message = request("wsinv");
  assert.equal(message.uri?.parameter("unknownparam"), "");
  assert.deepEqual([message.to.tag, message.from.tag], ["1918181833n", "98asjd8"]);
  assert.equal(message.from.displayName, 'J Rosenberg \\"');
  assert.deepEqual([message.cseq, message.cseqMethod, message.maxForwards], [9, "INVITE", 68]);
  assert.equal(message.headerNamed("newfangledheader"), "newfangled value continued newfangled value");
  assert.equal(message.headerNamed("UnknownHeaderWithUnusualValue"), ";;,,;;,;");
  assert.equal(message.headerNamed("s"), "");
  assert.equal(message.body.length, 150);
});

Deno.test("RFC 4475 wsinv: three Vias, one in its own row and two in a compact one", () => {
  const message = request("wsinv");
  const vias = message.values(Header.Via).map((value) => parseVia(value, 0, value.length));
  assert.deepEqual(vias.map((via) => [via?.transport, via?.host, via?.branch]), [
    ["UDP", "192.0.2.2", "390skdjuw"],
    ["TCP", "spindle.example.com", "z9hG4bK9ikj8"],
    ["UDP", "192.168.255.111", "z9hG4bK30239"],
  ]);
  assert.equal(message.topVia.host, "192.0.2.2");
});

Deno.test("RFC 4475 wsinv: parameters of Contact and Route", () => {
  const message = request("wsinv");
  const [contact] = contacts(message);
  assert.equal(contact.displayName, 'Quoted string ""');
  assert.deepEqual(["newparam", "secondparam", "q"].map((name) => contact.parameter(name)), [
    "newvalue",
    "",
    "0.33",
  ]);
  const [route] = parseNameAddrList(message.header(Header.Route)!)!;
  assert.deepEqual(["lr", "unknownwith", "unknown-no-value"].map((name) => route.uri?.parameter(name)), [
    "",
    "value",
    "",
  ]);
});

Deno.test("RFC 4475 intmeth: every character that the grammar allows", () => {
  const message = request("intmeth");
  assert.equal(message.method, "!interesting-Method0123456789_*+`.%indeed'~");
  assert.equal(message.cseqMethod, message.method);
  assert.equal(message.uri?.user, "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*");
  assert.equal(message.uri?.password, "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)");
  assert.equal(message.to.displayName, "BEL:\x07 NUL:\0 DEL:\x7f");
  assert.equal(message.from.displayName, "token1~` token2'+_ token3*%!.-");
  assert.equal(message.from.tag, "_token~1'+`*%!-.");
  assert.equal(message.callId, "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{");
  assert.equal(message.topVia.branch, "z9hG4bK-.!%66*_+`'~");
  assert.equal(
    message.headerNamed("extensionHeader-!.%*+_`'~"),
    "\xef\xbb\xbf\xe5\xa4\xa7\xe5\x81\x9c\xe9\x9b\xbb",
  );
  assert.equal(message.maxForwards, 255);
});

Deno.test("RFC 4475 esc01: % HEX HEX is undone once, and only in URIs", () => {
  const message = request("esc01");
  assert.equal(message.uri?.userText, "sips:user@example.com");
  assert.equal(message.uri?.host, "example.net");
  assert.equal(message.to.uri?.addressOfRecord, "sip:user@example.com");
  assert.equal(message.from.uri?.userText, "I have spaces");
  const [contact] = contacts(message);
  assert.equal(contact.uri?.userText, "caller");
  assert.equal(contact.uri?.parameter("lr"), "");
  assert.equal(contact.uri?.parameter("name"), "value%41");
});

Deno.test("RFC 4475 escnull: a null neither ends a user nor makes two contacts one", () => {
  const message = request("escnull");
  assert.equal(message.to.uri?.addressOfRecord, "sip:null-\0-null@example.com");
  const [one, two] = contacts(message);
  assert.deepEqual([one.uri?.userText, two.uri?.userText], ["\0", "\0\0"]);
  assert.equal(one.uri!.equals(two.uri!), false);
});

Deno.test("RFC 4475 esc02: % in method, display name and header name is a character", () => {
  const message = request("esc02");
  assert.equal(message.method, "RE%47IST%45R");
  assert.equal(message.to.displayName, "%Z%45");
  assert.deepEqual(contacts(message).map((contact) => contact.uriText), [
    "sip:alias1@host1.example.com",
    "sip:alias3@host3.example.com",
  ]);
});

Deno.test("RFC 4475 lwsdisp: a display name may touch its bracket", () => {
  const { from } = request("lwsdisp");
  assert.deepEqual([from.displayName, from.uriText, from.tag], ["caller", "sip:caller@example.com", "323"]);
});

Deno.test("RFC 4475 longreq: no name, value or number of rows is too long", () => {
  const message = request("longreq");
  assert.equal(message.values(Header.Via).length, 34);
  assert.equal(message.from.tag, `12${"982".repeat(50)}424`);
  assert.equal(message.from.uri?.user, "amazinglylongcallername".repeat(5));
  assert.equal(message.to.uri?.parameter(`longparam${"name".repeat(25)}`), "shortvalue");
  assert.equal(message.callId, `longreq.one${"really".repeat(20)}longcallid`);
  const long = "long".repeat(20);
  assert.equal(
    message.headerNamed(`Unknown-${"Long".repeat(20)}-Name`),
    `unknown-${long}-value; unknown-${long}-parameter-name = unknown-${long}-parameter-value`,
  );
});

Deno.test("RFC 4475 dblreq: what follows Content-Length is not the body", () => {
  const message = request("dblreq");
  assert.equal(message.method, "REGISTER");
  assert.equal(message.body, "");
  assert.equal(message.headerNamed("Content-Type"), undefined);
});

Deno.test("RFC 4475 semiuri: the user part may hold semicolons", () => {
  const { uri } = request("semiuri");
  assert.deepEqual([uri?.userText, uri?.host, uri?.parameters], [
    "user;par=u@example.net",
    "example.com",
    "",
  ]);
});

Deno.test("RFC 4475 mpart01: a body with nulls keeps all its bytes", () => {
  const { body } = request("mpart01");
  assert.equal(body.length, 553);
  assert.ok(body.includes("\0"));
  assert.ok(body.endsWith("\r\n--7a9cbec02ceef655--\r\n"));
});

Deno.test("RFC 4475 unreason and noreason: any reason phrase, or none", () => {
  const { status, reason } = response("unreason");
  assert.equal(status, 200);
  const utf8 = new TextDecoder().decode(Uint8Array.from(reason, (character) => character.charCodeAt(0)));
  assert.equal(utf8, "= 2**3 * 5**2 но сто девяносто девять - простое");
  assert.deepEqual([response("noreason").status, response("noreason").reason], [100, ""]);
});

Deno.test("RFC 4475 cparam01, cparam02 and regescrt: brackets decide whose parameter it is", () => {
  const [header] = contacts(request("cparam01"));
  assert.deepEqual([header.parameter("unknownparam"), header.uri?.parameters], ["", ""]);
  const [uri] = contacts(request("cparam02"));
  assert.deepEqual([uri.parameter("unknownparam"), uri.uri?.parameter("unknownparam")], [undefined, ""]);
  assert.equal(contacts(request("regescrt"))[0].uri?.headers, "?Route=%3Csip:sip.example.com%3E");
});

Deno.test("RFC 4475 unkscm, novelsc and unksm2: other schemes are URIs too, but not SIP URIs", () => {
  assert.deepEqual([request("unkscm").uri, request("novelsc").uri], [undefined, undefined]);
  assert.equal(request("novelsc").requestUri, "soap.beep://192.0.2.103:3002");
  const { from, to } = request("unksm2");
  assert.deepEqual([from.uriText, to.uriText, to.uri], [
    "http://www.example.com",
    "isbn:2983792873",
    undefined,
  ]);
});

Deno.test("RFC 4475 inv2543: without branch, tag, Content-Length and Max-Forwards", () => {
  const message = request("inv2543");
  assert.deepEqual([message.topVia.branch, message.from.tag, message.maxForwards], ["", "", undefined]);
  assert.equal(message.body.length, 105);
  assert.equal(message.to.uriText, "sip:+16505552222@ss1.example.net");
});
