/** §9: CANCEL, as the server that gets it and as the client that sends it. */
import assert from "node:assert/strict";
import { ladder } from "../support/scenario.ts";
import { ackTo, branchOf, cancelOf, header, headers, requestUri, responseTo } from "../support/sip_text.ts";

Deno.test(
  "§9.2: CANCEL is answered 200, goes on to the callee, and the caller gets the 487",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local");
    const atBob = bob.expect("INVITE sip:bob@192.0.2.12:5060 SIP/2.0");
    bob.answer(atBob, "180 Ringing");
    alice.expect("180");

    alice.sendAsIs(cancelOf(invite));
    assert.equal(header(alice.expect("200"), "CSeq"), `${parseInt(header(invite, "CSeq"))} CANCEL`);
    bob.answer(bob.expect("CANCEL sip:bob@192.0.2.12:5060 SIP/2.0"), "200 OK");
    const terminated = bob.answer(atBob, "487 Request Terminated");
    bob.expect("ACK sip:bob@192.0.2.12:5060 SIP/2.0");

    const final = alice.expect("487");
    assert.equal(header(final, "To"), header(terminated, "To"));
    alice.sendAsIs(ackTo(invite, final));
  }),
);

Deno.test(
  "§9.2: CANCEL for what is not known is answered 481",
  ladder((net) => {
    const alice = net.phone("alice");
    alice.send("CANCEL sip:bob@sip.local SIP/2.0");
    alice.expect("481");
  }),
);

Deno.test(
  "§9.2: CANCEL of another branch than the INVITE's is answered 481 and cancels nothing",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local");
    const atBob = bob.expect("INVITE");
    alice.sendAsIs(cancelOf(invite).replace(/branch=\S+/, "branch=z9hG4bKother"));
    alice.expect("481");
    bob.expectNothing();
    bob.accept(atBob);
    alice.expect("200");
  }),
);

Deno.test(
  "§9.2: CANCEL of a transaction that is not INVITE is answered 200 and changes nothing",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const message = alice.sendAuthenticated("MESSAGE sip:bob@sip.local SIP/2.0");
    const atBob = bob.expect("MESSAGE");
    alice.sendAsIs(cancelOf(message));
    alice.expect("200");
    bob.expectNothing();
    bob.answer(atBob, "202 Accepted");
    alice.expect("202");
  }),
);

Deno.test(
  "§9.2: CANCEL after a final response is answered 200 and has no effect",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local");
    bob.accept(bob.expect("INVITE"));
    alice.expect("200");
    alice.sendAsIs(cancelOf(invite));
    alice.expect("200");
    bob.expectNothing();

    const second = alice.invite("sip:bob@sip.local");
    bob.answer(bob.expect("INVITE"), "486 Busy Here");
    bob.expect("ACK");
    const busy = alice.expect("486");
    alice.sendAsIs(cancelOf(second));
    alice.expect("200");
    bob.expectNothing();
    alice.sendAsIs(ackTo(second, busy));
  }),
);

Deno.test(
  "§9.2: a CANCEL that comes again is answered again, and cancels once",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local");
    bob.answer(bob.expect("INVITE"), "180 Ringing");
    alice.expect("180");
    alice.sendAsIs(cancelOf(invite));
    const first = alice.expect("200");
    alice.sendAsIs(cancelOf(invite));
    assert.equal(alice.expect("200"), first);
    bob.answer(bob.expect("CANCEL"), "200 OK");
    bob.expectNothing();
  }),
);

