/** §8.2.2.2: a request that comes by two paths. */
import assert from "node:assert/strict";
import type { Phone } from "../support/phone.ts";
import { ladder, type LadderOptions, type Network } from "../support/scenario.ts";
import { ackTo, headers, startLine } from "../support/sip_text.ts";

/** Credentials are good for one request only; here nobody asks for any. */
const OPEN: LadderOptions = { spec: { allowUnauthenticatedCalls: true } };

/** The request as it comes by another path: with another branch. */
function byOtherPath(request: string, number = 2): string {
  return request.replace(/(;branch=z9hG4bK[^;\r]*)/, `$1-${number}`);
}

function calling(net: Network): { alice: Phone; bob: Phone; invite: string; atBob: string } {
  const alice = net.phone("alice");
  const bob = net.registered("bob");
  const invite = alice.invite("sip:bob@sip.local");
  return { alice, bob, invite, atBob: bob.expect("INVITE") };
}

Deno.test(
  "§8.2.2.2: an INVITE that comes by another path while the first is under way is 482; the callee rings once",
  ladder((net) => {
    const { alice, bob, invite, atBob } = calling(net);
    const again = alice.sendAsIs(byOtherPath(invite));
    const merged = alice.expect("482");
    assert.equal(startLine(merged), "SIP/2.0 482 Merged Request");
    alice.sendAsIs(ackTo(again, merged));
    bob.expectNothing();
    bob.accept(atBob);
    alice.expect("200");
  }),
);

Deno.test(
  "§8.2.2.2: so is a MESSAGE; after the answer it is another one",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const message = alice.sendAuthenticated("MESSAGE sip:bob@sip.local SIP/2.0");
    const atBob = bob.expect("MESSAGE");
    alice.sendAsIs(byOtherPath(message));
    alice.expect("482");
    bob.answer(atBob, "200 OK");
    alice.expect("200");
    // Its credentials are used up; but it is no merged one.
    alice.sendAsIs(byOtherPath(message, 3));
    alice.expect("407");
  }),
);

Deno.test(
  "§8.2.2.2: another From tag or CSeq is another request, a retransmission is none",
  ladder(OPEN, (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.send("INVITE sip:bob@sip.local SIP/2.0");
    alice.expect("100");
    bob.expect("INVITE");
    const others = [[/;tag=tag-of-alice/, ";tag=other"], [/CSeq: \d+ /, "CSeq: 77 "]] as const;
    for (const [i, [from, to]] of others.entries()) {
      alice.sendAsIs(byOtherPath(invite.replace(from, to), 70 + i));
      alice.expect("100");
      bob.expect("INVITE");
    }
    alice.sendAsIs(invite);
    alice.expect("100");
    bob.expectNothing();
  }),
);

Deno.test(
  "§16.3 step 4: what was here before and comes back for somebody is a spiral, and goes on",
  ladder(OPEN, (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.send("MESSAGE sip:bob@sip.local SIP/2.0");
    const atBob = bob.expect("MESSAGE");
    // A service in between sends it back: the Vias tell that it was here.
    const [ours, ...theirs] = headers(atBob, "Via");
    const vias = [ours.replace(/\.\w+;rport/, ".else;rport"), ...theirs].map((via) => `Via: ${via}\r\n`).join(
      "",
    );
    const back = byOtherPath(invite, 9);
    alice.sendAsIs(back.replace(/(\r\nVia: [^\r]*\r\n)(?:Via: [^\r]*\r\n)*/, `$1${vias}`));
    bob.expect("MESSAGE");
  }),
);
