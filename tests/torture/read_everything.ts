/** Reads all of a message, and checks the invariants of any message. */
import assert from "node:assert/strict";
import { decodeUtf8 } from "../../src/message/characters.ts";
import { parseDigestChallenge, parseDigestCredentials } from "../../src/message/digest.ts";
import { Header } from "../../src/message/header_name.ts";
import { type HeaderRows, ROW_STRIDE } from "../../src/message/header_rows.ts";
import { MessageEdits } from "../../src/message/message_edits.ts";
import { type NameAddr, parseNameAddrList } from "../../src/message/name_addr.ts";
import { parseMessage } from "../../src/message/parser.ts";
import { buildResponse } from "../../src/message/response_builder.ts";
import { RejectedMessage, type SipRequest, type SipResponse } from "../../src/message/sip_message.ts";
import { SipUri } from "../../src/message/sip_uri.ts";
import { TelUri } from "../../src/message/tel_uri.ts";
import { parseVia } from "../../src/message/via.ts";

export function readEverything(message: SipRequest | SipResponse | RejectedMessage): void {
  if (message instanceof RejectedMessage) {
    if (message.request) checkRefusal(message.request, message.status);
    return;
  }
  readRows(message);
  decodeUtf8(message.body);
  if (message.kind === "response") {
    if (message.to) readNameAddr(message.to);
    return;
  }
  readUri(message.requestUri);
  readNameAddr(message.from);
  readNameAddr(message.to);
  const { maxForwards = 70 } = message;
  assert.ok(maxForwards >= -1 && maxForwards <= 255);
  checkAnswer(message);
}

function readRows(message: HeaderRows): void {
  for (const id of Object.values(Header)) {
    assert.equal(message.has(id), message.header(id) !== undefined);
    message.values(id);
    message.rowValues(id).forEach(readValue);
  }
  for (let row = 0; row < message.rows.length; row += ROW_STRIDE) {
    assert.notEqual(message.headerNamed(message.rowName(row)), undefined);
    assert.ok(message.rowEnd(row) <= message.headersEnd);
  }
}

/** Passes a value to every field parser, none of which may throw. */
function readValue(value: string): void {
  parseVia(value, 0, value.length);
  parseDigestChallenge(value);
  parseDigestCredentials(value);
  parseNameAddrList(value)?.forEach(readNameAddr);
  readUri(value);
}

function readNameAddr(nameAddr: NameAddr): void {
  readUri(nameAddr.uriText);
  assert.equal(nameAddr.uri?.text, SipUri.parse(nameAddr.uriText)?.text);
  assert.equal(typeof nameAddr.displayName, "string");
  assert.equal(nameAddr.parameter("tag") ?? "", nameAddr.tag);
  assert.ok(nameAddr.toString().includes(nameAddr.uriText));
}

function readUri(text: string): void {
  TelUri.parse(text)?.equals(TelUri.parse(text)!);
  const uri = SipUri.parse(text);
  if (!uri) return;
  uri.parameter("lr");
  assert.ok(uri.equals(SipUri.parse(text)!), "a URI equals itself");
  assert.ok(uri.addressOfRecord.endsWith(uri.host));
  assert.equal(uri.toString(), text);
}

/** Checks that the response to an accepted request is a message, and is about that request. */
function checkAnswer(request: SipRequest): void {
  request.stampTopVia("127.0.0.1", 5060);
  const answer = parseMessage(buildResponse(request, { status: 486, toTag: "fuzz" }));
  assert.ok(answer.kind === "response", "reason" in answer ? answer.reason : "");
  assert.deepEqual([answer.callId, answer.cseq, answer.status], [request.callId, request.cseq, 486]);
  const edits = new MessageEdits().removeAll(request, Header.Contact).removeAll(request, Header.Route);
  const edited = parseMessage(edits.apply(request.text, 0, request.text.length));
  assert.ok(edited.kind === "request" && !edited.has(Header.Contact) && !edited.has(Header.Route));
}

/** Checks that the response to a rejected request has an end, and that all its lines have names. */
function checkRefusal(request: HeaderRows, status: number): void {
  request.stampTopVia("127.0.0.1", 5060);
  const answer = buildResponse(request, { status, toTag: "fuzz" });
  assert.equal(answer.indexOf("\r\n\r\n"), answer.length - 4);
  for (const line of answer.split(/\r?\n/).slice(1, -2)) assert.match(line, /^(?:[ \t]|[^\s:]+[ \t]*:)/);
}
