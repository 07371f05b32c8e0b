/** RFC 5626: devices with an instance, and the flows they are reached by. */
import assert from "node:assert/strict";
import { ladder } from "../support/scenario.ts";
import { ackTo, header, headers } from "../support/sip_text.ts";

const INSTANCE = '+sip.instance="<urn:uuid:00000000-0000-1000-8000-000A95A0E128>"';

Deno.test(
  "RFC 5626 §6: the same instance and reg-id from elsewhere replaces the binding",
  ladder((net) => {
    const before = net.phone("bob", { protocol: "tcp", port: 40001 });
    const after = net.phone("bob", { protocol: "tcp", port: 40002 });
    before.register(`Contact: <sip:bob@10.0.0.9:40001;transport=tcp>;${INSTANCE};reg-id=1`);
    const ok = after.register(`Contact: <sip:bob@10.0.0.9:40002;transport=tcp>;${INSTANCE};reg-id=1`);
    assert.deepEqual(headers(ok, "Contact"), [
      `<sip:bob@10.0.0.9:40002;transport=tcp>;expires=3600;${INSTANCE};reg-id=1`,
    ]);
  }),
);

/** Returns the Require of the 200 to a REGISTER. */
const OUTBOUND: readonly (readonly [what: string, lines: string, required: readonly string[]])[] = [
  [
    "a flow of a device that knows it",
    `Contact: <sip:bob@192.0.2.12>;${INSTANCE};reg-id=1\nSupported: path, Outbound`,
    [
      "outbound",
    ],
  ],
  [
    "a device that does not say so",
    `Contact: <sip:bob@192.0.2.12>;${INSTANCE};reg-id=1\nSupported: path`,
    [],
  ],
  ["no reg-id", `Contact: <sip:bob@192.0.2.12>;${INSTANCE}\nSupported: outbound`, []],
  ["no instance", "Contact: <sip:bob@192.0.2.12>;reg-id=1\nSupported: outbound", []],
  ["a query", "Supported: outbound", []],
  [
    "an edge proxy that keeps flows",
    `Contact: <sip:bob@10.0.0.9>;${INSTANCE};reg-id=1\nSupported: path, outbound\n` +
    "Via: SIP/2.0/UDP 192.0.2.12;branch=z9hG4bKedge-NUMBER\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKphone\n" +
    "Path: <sip:core.example;lr>, <sip:edge@192.0.2.12;lr;ob>",
    ["outbound"],
  ],
  [
    "an edge proxy that keeps none",
    `Contact: <sip:bob@10.0.0.9>;${INSTANCE};reg-id=1\nSupported: path, outbound\n` +
    "Via: SIP/2.0/UDP 192.0.2.12;branch=z9hG4bKedge-NUMBER\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKphone\n" +
    "Path: <sip:core@192.0.2.12;lr;ob>, <sip:edge.example;lr>",
    [],
  ],
];

for (const [what, lines, required] of OUTBOUND) {
  Deno.test(
    `RFC 5626 §6: what the 200 for a REGISTER requires of ${what}: ${required.join() || "nothing"}`,
    ladder((net) => {
      const ok = net.phone("bob").register(lines);
      assert.deepEqual(headers(ok, "Require"), required);
      assert.deepEqual(headers(ok, "Supported"), ["path, outbound"]);
    }),
  );
}

Deno.test(
  "RFC 5626 §6: another reg-id is another flow of the same device",
  ladder((net) => {
    const bob = net.phone("bob");
    bob.register(`Contact: <sip:bob@192.0.2.12>;${INSTANCE};reg-id=1`);
    const ok = bob.register(`Contact: <sip:bob@192.0.2.12>;${INSTANCE};reg-id=2`);
    assert.equal(headers(ok, "Contact").length, 2);
  }),
);

Deno.test(
  "RFC 5626 §6: without reg-id bindings are told apart by their Contact",
  ladder((net) => {
    const bob = net.phone("bob");
    bob.register(`Contact: <sip:bob@192.0.2.12:1>;${INSTANCE}`);
    const ok = bob.register(`Contact: <sip:bob@192.0.2.12:2>;${INSTANCE}`);
    assert.equal(headers(ok, "Contact").length, 2);
  }),
);