Deno.test(
  "§9.1: the CANCEL has the INVITE's Request-URI, topmost Via, From, To, Call-ID, CSeq number and Route",
  ladder((net) => {
    const alice = net.phone("alice");
    const edge = net.phone("bob", { address: "192.0.2.50" });
    edge.register(`
      Contact: <sip:bob@10.0.0.1>
      Supported: path
      Path: <sip:192.0.2.50;lr>
    `);
    const invite = alice.invite("sip:bob@sip.local");
    const forwarded = edge.expect("INVITE sip:bob@10.0.0.1 SIP/2.0");
    edge.answer(forwarded, "100 Trying");
    alice.sendAsIs(cancelOf(invite));
    alice.expect("200");
    const cancel = edge.expect("CANCEL sip:bob@10.0.0.1 SIP/2.0");
    assert.equal(requestUri(cancel), requestUri(forwarded));
    assert.deepEqual(headers(cancel, "Via"), headers(forwarded, "Via").slice(0, 1));
    for (const name of ["From", "To", "Call-ID", "Route"]) {
      assert.deepEqual(headers(cancel, name), headers(forwarded, name), name);
    }
    assert.equal(header(cancel, "CSeq"), header(forwarded, "CSeq").replace("INVITE", "CANCEL"));
    edge.answer(cancel, "200 OK");
  }),
);

Deno.test(
  "§9.1: no CANCEL goes out before a provisional response has come",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local");
    const atBob = bob.expect("INVITE");
    alice.sendAsIs(cancelOf(invite));
    alice.expect("200");
    bob.expectNothing();
    bob.answer(atBob, "100 Trying");
    const cancel = bob.expect("CANCEL");
    assert.equal(branchOf(cancel), branchOf(atBob));
    bob.answer(cancel, "200 OK");
    bob.answer(atBob, "487 Request Terminated");
    bob.expect("ACK");
    alice.sendAsIs(ackTo(invite, alice.expect("487")));
  }),
);

Deno.test(
  "§9.1: a 200 that comes instead of a provisional response has won: it reaches the caller",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local");
    const atBob = bob.expect("INVITE");
    alice.sendAsIs(cancelOf(invite));
    alice.expect("200");
    bob.accept(atBob);
    assert.match(header(alice.expect("200"), "CSeq"), /INVITE$/);
    bob.expectNothing();
  }),
);

Deno.test(
  "§9.1: a cancelled callee that stays silent for 64·T1 counts as cancelled",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local");
    const atBob = bob.expect("INVITE");
    bob.answer(atBob, "180 Ringing");
    alice.expect("180");
    alice.sendAsIs(cancelOf(invite));
    alice.expect("200");
    bob.sendAsIs(responseTo(bob.expect("CANCEL"), "200 OK"));
    net.clock.advance(31_900);
    alice.expectNothing();
    net.clock.advance(200);
    alice.sendAsIs(ackTo(invite, alice.expect("487")));
    bob.expectNothing();
  }),
);

Deno.test(
  "§9.1: a 200 that crosses the CANCEL still reaches the caller",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local");
    const atBob = bob.expect("INVITE");
    bob.answer(atBob, "180 Ringing");
    alice.expect("180");
    alice.sendAsIs(cancelOf(invite));
    alice.expect("200");
    bob.accept(atBob);
    bob.answer(bob.expect("CANCEL"), "481 Call/Transaction Does Not Exist");
    assert.match(header(alice.expect("200"), "CSeq"), /INVITE$/);
  }),
);

for (
  const [name, change] of [
    ["another Call-ID", (cancel: string) => cancel.replace(/Call-ID: .*/, "Call-ID: guessed")],
    ["another From tag", (cancel: string) => cancel.replace(/(From: .*;tag=).*/, "$1guessed")],
    ["another CSeq", (cancel: string) => cancel.replace(/CSeq: \d+/, "CSeq: 77")],
  ] as const
) {
  Deno.test(
    `§9.1: a CANCEL with ${name} than the INVITE's cancels nothing: somebody has guessed the branch`,
    ladder((net) => {
      const alice = net.phone("alice");
      const bob = net.registered("bob");
      const invite = alice.invite("sip:bob@sip.local");
      bob.answer(bob.expect("INVITE"), "180 Ringing");
      alice.expect("180");
      alice.sendAsIs(change(cancelOf(invite)));
      alice.expect("481");
      bob.expectNothing();
    }),
  );
}
