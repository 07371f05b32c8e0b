/** Responses of a branch as the caller gets them. */
import assert from "node:assert/strict";
import type { BranchRewrite } from "../../../../src/core/proxy/branch_rewrite.ts";
import { CSeqShift } from "../../../../src/core/proxy/cseq_shift.ts";
import { ResponseRewrite } from "../../../../src/core/proxy/response_rewrite.ts";
import { rowsOf } from "../../../../src/message/header_scan.ts";
import { request } from "../requests.ts";

const SENT = request(`
  INVITE sip:1@sip.local SIP/2.0
  From: "Jo" <sip:1001@sip.local>;tag=a
  To: <sip:1@sip.local>
  CSeq: 7 INVITE
`);

interface Trust {
  readonly isTargetTrusted?: boolean;
  readonly isCallerTrusted?: boolean;
}

function applied(text: string, rewrite?: BranchRewrite, trust: Trust = {}, body?: { text: string }): string {
  const options = { rewrite, isTargetTrusted: false, isCallerTrusted: false, ...trust };
  return new ResponseRewrite(SENT, options).apply(text, rowsOf(text), body);
}

function response(from: string, cseq: string): string {
  return `SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP x;branch=1\r\nCSeq: ${cseq}\r\nTo: <sip:1@x>;tag=b\r\n` +
    `FROM: ${from}\r\nX-Other: From: CSeq: 8\r\nContent-Length: 4\r\n\r\nbody`;
}

Deno.test("From and CSeq are again what the caller sent, and all else is as it came", () => {
  const rewrite = { from: "<sip:1001@gw.example>;tag=a", shift: new CSeqShift(0) };
  assert.equal(
    applied(response("<sip:1001@gw.example>;tag=a", "8 INVITE"), rewrite),
    response('"Jo" <sip:1001@sip.local>;tag=a', "7 INVITE"),
  );
});

Deno.test("To has the tag of the response when it was another on the branch", () => {
  const text = response("<sip:1001@x>;tag=a", "7 INVITE");
  assert.match(applied(text, { to: "<sip:+1@x>" }), /\r\nTo: <sip:1@sip\.local>;tag=b\r\n/);
});

Deno.test("A branch without a rewrite changes nothing", () => {
  const text = response("<sip:1001@x>;tag=a", "8 INVITE");
  assert.equal(applied(text), text);
  assert.equal(applied(text, { added: "X: y\r\n" }), text);
});

Deno.test("RFC 3325 §5, §7: who has answered is told by trusted targets, and when it asks for privacy to trusted callers", () => {
  const named = "SIP/2.0 200 OK\r\nP-Asserted-Identity: <sip:b@x>\r\nContent-Length: 0\r\n\r\n";
  const shy = named.replace("Content", "Privacy: id\r\nContent");
  const isTold = (text: string, trust?: Trust) => applied(text, undefined, trust).includes("Asserted");
  assert.deepEqual([isTold(named), isTold(named, { isTargetTrusted: true })], [false, true]);
  assert.deepEqual(
    [isTold(shy, { isTargetTrusted: true }), isTold(shy, { isTargetTrusted: true, isCallerTrusted: true })],
    [false, true],
  );
});

Deno.test("A body takes the place of the response's, with its length", () => {
  const text = response("<sip:1001@x>;tag=a", "7 INVITE");
  assert.equal(
    applied(text, undefined, {}, { text: "longer body" }),
    text.replace("Content-Length: 4\r\n\r\nbody", "Content-Length: 11\r\n\r\nlonger body"),
  );
});
