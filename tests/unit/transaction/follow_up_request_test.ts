/** §17.1.1.3 and §9.1: requests that are made from the one they follow. */
import assert from "node:assert/strict";
import { parseMessage } from "../../../src/message/parser.ts";
import { buildAck, buildCancel } from "../../../src/transaction/follow_up_request.ts";
import { header, headers, responseTo, sip } from "../../support/sip_text.ts";

const INVITE = sip(`
  INVITE sip:bob@10.0.0.9;ob SIP/2.0
  Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKours;rport
  Route: <sip:first.example;lr>, <sip:second.example;lr>
  Max-Breadth: 60
  Via: SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bKtheirs;received=192.0.2.11
  Route: <sip:third.example;lr>
  Max-Forwards: 3
  From: "Alice" <sip:alice@sip.local>;tag=a
  To: <sip:bob@sip.local>
  Call-ID: call
  CSeq: 7 INVITE
  Contact: <sip:alice@192.0.2.11>
  Proxy-Authorization: Digest username="alice"
  Require: 100rel
  c: text/plain
  l: 4

  body
`);

Deno.test("§17.1.1.3: the ACK has Request-URI, top Via, From, Call-ID, CSeq and Route of the INVITE, To of the response", () => {
  const busy = parseMessage(responseTo(INVITE, "486 Busy Here", { tag: "b" }));
  if (busy.kind !== "response") throw new TypeError(`Cannot make a response: ${busy.kind}`);
  assert.equal(
    buildAck(INVITE, busy),
    sip(`
      ACK sip:bob@10.0.0.9;ob SIP/2.0
      Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKours;rport
      Route: <sip:first.example;lr>, <sip:second.example;lr>
      Route: <sip:third.example;lr>
      Max-Forwards: 70
      From: "Alice" <sip:alice@sip.local>;tag=a
      To: <sip:bob@sip.local>;tag=b
      Call-ID: call
      CSeq: 7 ACK
      Content-Length: 0
    `),
  );
});

Deno.test("§9.1: the CANCEL has To as it was sent, and neither Require nor credentials nor body", () => {
  const cancel = buildCancel(INVITE);
  assert.equal(header(cancel, "To"), "<sip:bob@sip.local>");
  assert.equal(header(cancel, "CSeq"), "7 CANCEL");
  assert.deepEqual(headers(cancel, "Via"), ["SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKours;rport"]);
  assert.doesNotMatch(cancel, /Require|Authorization|body/);
});

Deno.test("RFC 3326 §2: the CANCEL has its Reasons", () => {
  const reasons = 'Reason: SIP;cause=200;text="Call completed elsewhere"\r\nReason: Q.850;cause=16\r\n';
  assert.ok(buildCancel(INVITE, reasons).includes(`\r\n${reasons}Content-Length: 0\r\n\r\n`));
});
