/** §16.6: several targets: together when their q is equal, one group after the other when it is not. */
import assert from "node:assert/strict";
import { ladder } from "../support/scenario.ts";
import { ackTo, header } from "../support/sip_text.ts";

Deno.test(
  "§16.6: devices of equal q ring together",
  ladder((net) => {
    const alice = net.phone("alice");
    const devices = net.devices("bob", ["1", "1.0", "1.000"]);
    alice.invite("sip:bob@sip.local");
    for (const device of devices) device.answer(device.expect("INVITE"), "180 Ringing");
    for (const _ of devices) alice.expect("180");
  }),
);

Deno.test(
  "§16.6: a lower q is tried when all of the higher one have failed, and not before",
  ladder((net) => {
    const alice = net.phone("alice");
    const [low, high, alsoHigh] = net.devices("bob", ["0.1", "0.9", "0.9"]);
    const invite = alice.invite("sip:bob@sip.local");
    high.answer(high.expect("INVITE"), "486 Busy Here");
    high.expect("ACK");
    low.expectNothing();
    alsoHigh.answer(alsoHigh.expect("INVITE"), "480 Temporarily Unavailable");
    alsoHigh.expect("ACK");
    const atLow = low.expect("INVITE");
    alice.expectNothing();
    low.accept(atLow);
    alice.expect("200");
    assert.ok(invite);
  }),
);

Deno.test(
  "§16.6: silence of one group ends with Timer B, and the next is tried",
  ladder((net) => {
    const alice = net.phone("alice");
    const [first, second] = net.devices("bob", ["0.9", "0.8"]);
    alice.invite("sip:bob@sip.local");
    net.clock.advance(31_990);
    second.expectNothing();
    net.clock.advance(10);
    second.accept(second.expect("INVITE"));
    alice.expect("200");
    for (let sent = 0; sent < 7; sent++) first.expect("INVITE");
  }),
);

Deno.test(
  "§16.6: the answers of all groups compete: the best of them goes to the caller",
  ladder((net) => {
    const alice = net.phone("alice");
    const [first, second] = net.devices("bob", ["0.9", "0.8"]);
    const invite = alice.invite("sip:bob@sip.local");
    first.answer(first.expect("INVITE"), "302 Moved Temporarily", { lines: "Contact: <sip:bob@192.0.2.88>" });
    first.expect("ACK");
    second.answer(second.expect("INVITE"), "486 Busy Here");
    second.expect("ACK");
    alice.sendAsIs(ackTo(invite, alice.expect("302")));
  }),
);

Deno.test(
  "§16.7 step 5: a 6xx keeps further groups from being tried",
  ladder((net) => {
    const alice = net.phone("alice");
    const [first, second] = net.devices("bob", ["0.9", "0.8"]);
    const invite = alice.invite("sip:bob@sip.local");
    first.answer(first.expect("INVITE"), "603 Decline");
    first.expect("ACK");
    alice.sendAsIs(ackTo(invite, alice.expect("603")));
    second.expectNothing();
  }),
);

Deno.test(
  "§16.6: a q of 0 is the last, not never",
  ladder((net) => {
    const alice = net.phone("alice");
    const [only] = net.devices("bob", ["0"]);
    alice.invite("sip:bob@sip.local");
    only.expect("INVITE");
  }),
);

Deno.test(
  "§16.6: a device that cannot be reached does not keep the others from ringing",
  ladder(async (net) => {
    const alice = net.phone("alice");
    const [, second, third] = net.devices("bob", ["1", "1", "0.5"]);
    net.transports.udp.unreachable.add("192.0.2.31:5060");
    const invite = alice.invite("sip:bob@sip.local");
    const atSecond = second.expect("INVITE");
    await net.settle();
    alice.expectNothing();
    second.answer(atSecond, "486 Busy Here");
    second.expect("ACK");
    third.answer(third.expect("INVITE"), "480 Temporarily Unavailable");
    third.expect("ACK");
    alice.sendAsIs(ackTo(invite, alice.expect("48")));
  }),
);

Deno.test(
  "§16.6: a MESSAGE forks, too; the first 2xx is the answer, the others are dropped",
  ladder((net) => {
    const alice = net.phone("alice");
    const [first, second] = net.devices("bob", ["1", "1"]);
    alice.sendAuthenticated("MESSAGE sip:bob@sip.local SIP/2.0");
    const [atFirst, atSecond] = [first.expect("MESSAGE"), second.expect("MESSAGE")];
    first.answer(atFirst, "486 Busy Here");
    alice.expectNothing();
    second.answer(atSecond, "200 OK");
    alice.expect("200");
    alice.expectNothing();
  }),
);