Deno.test(
  "RFC 5626 §5.3: a device is reached over the connection it registered by, whatever its Contact says",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.phone("bob", { protocol: "tcp", port: 40001 });
    bob.register("Contact: <sip:bob@10.0.0.9:5060;transport=tcp>");
    alice.invite("sip:bob@sip.local");
    bob.expect("INVITE sip:bob@10.0.0.9:5060;transport=tcp SIP/2.0");
  }),
);

Deno.test(
  "RFC 3261 §18.1.1: a device that listens at its Contact, where it came from, gets a new connection",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.phone("bob", { protocol: "tcp", port: 40001 });
    const listening = net.phone("bob", { protocol: "tcp", port: 5070 });
    bob.register("Contact: <sip:bob@192.0.2.12:5070;transport=tcp>");
    bob.hangUpConnection();
    alice.invite("sip:bob@sip.local");
    listening.expect("INVITE sip:bob@192.0.2.12:5070;transport=tcp SIP/2.0");
  }),
);

for (
  const [what, contact] of [
    ["is the port of the connection", "sip:bob@192.0.2.12:40001;transport=tcp>"],
    ["is another address", "sip:bob@10.0.0.9:5070;transport=tcp>"],
    ["is a name", "sip:bob@pbx.example:5070;transport=tcp>"],
    ["has a flow number (RFC 5626)", `sip:bob@192.0.2.12:5070;transport=tcp>;${INSTANCE};reg-id=1`],
  ]
) {
  Deno.test(
    `RFC 5626 §6: a device whose Contact ${what} is gone with its connection`,
    ladder((net) => {
      const alice = net.phone("alice");
      const bob = net.phone("bob", { protocol: "tcp", port: 40001 });
      bob.register(`Contact: <${contact}`);
      bob.hangUpConnection();
      alice.sendAuthenticated("INVITE sip:bob@sip.local SIP/2.0");
      alice.expect("480");
    }),
  );
}

Deno.test(
  "RFC 5626 §6: bindings end with the connection they were made over",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.phone("bob", { protocol: "tcp", port: 40001 });
    const desk = net.phone("bob", { address: "192.0.2.22" });
    bob.register();
    desk.register();
    bob.hangUpConnection();
    assert.deepEqual(
      net.server.location.lookup("sip:bob@sip.local").map(({ contact }) => contact),
      ["sip:bob@192.0.2.22:5060"],
    );
    const invite = alice.invite("sip:bob@sip.local");
    desk.answer(desk.expect("INVITE"), "603 Decline");
    desk.expect("ACK");
    alice.sendAsIs(ackTo(invite, alice.expect("603")));
    desk.register("Contact: *\nExpires: 0");
    alice.sendAuthenticated("INVITE sip:bob@sip.local SIP/2.0");
    alice.expect("480");
  }),
);

Deno.test(
  "RFC 5626 §6: a device that comes back by a new connection is reached by that one",
  ladder((net) => {
    const alice = net.phone("alice");
    const old = net.phone("bob", { protocol: "tcp", port: 40001 });
    const fresh = net.phone("bob", { protocol: "tcp", port: 40002 });
    const contact = "Contact: <sip:bob@10.0.0.9:5060;transport=tcp>";
    old.register(contact);
    fresh.register(contact);
    old.hangUpConnection();
    alice.invite("sip:bob@sip.local");
    fresh.expect("INVITE");
    old.expectNothing();
  }),
);

Deno.test(
  "RFC 3581: a device behind NAT is reached at the address its REGISTER came from",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.phone("bob", { address: "203.0.113.5", port: 31337 });
    bob.register("Contact: <sip:bob@10.0.0.9:5060>");
    alice.invite("sip:bob@sip.local");
    const invite = bob.expect("INVITE sip:bob@10.0.0.9:5060 SIP/2.0");
    assert.match(header(invite, "Record-Route"), /^<sip:\S+@192\.0\.2\.1:5060;lr>$/);
  }),
);
