/** §16.10: CANCEL at the proxy core, with several branches. */
import { ladder, type Network, type Phone } from "../support/scenario.ts";
import { ackTo, cancelOf } from "../support/sip_text.ts";

function devicesOfBob(net: Network, qs: readonly string[]): Phone[] {
  return qs.map((q, i) => {
    const device = net.phone("bob", { address: `192.0.2.${31 + i}` });
    device.register(`Contact: <${device.uri}>;q=${q}`);
    return device;
  });
}

Deno.test(
  "§16.10: every branch that rings is cancelled, and the caller gets one 487 when all have ended",
  ladder((net) => {
    const alice = net.phone("alice");
    const devices = devicesOfBob(net, ["1", "1", "1"]);
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
    const [first, second] = devicesOfBob(net, ["1", "0.5"]);
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
    const [desk, mobile] = devicesOfBob(net, ["1", "1"]);
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
  "§16.10: branches that nobody answered yet do not make the caller wait",
  ladder((net) => {
    const alice = net.phone("alice");
    const [desk, silent] = devicesOfBob(net, ["1", "1"]);
    const invite = alice.invite("sip:bob@sip.local");
    const atDesk = desk.expect("INVITE");
    desk.answer(atDesk, "180 Ringing");
    alice.expect("180");
    silent.expect("INVITE");
    alice.sendAsIs(cancelOf(invite));
    alice.expect("200");
    desk.answer(desk.expect("CANCEL"), "200 OK");
    desk.answer(atDesk, "487 Request Terminated");
    desk.expect("ACK");
    alice.sendAsIs(ackTo(invite, alice.expect("487")));
    silent.expectNothing();
  }),
);

Deno.test(
  "§9.1: a branch that nobody answers is not invited again after the CANCEL than Timer A has it",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local");
    alice.sendAsIs(cancelOf(invite));
    alice.expect("200");
    alice.sendAsIs(ackTo(invite, alice.expect("487")));
    net.clock.advance(60_000);
    // Seven INVITEs at most, no CANCEL: there was no provisional response.
    for (const message of bob.takeAll()) if (!message.startsWith("INVITE ")) throw new Error(message);
    alice.expectNothing();
  }),
);

Deno.test(
  "§16.10: while a name is looked up the call can be cancelled; then nothing is sent",
  ladder({ names: { "edge.example": ["192.0.2.50"] } }, async (net) => {
    const alice = net.phone("alice");
    const edge = net.phone("edge", { address: "192.0.2.50" });
    net.phone("bob").register("Contact: <sip:bob@10.0.0.9>\nSupported: path\nPath: <sip:edge.example;lr>");
    const invite = alice.invite("sip:bob@sip.local");
    alice.sendAsIs(cancelOf(invite));
    alice.expect("200");
    alice.sendAsIs(ackTo(invite, alice.expect("487")));
    await net.settle();
    edge.expectNothing();
  }),
);
