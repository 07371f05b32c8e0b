/** §16.11 and §17.1.1.3: ACK has no transaction; that for a 2xx follows the Route, that for a refusal ends here. */
import assert from "node:assert/strict";
import { ladder, type Network } from "../support/scenario.ts";
import { ackTo, bodyOf, branchOf, fromCaller, hasHeader, header, headers } from "../support/sip_text.ts";

const RECORD_ROUTE = { spec: { recordRoute: true } };

function answeredCall(net: Network) {
  const alice = net.phone("alice");
  const bob = net.registered("bob");
  const invite = alice.invite("sip:bob@sip.local");
  const atBob = bob.expect("INVITE");
  bob.accept(atBob);
  const ok = alice.expect("200");
  return { alice, bob, invite, ok, atBob };
}

Deno.test(
  "§16.11: the ACK for a 200 follows our Record-Route to the callee",
  ladder(RECORD_ROUTE, (net) => {
    const { alice, bob, invite, ok, atBob } = answeredCall(net);
    alice.send(`${fromCaller("ACK", { invite, ok })}\nContent-Type: text/plain\n\nanswer`);
    const ack = bob.expect("ACK sip:bob@192.0.2.12:5060 SIP/2.0");
    assert.ok(!hasHeader(ack, "Route") && !hasHeader(ack, "Record-Route"));
    assert.equal(headers(ack, "Via").length, 2);
    assert.notEqual(branchOf(ack), branchOf(atBob));
    assert.equal(header(ack, "Max-Forwards"), "69");
    assert.equal(bodyOf(ack), "answer");
  }),
);

Deno.test(
  "§13.2.2.4: every retransmission of the ACK is passed on, for the 200 may come again",
  ladder(RECORD_ROUTE, (net) => {
    const { alice, bob, invite, ok } = answeredCall(net);
    const ack = alice.send(fromCaller("ACK", { invite, ok }));
    bob.expect("ACK");
    alice.sendAsIs(ack);
    bob.expect("ACK");
    net.clock.advance(120_000);
    alice.sendAsIs(ack);
    bob.expect("ACK");
  }),
);

Deno.test(
  "§16.3 step 3: an ACK with Max-Forwards 0 is dropped",
  ladder(RECORD_ROUTE, (net) => {
    const { alice, bob, invite, ok } = answeredCall(net);
    alice.send(`${fromCaller("ACK", { invite, ok })}\nMax-Forwards: 0`);
    bob.expectNothing();
    alice.expectNothing();
  }),
);

const FORGED: readonly (readonly [name: string, change: (ack: string) => string])[] = [
  ["an altered seal", (ack) => ack.replace(/<sip:(.)/, (_, c) => `<sip:${c === "0" ? "1" : "0"}`)],
  ["another Call-ID", (ack) => ack.replace(/Call-ID: .*/, "Call-ID: another")],
  ["other tags", (ack) => ack.replace(/tag=[^\n]*/g, "tag=another")],
  ["no seal", (ack) => ack.replace(/<sip:[^@]*@/, "<sip:")],
  ["the Route elsewhere", (ack) => ack.replace(/Route: .*/, "Route: <sip:198.51.100.7;lr>")],
  ["no Route", (ack) => ack.replace(/Route: .*\n/, "")],
];

for (const [name, change] of FORGED) {
  Deno.test(
    `§16.11: an ACK with ${name} is no ACK of a dialog of ours and is dropped`,
    ladder(RECORD_ROUTE, (net) => {
      const { alice, bob, invite, ok } = answeredCall(net);
      alice.send(change(fromCaller("ACK", { invite, ok })));
      bob.expectNothing();
      alice.expectNothing();
    }),
  );
}

Deno.test(
  "§17.1.1.3: the ACK for a refusal is ours to take: nothing reaches the callee but our own",
  ladder(RECORD_ROUTE, (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local");
    const atBob = bob.expect("INVITE");
    const busy = bob.answer(atBob, "486 Busy Here");
    const ack = bob.expect("ACK");
    assert.equal(header(ack, "To"), header(busy, "To"));
    assert.deepEqual(headers(ack, "Via"), headers(atBob, "Via").slice(0, 1));
    assert.equal(header(ack, "CSeq"), header(atBob, "CSeq").replace("INVITE", "ACK"));
    alice.sendAsIs(ackTo(invite, alice.expect("486")));
    bob.expectNothing();
    // The callee did not get it: it sends its 486 again, and we acknowledge again (§17.1.1.2).
    bob.sendAsIs(busy);
    assert.equal(bob.expect("ACK"), ack);
    alice.expectNothing();
  }),
);

Deno.test(
  "§16.11: without Record-Route the ACK goes from phone to phone, past us",
  ladder((net) => {
    const { bob, ok } = answeredCall(net);
    assert.ok(!hasHeader(ok, "Record-Route"));
    bob.expectNothing();
  }),
);
