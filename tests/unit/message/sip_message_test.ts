import assert from "node:assert/strict";
import { Header } from "../../../src/message/header_name.ts";
import { messageText, readRequest, readResponse, STATUS_LINE } from "./sample_message.ts";

Deno.test("The Request-URI is a SIP URI, or only text", () => {
  const other = readRequest(messageText({}, { startLine: "INVITE tel:+1-201-555-0123 SIP/2.0" }));
  assert.deepEqual([other.uri, other.requestUri], [undefined, "tel:+1-201-555-0123"]);
  const malformed = readRequest(messageText({}, { startLine: "INVITE sip:bob@@biloxi.com SIP/2.0" }));
  assert.equal(malformed.uri, undefined);
  const request = readRequest(messageText());
  assert.equal(request.uri, request.uri, "parsed once");
});

Deno.test("To of a response may be malformed: nobody but its dialog needs it", () => {
  const response = readResponse(messageText({ "To": "<sip:bob" }, { startLine: STATUS_LINE }));
  assert.equal(response.to, undefined);
  assert.equal(response.header(Header.To), "<sip:bob");
});

Deno.test("To and From that are folded are read", () => {
  const folded = { "To": "Bob\r\n <sip:bob@biloxi.com>\r\n ;tag=x", "From": "<sip:a@b>;\r\n\ttag=y" };
  const request = readRequest(messageText(folded));
  assert.deepEqual([request.to.tag, request.to.displayName, request.from.tag], ["x", "Bob", "y"]);
  assert.equal(readResponse(messageText(folded, { startLine: STATUS_LINE })).to?.tag, "x");
});

Deno.test("A request and a response tell their kind", () => {
  assert.equal(readRequest(messageText()).kind, "request");
  assert.equal(readResponse(messageText({}, { startLine: STATUS_LINE })).kind, "response");
});
