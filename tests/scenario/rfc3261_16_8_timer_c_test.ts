/** §16.8: Timer C ends what rings for ever. It runs for 185 seconds. */
import { ladder } from "../support/scenario.ts";
import { ackTo } from "../support/sip_text.ts";

Deno.test(
  "§16.8: a callee that rings longer than Timer C is cancelled, and the caller gets its 487",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local");
    const atBob = bob.expect("INVITE");
    bob.answer(atBob, "180 Ringing");
    alice.expect("180");
    net.clock.advance(180_000);
    bob.expectNothing();
    net.clock.advance(5_000);
    bob.answer(bob.expect("CANCEL"), "200 OK");
    bob.answer(atBob, "487 Request Terminated");
    bob.expect("ACK");
    alice.sendAsIs(ackTo(invite, alice.expect("487")));
  }),
);

Deno.test(
  "§16.7 step 2: every provisional response but 100 starts Timer C anew",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.invite("sip:bob@sip.local");
    const atBob = bob.expect("INVITE");
    bob.answer(atBob, "100 Trying");
    for (let minutes = 0; minutes < 12; minutes += 2) {
      net.clock.advance(120_000);
      bob.answer(atBob, "183 Session Progress");
      alice.expect("183");
    }
    bob.answer(atBob, "100 Trying");
    net.clock.advance(180_000);
    bob.answer(atBob, "100 Trying");
    bob.expectNothing();
    net.clock.advance(5_000);
    bob.expect("CANCEL");
  }),
);

Deno.test(
  "§16.8: a callee that answers the CANCEL of Timer C with 200 has won the race",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.invite("sip:bob@sip.local");
    const atBob = bob.expect("INVITE");
    bob.answer(atBob, "180 Ringing");
    alice.expect("180");
    net.clock.advance(185_000);
    bob.expect("CANCEL");
    bob.accept(atBob);
    alice.expect("200");
  }),
);

Deno.test(
  "§16.8: a callee that does not answer the CANCEL either: the caller is told 64·T1 later",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local");
    bob.answer(bob.expect("INVITE"), "180 Ringing");
    alice.expect("180");
    net.clock.advance(185_000);
    bob.answer(bob.expect("CANCEL"), "200 OK");
    alice.expectNothing();
    net.clock.advance(32_000);
    alice.sendAsIs(ackTo(invite, alice.expect("4")));
  }),
);

Deno.test(
  "§16.8: a callee that never says a word: Timer B ends it with 408",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local");
    net.clock.advance(32_000);
    alice.sendAsIs(ackTo(invite, alice.expect("408")));
    bob.takeAll();
  }),
);

Deno.test(
  "§16.8: an answered call is nobody's business any more: no CANCEL ever comes",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.invite("sip:bob@sip.local");
    const atBob = bob.expect("INVITE");
    bob.answer(atBob, "180 Ringing");
    alice.expect("180");
    bob.accept(atBob);
    alice.expect("200");
    net.clock.advance(600_000);
    bob.expectNothing();
    alice.expectNothing();
  }),
);
