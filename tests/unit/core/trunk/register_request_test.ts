import assert from "node:assert/strict";
import { buildRegister } from "../../../../src/core/trunk/register_request.ts";
import { escapeUser } from "../../../../src/message/sip_uri.ts";
import { MemoryTransport } from "../../../support/memory_transport.ts";
import { headers, sip } from "../../../support/sip_text.ts";
import { request } from "../requests.ts";

const PARTS = {
  requestUri: "sip:provider.example",
  addressOfRecord: "sip:trunk@provider.example",
  fromTag: "f1",
  callId: "c1",
  cseq: 7,
  branch: "z9hG4bKb1",
  flow: new MemoryTransport("udp", "192.0.2.1", 5060).flowTo("192.0.2.50", 5060),
  sentBy: "192.0.2.1:5060",
  contact: "sip:trunk@192.0.2.1:5060",
  replacedContact: undefined,
  expires: 600,
  userAgent: "Routr v1.0",
  credentials: [],
};

Deno.test("§10.2: a REGISTER has all that it needs, and ends like a message", () => {
  const text = buildRegister({ ...PARTS, credentials: ["Authorization: Digest a=b\r\n"] });
  assert.equal(
    text.replace(/^Allow: .*\r\n/m, "").replace(/: {2}/g, ": "),
    sip(`
      REGISTER sip:provider.example SIP/2.0
      Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKb1;rport
      Max-Forwards: 70
      From: <sip:trunk@provider.example>;tag=f1
      To: <sip:trunk@provider.example>
      Call-ID: c1
      CSeq: 7 REGISTER
      Contact: <sip:trunk@192.0.2.1:5060>
      Expires: 600
      Supported: path
      User-Agent: Routr v1.0
      Content-Length: 0
      Authorization: Digest a=b
    `),
  );
  assert.match(text, /^Allow: .*INVITE, ACK, CANCEL, BYE/m);
  assert.equal(request(text).method, "REGISTER");
});

Deno.test("A Contact that is replaced goes in the same request", () => {
  const text = buildRegister({ ...PARTS, replacedContact: "sip:trunk@10.0.0.1:5060" });
  assert.deepEqual(headers(text, "Contact").join(", ").split(/, */), [
    "<sip:trunk@192.0.2.1:5060>",
    "<sip:trunk@10.0.0.1:5060>;expires=0",
  ]);
});

Deno.test("Usernames are escaped where a URI needs it", () => {
  assert.equal(escapeUser("+4930-1234"), "+4930-1234");
  assert.equal(escapeUser("me@home.example"), "me%40home.example");
  assert.equal(escapeUser("50% [ö]:"), "50%25%20%5B%C3%B6%5D%3A");
  assert.equal(escapeUser("a\r\nb<c>"), "a%0D%0Ab%3Cc%3E");
});
