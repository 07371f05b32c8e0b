/** RFC 4320: requests other than INVITE get an answer in time, or none. */
import assert from "node:assert/strict";
import { ladder } from "../support/scenario.ts";

Deno.test(
  "RFC 4320 §4.1: no provisional response but 100 goes upstream for a request that is not INVITE",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.sendAuthenticated("MESSAGE sip:bob@sip.local SIP/2.0");
    const atBob = bob.expect("MESSAGE");
    for (const status of ["100 Trying", "180 Ringing", "183 Session Progress"]) bob.answer(atBob, status);
    alice.expectNothing();
    bob.answer(atBob, "200 OK");
    alice.expect("200");
  }),
);

Deno.test(
  "RFC 4320 §4.1: no 100 over UDP before Timer E would be reset to T2; then one, if there is no answer yet",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const message = alice.sendAuthenticated("MESSAGE sip:bob@sip.local SIP/2.0");
    net.clock.advance(3_400);
    alice.sendAsIs(message);
    alice.expectNothing();
    net.clock.advance(700);
    const trying = alice.expect("100");
    alice.sendAsIs(message);
    assert.equal(alice.expect("100"), trying);
    bob.answer(bob.expect("MESSAGE"), "200 OK");
    alice.expect("200");
    bob.takeAll();
  }),
);

Deno.test(
  "RFC 4320 §4.2: silence of the callee is answered with silence, not with 408",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.sendAuthenticated("MESSAGE sip:bob@sip.local SIP/2.0");
    net.clock.advance(60_000);
    for (const answer of alice.takeAll()) assert.match(answer, /^SIP\/2\.0 100 /);
    bob.takeAll();
  }),
);

Deno.test(
  "RFC 4320 §4.2: a 408 of somebody else goes no further either",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.sendAuthenticated("MESSAGE sip:bob@sip.local SIP/2.0");
    bob.answer(bob.expect("MESSAGE"), "408 Request Timeout");
    alice.expectNothing();
  }),
);

Deno.test(
  "RFC 4320 §4.3: an answer that comes after Timer F is dropped",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.sendAuthenticated("MESSAGE sip:bob@sip.local SIP/2.0");
    const atBob = bob.expect("MESSAGE");
    net.clock.advance(33_000);
    alice.takeAll();
    bob.takeAll();
    bob.answer(atBob, "200 OK");
    alice.expectNothing();
  }),
);
