/** A server that stops does not leave callers and callees behind. */
import assert from "node:assert/strict";
import { ladder } from "../support/scenario.ts";
import { ackTo, header, startLine } from "../support/sip_text.ts";

Deno.test(
  "A server that stops answers the caller, and cancels ringing devices",
  ladder(async (net) => {
    const alice = net.phone("alice");
    const [ringing, silent] = [31, 32].map((host) => net.registered("bob", { address: `192.0.2.${host}` }));
    const invite = alice.invite("sip:bob@sip.local");
    const atRinging = ringing.expect("INVITE");
    const atSilent = silent.expect("INVITE");
    ringing.answer(atRinging, "180 Ringing");
    alice.expect("180");

    const ended = net.server.endCalls(60_000);
    alice.sendAsIs(ackTo(invite, alice.expect("503")));
    const cancel = ringing.expect("CANCEL");
    assert.equal(header(cancel, "Reason"), 'SIP;cause=503;text="Server stops"');
    ringing.answer(cancel, "200 OK");
    ringing.answer(atRinging, "487 Request Terminated");
    ringing.expect("ACK");
    // It may begin to ring only now.
    silent.answer(atSilent, "180 Ringing");
    silent.answer(silent.expect("CANCEL"), "200 OK");
    silent.answer(atSilent, "487 Request Terminated");
    silent.expect("ACK");
    await ended;
  }),
);

Deno.test(
  "A server that stops waits for callees that do not answer so long, and no longer",
  ladder(async (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.invite("sip:bob@sip.local");
    bob.answer(bob.expect("INVITE"), "180 Ringing");
    alice.expect("180");
    let isEnded = false;
    const ended = net.server.endCalls(100).then(() => isEnded = true);
    alice.expect("503");
    bob.expect("CANCEL");
    net.clock.advance(90);
    await net.settle();
    assert.equal(isEnded, false);
    net.clock.advance(20);
    await ended;
  }),
);

Deno.test(
  "A server that stops takes no further calls, and lets calls that are up be hung up",
  ladder(async (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.invite("sip:bob@sip.local");
    bob.accept(bob.expect("INVITE"));
    alice.expect("200");
    await net.server.endCalls(60_000);
    bob.expectNothing();
    alice.sendAuthenticated("INVITE sip:bob@sip.local SIP/2.0");
    alice.expect("503");
    alice.sendAuthenticated("MESSAGE sip:bob@sip.local SIP/2.0");
    assert.match(startLine(bob.expect("MESSAGE")), /^MESSAGE /);
  }),
);

Deno.test(
  "Server.stop() itself ends calls as well",
  ladder(async (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.invite("sip:bob@sip.local");
    bob.answer(bob.expect("INVITE"), "180 Ringing");
    alice.expect("180");
    await net.server.stop();
    alice.expect("503");
    bob.expect("CANCEL");
  }),
);
