/** The last refusals: by source and user, in bounded number. */
import assert from "node:assert/strict";
import { type PastRefusal, RefusalHistory } from "../../../../src/core/access/refusal_history.ts";

function refusal(address: string, time: number): PastRefusal {
  return {
    time,
    address,
    port: 5060,
    transport: "udp",
    method: "REGISTER",
    from: "sip:1001@sip.local",
    to: "sip:sip.local",
    status: 401,
    cause: "wrong password",
  };
}

Deno.test("the latest come first, five of each source and user", () => {
  const history = new RefusalHistory();
  for (let i = 0; i < 8; i++) history.add(refusal(`[2001:db8::${i}]`, i), "1001");
  history.add(refusal("192.0.2.7", 9), "");
  assert.deepEqual(history.ofSource("[2001:db8::ffff]").map(({ time }) => time), [7, 6, 5, 4, 3]);
  assert.deepEqual(history.ofUser("1001").map(({ time }) => time), [7, 6, 5, 4, 3]);
  assert.deepEqual(history.ofSource("192.0.2.7").map(({ time }) => time), [9]);
  assert.deepEqual(history.ofUser(""), []);
  assert.deepEqual(history.ofUser("1002"), []);
});

Deno.test("a thousand sources are remembered: the one that was refused nothing for longest makes room", () => {
  const history = new RefusalHistory();
  for (let i = 0; i < 1000; i++) history.add(refusal(`10.0.${i >> 8}.${i & 255}`, i), `user${i}`);
  history.add(refusal("10.0.0.0", 1000), "user0");
  history.add(refusal("192.0.2.7", 1001), "other");
  assert.equal(history.ofSource("10.0.0.0").length, 2);
  assert.equal(history.ofUser("user0").length, 2);
  assert.deepEqual(history.ofSource("10.0.0.1"), []);
  assert.deepEqual(history.ofUser("user1"), []);
});
