/** §16.7 steps 6 and 7: the best of several final responses. */
import assert from "node:assert/strict";
import type { Phone } from "../support/phone.ts";
import { ladder, type Network } from "../support/scenario.ts";
import { ackTo, headers } from "../support/sip_text.ts";

/** The answers of devices in this order, and the response to the caller; `-` is silence. */
const CHOICES: readonly (readonly [answers: string, best: string])[] = [
  ["486", "486"],
  ["404 486", "404"],
  ["486 404", "486"],
  ["500 404", "404"],
  ["404 500", "404"],
  ["500 302", "302"],
  ["302 404", "302"],
  ["404 603", "603"],
  ["600 603", "600"],
  ["486 401", "401"],
  ["486 407", "407"],
  ["486 415", "415"],
  ["486 420", "420"],
  ["404 484", "484"],
  ["503 404", "404"],
  ["503 500", "500"],
  ["503 504", "504"],
  ["503", "500"],
  ["503 503", "500"],
  ["- 486", "486"],
  ["486 -", "486"],
  ["- 500", "408"],
  ["-", "408"],
  ["- -", "408"],
  ["- 503", "408"],
  ["487 486", "487"],
];

for (const [answers, best] of CHOICES) {
  Deno.test(
    `§16.7 step 6: of ${answers.replaceAll("-", "silence")} the caller gets ${best}`,
    ladder((net) => {
      const alice = net.phone("alice");
      const statuses = answers.split(" ");
      const devices = statuses.map((_, i) => net.registered("bob", { address: `192.0.2.${31 + i}` }));
      const invite = alice.invite("sip:bob@sip.local");
      for (const [i, device] of devices.entries()) {
        const atDevice = device.expect("INVITE");
        if (statuses[i] !== "-") device.answer(atDevice, `${statuses[i]} Because`);
      }
      if (statuses.includes("-")) net.clock.advance(32_000);
      alice.sendAsIs(ackTo(invite, alice.expect(best)));
      for (const device of devices) device.takeAll();
    }),
  );
}

function challengedDevices(net: Network): [Phone, Phone, Phone] {
  const [first, second, third] = [31, 32, 33].map((host) =>
    net.registered("bob", { address: `192.0.2.${host}` })
  );
  return [first, second, third];
}

Deno.test(
  "§16.7 step 7: the challenges of all branches go upstream together",
  ladder((net) => {
    const alice = net.phone("alice");
    const [first, second, third] = challengedDevices(net);
    const invite = alice.invite("sip:bob@sip.local");
    const answers: [Phone, string, string][] = [
      [first, "401 Unauthorized", 'WWW-Authenticate: Digest realm="a", nonce="1"'],
      [second, "486 Busy Here", "X-Reason: none"],
      [
        third,
        "407 Proxy Authentication Required",
        'Proxy-Authenticate: Digest realm="b", nonce="2"\nProxy-Authenticate: Digest realm="c", nonce="3"',
      ],
    ];
    for (const [device, status, lines] of answers) {
      device.answer(device.expect("INVITE"), status, { lines });
      device.expect("ACK");
    }
    const challenge = alice.expect("40");
    assert.deepEqual(headers(challenge, "WWW-Authenticate"), ['Digest realm="a", nonce="1"']);
    assert.deepEqual(headers(challenge, "Proxy-Authenticate").sort(), [
      'Digest realm="b", nonce="2"',
      'Digest realm="c", nonce="3"',
    ]);
    assert.deepEqual(headers(challenge, "Via"), headers(invite, "Via"));
    alice.sendAsIs(ackTo(invite, challenge));
  }),
);

Deno.test(
  "§16.7 step 7: challenges are not added to another best response",
  ladder((net) => {
    const alice = net.phone("alice");
    const [first, second, third] = challengedDevices(net);
    const invite = alice.invite("sip:bob@sip.local");
    first.answer(first.expect("INVITE"), "401 Unauthorized", { lines: 'WWW-Authenticate: Digest realm="a"' });
    second.answer(second.expect("INVITE"), "302 Moved", { lines: "Contact: <sip:x@192.0.2.88>" });
    third.answer(third.expect("INVITE"), "486 Busy Here");
    for (const device of [first, second, third]) device.expect("ACK");
    const moved = alice.expect("302");
    assert.deepEqual(headers(moved, "WWW-Authenticate"), []);
    alice.sendAsIs(ackTo(invite, moved));
  }),
);

Deno.test(
  "§16.7 step 6: devices that cannot be reached are temporarily unavailable: 480, and no 503 of ours about them",
  ladder(async (net) => {
    const alice = net.phone("alice");
    net.registered("bob", { address: "192.0.2.31" });
    net.registered("bob", { address: "192.0.2.32" });
    for (const host of [31, 32]) net.transports.udp.unreachable.add(`192.0.2.${host}:5060`);
    const invite = alice.invite("sip:bob@sip.local");
    await net.settle();
    alice.sendAsIs(ackTo(invite, alice.expect("480")));
  }),
);

Deno.test(
  "§16.9: a phone registered by TCP is gone, and nobody listens at its port: 480",
  ladder(async (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob", { protocol: "tcp" });
    bob.transport.unreachable.add("192.0.2.12:5060");
    for (const method of ["INVITE", "MESSAGE", "OPTIONS"]) {
      alice.sendAuthenticated(`${method} sip:bob@sip.local SIP/2.0`);
      if (method === "INVITE") alice.expect("100");
      await net.settle();
      alice.expect("480");
    }
  }),
);

Deno.test(
  "§16.9: a phone whose connection breaks while it rings: 480",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob", { protocol: "tcp" });
    const invite = alice.invite("sip:bob@sip.local");
    bob.answer(bob.expect("INVITE"), "180 Ringing");
    alice.expect("180");
    bob.hangUpConnection();
    alice.sendAsIs(ackTo(invite, alice.expect("480")));
  }),
);

Deno.test(
  "§16.7 step 6: one device cannot be reached, the other has a 503 of its own: neither is a 503 to the caller",
  ladder(async (net) => {
    const alice = net.phone("alice");
    net.registered("bob", { address: "192.0.2.31" });
    const other = net.registered("bob", { address: "192.0.2.32" });
    net.transports.udp.unreachable.add("192.0.2.31:5060");
    const invite = alice.invite("sip:bob@sip.local");
    await net.settle();
    other.answer(other.expect("INVITE"), "503 Service Unavailable");
    other.expect("ACK");
    alice.sendAsIs(ackTo(invite, alice.expect("480")));
  }),
);
