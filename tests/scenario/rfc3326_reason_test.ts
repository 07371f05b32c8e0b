/** RFC 3326: why a device that rings is cancelled. */
import assert from "node:assert/strict";
import type { Phone } from "../support/phone.ts";
import { ladder, type Network } from "../support/scenario.ts";
import { ackTo, cancelOf, hasHeader, header, headers, withLines } from "../support/sip_text.ts";

/** Two devices of bob, called by alice; both ring. */
function ringing(net: Network): { alice: Phone; invite: string; devices: Phone[]; invites: string[] } {
  const alice = net.phone("alice");
  const devices = [31, 32].map((host) => net.registered("bob", { address: `192.0.2.${host}` }));
  const invite = alice.invite("sip:bob@sip.local");
  const invites = devices.map((device) => device.expect("INVITE"));
  for (const [i, device] of devices.entries()) {
    device.answer(invites[i], "180 Ringing");
    alice.expect("180");
  }
  return { alice, invite, devices, invites };
}

Deno.test(
  "§2: the CANCEL to another device says that the call was completed elsewhere",
  ladder((net) => {
    const { alice, devices: [desk, mobile], invites: [, atMobile] } = ringing(net);
    mobile.accept(atMobile);
    alice.expect("200");
    assert.equal(header(desk.expect("CANCEL"), "Reason"), 'SIP;cause=200;text="Call completed elsewhere"');
  }),
);

Deno.test(
  "§2: so does the CANCEL to a device that begins to ring after another one was answered",
  ladder((net) => {
    const alice = net.phone("alice");
    const [late, mobile] = [31, 32].map((host) => net.registered("bob", { address: `192.0.2.${host}` }));
    alice.invite("sip:bob@sip.local");
    const atLate = late.expect("INVITE");
    mobile.accept(mobile.expect("INVITE"));
    alice.expect("200");
    late.answer(atLate, "180 Ringing");
    assert.equal(header(late.expect("CANCEL"), "Reason"), 'SIP;cause=200;text="Call completed elsewhere"');
  }),
);

Deno.test(
  "§2: a 6xx of one device is the reason for the others",
  ladder((net) => {
    const { alice, invite, devices: [desk, mobile], invites: [atDesk, atMobile] } = ringing(net);
    mobile.answer(atMobile, "603 No, Thank You");
    mobile.expect("ACK");
    const cancel = desk.expect("CANCEL");
    assert.equal(header(cancel, "Reason"), 'SIP;cause=603;text="Decline"');
    desk.answer(cancel, "200 OK");
    desk.answer(atDesk, "487 Request Terminated");
    desk.expect("ACK");
    alice.sendAsIs(ackTo(invite, alice.expect("603")));
  }),
);

Deno.test(
  "§2: the Reasons of the caller's own CANCEL are passed on",
  ladder((net) => {
    const { alice, invite, devices } = ringing(net);
    const reasons = ['SIP;cause=200;text="Call completed elsewhere"', "Q.850;cause=16"];
    alice.sendAsIs(withLines(cancelOf(invite), reasons.map((reason) => `Reason: ${reason}`)));
    alice.expect("200");
    for (const device of devices) assert.deepEqual(headers(device.expect("CANCEL"), "Reason"), reasons);
  }),
);

Deno.test(
  "§2: a caller that gives no reason: the CANCEL has none, and the device lists a missed call",
  ladder((net) => {
    const { alice, invite, devices } = ringing(net);
    alice.sendAsIs(cancelOf(invite));
    alice.expect("200");
    for (const device of devices) assert.ok(!hasHeader(device.expect("CANCEL"), "Reason"));
  }),
);

Deno.test(
  "§2: a Reason of 2 KB is not kept for a device that does not ring yet",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local");
    const atBob = bob.expect("INVITE");
    alice.sendAsIs(withLines(cancelOf(invite), [`Reason: SIP;cause=200;text="${"x".repeat(2000)}"`]));
    alice.expect("200");
    bob.answer(atBob, "180 Ringing");
    alice.expect("180");
    assert.ok(!hasHeader(bob.expect("CANCEL"), "Reason"));
  }),
);

Deno.test(
  "§16.8: what rings longer than Timer C is cancelled for that reason",
  ladder((net) => {
    const { devices } = ringing(net);
    net.clock.advance(185_000);
    for (const device of devices) assert.match(header(device.expect("CANCEL"), "Reason"), /^SIP;cause=408;/);
  }),
);
