import assert from "node:assert/strict";
import { requestHash, statelessTag } from "../../../src/core/stateless_tag.ts";
import type { SipRequest } from "../../../src/message/sip_message.ts";
import { request } from "./requests.ts";

const LINES =
  "REGISTER sip:x SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1\nFrom: <sip:a@x>;tag=1\n" +
  "To: <sip:a@x>\nCall-ID: call\nCSeq: 1 REGISTER";

function register(from = "", to = ""): SipRequest {
  return request(LINES.replace(from, to));
}

Deno.test("statelessTag() is the same for each retransmission, and differs with Via, Call-ID, CSeq and seed", () => {
  const tag = statelessTag(register(), 7);
  assert.match(tag, /^s[0-9a-f]{16}$/);
  const others = [
    register("z9hG4bK1", "z9hG4bK2"),
    register("192.0.2.1", "192.0.2.2"),
    register("Call-ID: call", "Call-ID: cell"),
    register("CSeq: 1", "CSeq: 2"),
  ];
  for (const other of others) {
    assert.notEqual(statelessTag(other, 7), tag);
    // Whatever was asked for in between.
    assert.equal(statelessTag(register(), 7), tag);
  }
  const one = register();
  assert.equal(statelessTag(one, 7), tag);
  assert.notEqual(statelessTag(one, 8), tag);
  assert.equal(statelessTag(one, 7), tag);
});

Deno.test("requestHash() has no collisions among many requests", () => {
  const seen = new Set<string>();
  for (let i = 0; i < 20_000; i++) {
    const { high, low } = requestHash(register("Call-ID: call", `Call-ID: ${i}`), -1);
    seen.add(`${high} ${low}`);
  }
  assert.equal(seen.size, 20_000);
});
