/** §17.2.3: which requests belong together, for today's branches and those of RFC 2543. */
import assert from "node:assert/strict";
import { ladder } from "../support/scenario.ts";
import { ackTo, cancelOf, header } from "../support/sip_text.ts";

/** Vias of RFC 2543: no branch at all, or one that says nothing. */
const OLD_VIAS = ["SIP/2.0/UDP 192.0.2.11:5060", "SIP/2.0/UDP 192.0.2.11:5060;branch=1"];

for (const via of OLD_VIAS) {
  Deno.test(
    `§17.2.3: an RFC 2543 call: retransmission, ACK and CANCEL are matched by their fields: Via: ${via}`,
    ladder((net) => {
      const alice = net.phone("alice");
      const bob = net.registered("bob");
      const invite = alice.invite("sip:bob@sip.local", `Via: ${via}\nCall-ID: old`);
      alice.sendAsIs(invite);
      alice.expect("100");
      const atBob = bob.expect("INVITE");
      bob.expectNothing();
      bob.answer(atBob, "180 Ringing");
      alice.expect("180");
      alice.sendAsIs(cancelOf(invite));
      alice.expect("200");
      bob.answer(bob.expect("CANCEL"), "200 OK");
      bob.answer(atBob, "487 Request Terminated");
      bob.expect("ACK");
      alice.sendAsIs(ackTo(invite, alice.expect("487")));
      net.clock.advance(10_000);
      alice.expectNothing();
    }),
  );

  Deno.test(
    `§17.2.3: another RFC 2543 call of the same phone is another transaction: Via: ${via}`,
    ladder((net) => {
      const alice = net.phone("alice");
      const bob = net.registered("bob");
      alice.invite("sip:bob@sip.local", `Via: ${via}\nCall-ID: one`);
      alice.invite("sip:bob@sip.local", `Via: ${via}\nCall-ID: two`);
      assert.deepEqual([1, 2].map(() => header(bob.expect("INVITE"), "Call-ID")), ["one", "two"]);
    }),
  );
}

Deno.test(
  "§17.2.3: the same branch from another sent-by is another transaction",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    for (const port of [5060, 5062]) {
      const invite = alice.send("INVITE sip:bob@sip.local SIP/2.0");
      const challenge = alice.expect("407");
      alice.authenticate(
        invite.replace(/Via: .*/, `Via: SIP/2.0/UDP 192.0.2.11:${port};branch=z9hG4bKsame;rport`),
        challenge,
      );
      alice.expect("100");
      bob.expect("INVITE");
    }
  }),
);

Deno.test(
  "§17.2.3: the same branch with another method is another transaction",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const via = "Via: SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bKsame";
    alice.sendAuthenticated(`MESSAGE sip:bob@sip.local SIP/2.0\n${via}`);
    bob.expect("MESSAGE");
    alice.sendAuthenticated(`INFO sip:bob@sip.local SIP/2.0\n${via}`);
    bob.expect("INFO");
  }),
);

Deno.test(
  "§17.2.3: the branch decides, not the source port: behind NAT it may change",
  ladder((net) => {
    const alice = net.phone("alice");
    const moved = net.phone("alice", { port: 33333 });
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local");
    moved.sendAsIs(invite);
    alice.expect("100");
    bob.expect("INVITE");
    bob.expectNothing();
  }),
);
