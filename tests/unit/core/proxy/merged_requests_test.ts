/** Requests that differ by their path alone; what is answered to them is in tests/scenario. */
import assert from "node:assert/strict";
import { MergedRequests } from "../../../../src/core/proxy/merged_requests.ts";
import type { SipRequest } from "../../../../src/message/sip_message.ts";
import { request } from "../requests.ts";

const LINES = "INVITE sip:b@x SIP/2.0\nFrom: <sip:a@x>;tag=1\nTo: <sip:b@x>\nCall-ID: call\nCSeq: 1 INVITE";

function invite(change = (lines: string) => lines): SipRequest {
  return request(change(LINES));
}

function start(): MergedRequests {
  return new MergedRequests({ isLocal: () => false });
}

Deno.test("MergedRequests knows the same request by another path while the first is under way", () => {
  const merged = start();
  const first = invite();
  assert.ok(merged.concerns(first) && !merged.has(first));
  const pending = merged.add(first);
  assert.ok(merged.has(invite()));
  merged.delete(pending);
  assert.ok(!merged.has(invite()));
});

Deno.test("MergedRequests tells requests apart by Call-ID, tag, CSeq, method and Request-URI", () => {
  const merged = start();
  merged.add(invite());
  for (
    const [from, to] of [
      ["Call-ID: call", "Call-ID: other"],
      ["tag=1", "tag=2"],
      ["CSeq: 1", "CSeq: 2"],
      ["INVITE", "OPTIONS"],
      ["sip:b@x SIP", "sip:c@x SIP"],
    ]
  ) {
    assert.ok(!merged.has(invite((lines) => lines.replaceAll(from, to))), to);
  }
  assert.ok(merged.has(invite()));
});

Deno.test("MergedRequests is not concerned with requests in dialogs, without a tag, or with very long fields", () => {
  const merged = start();
  for (
    const [from, to] of [
      ["To: <sip:b@x>", "To: <sip:b@x>;tag=2"],
      [";tag=1", ""],
      ["Call-ID: call", `Call-ID: ${"x".repeat(600)}`],
    ]
  ) {
    assert.ok(!merged.concerns(invite((lines) => lines.replaceAll(from, to))), to);
  }
});

Deno.test("MergedRequests keeps many requests apart, in whatever order they end", () => {
  const merged = start();
  // Some share a hash.
  const requests = Array.from({ length: 60_000 }, (_, i) => ({
    callId: "call",
    cseq: 1,
    method: "INVITE",
    requestUri: `sip:${i}@x`,
    from: { tag: "1" },
    to: { tag: "" },
    hasOneVia: true,
  })) as unknown as SipRequest[];
  const pending = requests.map((each) => merged.add(each));
  const known = () => requests.map((each) => merged.has(each));
  assert.ok(known().every((isKnown) => isKnown));
  for (let i = 0; i < pending.length; i += 2) merged.delete(pending[i]);
  assert.ok(known().every((isKnown, i) => isKnown === (i % 2 === 1)));
  for (let i = pending.length - 1; i > 0; i -= 2) merged.delete(pending[i]);
  assert.ok(known().every((isKnown) => !isKnown));
  merged.delete(pending[0]);
});