for (const ringing of ["180 Ringing", "100 Trying"]) {
  Deno.test(
    `§16.6: a group that says ${ringing} and is not answered within 20 s is cancelled, and the next one tried`,
    ladder((net) => {
      const alice = net.phone("alice");
      const [first, alsoFirst, second] = net.devices("bob", ["0.9", "0.9", "0.8"]);
      const invite = alice.invite("sip:bob@sip.local");
      const invites = [first, alsoFirst].map((device) => device.expect("INVITE"));
      first.answer(invites[0], ringing);
      if (ringing.startsWith("180")) alice.expect("180");
      net.clock.advance(19_900);
      second.expectNothing();
      net.clock.advance(100);
      const cancel = first.expect("CANCEL");
      assert.equal(header(cancel, "Reason"), 'SIP;cause=408;text="Not answered in time"');
      const atSecond = second.expect("INVITE");
      first.answer(cancel, "200 OK");
      first.answer(invites[0], "487 Request Terminated");
      first.expect("ACK");
      second.answer(atSecond, "486 Busy Here");
      second.expect("ACK");
      alice.sendAsIs(ackTo(invite, alice.expect("486")));
      alsoFirst.takeAll();
    }),
  );
}

Deno.test(
  "§16.6: a device that was rung in vain and answers after all wins, and the next group is cancelled",
  ladder((net) => {
    const alice = net.phone("alice");
    const [first, second] = net.devices("bob", ["0.9", "0.8"]);
    alice.invite("sip:bob@sip.local");
    const atFirst = first.expect("INVITE");
    first.answer(atFirst, "180 Ringing");
    alice.expect("180");
    net.clock.advance(20_000);
    first.expect("CANCEL");
    const atSecond = second.expect("INVITE");
    second.answer(atSecond, "180 Ringing");
    alice.expect("180");
    first.accept(atFirst);
    alice.expect("200");
    second.expect("CANCEL");
  }),
);

Deno.test(
  "§16.6: nobody has answered in any group: 480, not the 487 of devices that we cancelled; the last rings on",
  ladder((net) => {
    const alice = net.phone("alice");
    const [first, second] = net.devices("bob", ["0.9", "0.8"]);
    const invite = alice.invite("sip:bob@sip.local");
    const atFirst = first.expect("INVITE");
    first.answer(atFirst, "180 Ringing");
    alice.expect("180");
    net.clock.advance(20_000);
    first.answer(first.expect("CANCEL"), "200 OK");
    first.answer(atFirst, "487 Request Terminated");
    first.expect("ACK");
    const atSecond = second.expect("INVITE");
    second.answer(atSecond, "180 Ringing");
    alice.expect("180");
    net.clock.advance(60_000);
    second.expectNothing();
    second.answer(atSecond, "480 Temporarily Unavailable");
    second.expect("ACK");
    alice.sendAsIs(ackTo(invite, alice.expect("480")));
  }),
);

Deno.test(
  "§16.6: spec.registrar.serialRingSeconds is the ringing time of all agents, spec.serialRingSeconds that of one",
  ladder({
    agents: [
      { username: "alice", domains: ["sip.local"] },
      { username: "bob", domains: ["sip.local"] },
      { username: "carol", domains: ["sip.local"], serialRingSeconds: 5 },
    ],
    spec: { registrar: { serialRingSeconds: 8 } },
  }, (net) => {
    const alice = net.phone("alice");
    for (const [name, seconds] of [["bob", 8], ["carol", 5]] as const) {
      const [first, second] = [31, 32].map((host) => {
        const device = net.phone(name, { address: `192.0.2.${host}` });
        device.register(`Contact: <${device.uri}>;q=0.${40 - host}`);
        return device;
      });
      alice.invite(`sip:${name}@sip.local`);
      first.answer(first.expect("INVITE"), "180 Ringing");
      alice.expect("180");
      net.clock.advance(seconds * 1000 - 100);
      second.expectNothing();
      net.clock.advance(100);
      first.answer(first.expect("CANCEL"), "200 OK");
      second.accept(second.expect("INVITE"));
      alice.expect("200");
    }
  }),
);
