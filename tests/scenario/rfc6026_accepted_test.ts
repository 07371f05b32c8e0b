/** RFC 6026: INVITE transactions after a 2xx. */
import assert from "node:assert/strict";
import { ladder } from "../support/scenario.ts";

Deno.test(
  "RFC 6026 §7.1: an INVITE that comes again after its 200 is absorbed: the callee repeats the 200 itself",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local");
    const sentOk = bob.accept(bob.expect("INVITE"));
    const ok = alice.expect("200");
    net.clock.advance(20_000);
    alice.sendAsIs(invite);
    alice.expectNothing();
    bob.expectNothing();
    bob.sendAsIs(sentOk);
    assert.equal(alice.expect("200"), ok);
  }),
);

Deno.test(
  "RFC 6026 §7.1, §7.2: a 200 is passed on for 64·T1 after the first, and then no more",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.invite("sip:bob@sip.local");
    const ok = bob.accept(bob.expect("INVITE"));
    alice.expect("200");
    net.clock.advance(31_900);
    bob.sendAsIs(ok);
    alice.expect("200");
    net.clock.advance(100);
    bob.sendAsIs(ok);
    alice.expectNothing();
  }),
);

Deno.test(
  "RFC 6026 §8.8: a 200 that fits no transaction is dropped",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.invite("sip:bob@sip.local");
    const ok = bob.accept(bob.expect("INVITE"));
    alice.expect("200");
    bob.sendAsIs(ok.replace(/;branch=z9hG4bK/, ";branch=z9hG4bKx"));
    alice.expectNothing();
  }),
);

Deno.test(
  "RFC 6026 §7.2: a provisional response or a refusal after the 200 is dropped",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.invite("sip:bob@sip.local");
    const atBob = bob.expect("INVITE");
    bob.accept(atBob);
    alice.expect("200");
    bob.answer(atBob, "180 Ringing");
    bob.answer(atBob, "486 Busy Here");
    alice.expectNothing();
    bob.expectNothing();
  }),
);

Deno.test(
  "RFC 6026 §7.1: an answered call leaves nothing behind",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.invite("sip:bob@sip.local");
    bob.accept(bob.expect("INVITE"));
    alice.expect("200");
    net.clock.advance(33_000);
    const { routr_server_transactions, routr_client_transactions } = net.server.metrics.snapshot();
    assert.deepEqual([routr_server_transactions, routr_client_transactions], [0, 0]);
  }),
);
