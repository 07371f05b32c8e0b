/** §16.10: CANCEL at the proxy core, with several branches. */
import assert from "node:assert/strict";
import { ladder } from "../support/scenario.ts";
import { ackTo, cancelOf } from "../support/sip_text.ts";

Deno.test(
  "§16.10: every branch that rings is cancelled, and the caller gets one 487 when all have ended",
  ladder((net) => {
    const alice = net.phone("alice");
    const devices = net.devices("bob", ["1", "1", "1"]);
    const invite = alice.invite("sip:bob@sip.local");
    const invites = devices.map((device) => device.expect("INVITE"));
    for (const [i, device] of devices.entries()) device.answer(invites[i], "180 Ringing");
    for (const _ of devices) alice.expect("180");
    alice.sendAsIs(cancelOf(invite));
    alice.expect("200");
    for (const [i, device] of devices.entries()) {
      alice.expectNothing();
      device.answer(device.expect("CANCEL"), "200 OK");
      device.answer(invites[i], "487 Request Terminated");
      device.expect("ACK");
    }
    alice.sendAsIs(ackTo(invite, alice.expect("487")));
  }),
);

Deno.test(
  "§16.10: a cancelled call tries no further group of targets",
  ladder((net) => {
    const alice = net.phone("alice");
    const [first, second] = net.devices("bob", ["1", "0.5"]);
    const invite = alice.invite("sip:bob@sip.local");
    const atFirst = first.expect("INVITE");
    first.answer(atFirst, "180 Ringing");
    alice.expect("180");
    alice.sendAsIs(cancelOf(invite));
    alice.expect("200");
    first.answer(first.expect("CANCEL"), "200 OK");
    first.answer(atFirst, "486 Busy Here");
    first.expect("ACK");
    alice.sendAsIs(ackTo(invite, alice.expect("48")));
    second.expectNothing();
  }),
);

Deno.test(
  "§16.10: a 200 that wins the race against the CANCEL goes upstream; the other branches stay cancelled",
  ladder((net) => {
    const alice = net.phone("alice");
    const [desk, mobile] = net.devices("bob", ["1", "1"]);
    const invite = alice.invite("sip:bob@sip.local");
    const [atDesk, atMobile] = [desk.expect("INVITE"), mobile.expect("INVITE")];
    desk.answer(atDesk, "180 Ringing");
    mobile.answer(atMobile, "180 Ringing");
    alice.expect("180");
    alice.expect("180");
    alice.sendAsIs(cancelOf(invite));
    alice.expect("200");
    desk.accept(atDesk);
    alice.expect("200");
    desk.expect("CANCEL");
    mobile.answer(mobile.expect("CANCEL"), "200 OK");
    mobile.answer(atMobile, "487 Request Terminated");
    mobile.expect("ACK");
    alice.expectNothing();
  }),
);

Deno.test(
  "§16.10: a branch that stays silent ends with Timer B: then the caller has its answer",
  ladder((net) => {
    const alice = net.phone("alice");
    const [desk, silent] = net.devices("bob", ["1", "1"]);
    const invite = alice.invite("sip:bob@sip.local");
    const atDesk = desk.expect("INVITE");
    desk.answer(atDesk, "180 Ringing");
    alice.expect("180");
    net.clock.advance(5_000);
    alice.sendAsIs(cancelOf(invite));
    alice.expect("200");
    desk.answer(desk.expect("CANCEL"), "200 OK");
    desk.answer(atDesk, "487 Request Terminated");
    desk.expect("ACK");
    alice.expectNothing();
    net.clock.advance(27_000);
    alice.sendAsIs(ackTo(invite, alice.expect("487")));
    for (const message of silent.takeAll()) assert.match(message, /^INVITE /);
  }),
);

Deno.test(
  "§16.10: nobody has answered at all: the caller has its answer when Timer B fires",
  ladder((net) => {
    const alice = net.phone("alice");
    const [silent] = net.devices("bob", ["1"]);
    const invite = alice.invite("sip:bob@sip.local");
    alice.sendAsIs(cancelOf(invite));
    alice.expect("200");
    net.clock.advance(32_000);
    alice.sendAsIs(ackTo(invite, alice.expect("4")));
    for (const message of silent.takeAll()) assert.match(message, /^INVITE /);
    net.clock.advance(60_000);
  }),
);
