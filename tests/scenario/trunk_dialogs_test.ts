/** Dialogs in which a gateway has challenged: sequence numbers are others on its side (§12.2, §22.2). */
import assert from "node:assert/strict";
import { ladder } from "../support/scenario.ts";
import { ackTo, cancelOf, fromCallee, fromCaller, header, tagOf } from "../support/sip_text.ts";
import {
  challenge,
  challengeOnce,
  cseqOf,
  DID,
  DOMAIN,
  establish,
  expectCredentials,
  expectOwn,
  gatewayAt,
  NUMBER,
  TRUNK,
  trunkOf,
  WORLD,
} from "../support/trunk.ts";

Deno.test(
  "A re-INVITE that is challenged takes a number more, and everything after it, too",
  ladder(WORLD, (net) => {
    const { alice, trunk, invite, arrived, ok } = establish(net);
    let cseq = cseqOf(invite);
    for (const nonce of ["n2", "n3"]) {
      const reInvite = alice.send(
        `${fromCaller("INVITE", { invite, ok, cseq: ++cseq })}\nContact: <${alice.uri}>`,
      );
      alice.expect("100");
      const again = challengeOnce(trunk, trunk.expect("INVITE "), { nonce });
      trunk.accept(again);
      expectOwn(alice.expect("200"), reInvite);
      alice.send(fromCaller("ACK", { invite, ok, cseq }));
      assert.equal(cseqOf(trunk.expect("ACK ")), cseqOf(again));
    }
    // Three challenges were answered by now.
    const bye = alice.send(fromCaller("BYE", { invite, ok, cseq: ++cseq }));
    const byeAtTrunk = trunk.expect("BYE ");
    assert.equal(cseqOf(byeAtTrunk) - cseqOf(arrived), cseq - cseqOf(invite) + 2);
    const again = challengeOnce(trunk, byeAtTrunk, { nonce: "n4" });
    trunk.answer(again, "200 OK");
    expectOwn(alice.expect("200"), bye);
  }),
);

Deno.test(
  "The ACK of a refused re-INVITE has the number of the INVITE that was refused",
  ladder(WORLD, (net) => {
    const { alice, trunk, invite, ok } = establish(net);
    const cseq = cseqOf(invite) + 1;
    const reInvite = alice.send(`${fromCaller("INVITE", { invite, ok, cseq })}\nContact: <${alice.uri}>`);
    alice.expect("100");
    const again = challengeOnce(trunk, trunk.expect("INVITE "), { nonce: "n2" });
    trunk.answer(again, "488 Not Acceptable Here");
    assert.equal(cseqOf(trunk.expect("ACK ")), cseqOf(again));
    alice.sendAsIs(ackTo(reInvite, expectOwn(alice.expect("488"), reInvite)));
  }),
);

Deno.test(
  "CANCEL goes to the INVITE that rings, with its number",
  ladder(WORLD, (net) => {
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    const invite = alice.invite("sip:+4420@sip.local");
    const arrived = challengeOnce(trunk, trunk.expect("INVITE "));
    trunk.answer(arrived, "180 Ringing");
    alice.expect("180");
    alice.sendAsIs(cancelOf(invite));
    expectOwn(alice.expect("200"), invite.replace(/^(CSeq: \d+) INVITE/m, "$1 CANCEL"));
    const cancel = trunk.expect("CANCEL ");
    assert.equal(cseqOf(cancel), cseqOf(arrived));
    assert.equal(header(cancel, "From"), header(arrived, "From"));
    assert.equal(header(cancel, "Via"), header(arrived, "Via"));
    trunk.answer(cancel, "200 OK");
    trunk.answer(arrived, "487 Request Terminated");
    assert.equal(cseqOf(trunk.expect("ACK ")), cseqOf(arrived));
    alice.sendAsIs(ackTo(invite, expectOwn(alice.expect("487"), invite)));
  }),
);

Deno.test(
  "A caller that hangs up before the challenge comes: the challenge is not answered",
  ladder(WORLD, (net) => {
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    const invite = alice.invite("sip:+4420@sip.local");
    const arrived = trunk.expect("INVITE ");
    trunk.answer(arrived, "100 Trying");
    alice.sendAsIs(cancelOf(invite));
    alice.expect("200");
    trunk.expect("CANCEL ");
    trunk.answer(arrived, "407 Proxy Authentication Required", {
      lines: `Proxy-Authenticate: ${challenge("n1")}`,
    });
    trunk.expect("ACK ");
    alice.sendAsIs(ackTo(invite, alice.expect("487")));
  }),
);

Deno.test(
  "PRACK: RAck names the INVITE by the number that it has there (RFC 3262 §7.2)",
  ladder(WORLD, (net) => {
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    const invite = alice.invite("sip:+4420@sip.local", "Supported: 100rel");
    const arrived = challengeOnce(trunk, trunk.expect("INVITE "));
    trunk.answer(arrived, "183 Session Progress", {
      lines: `Contact: <${trunk.uri}>\nRequire: 100rel\nRSeq: 7001`,
    });
    const progress = expectOwn(alice.expect("183"), invite);
    const cseq = cseqOf(invite) + 1;
    const prack = alice.send(
      `${fromCaller("PRACK", { invite, ok: progress, cseq })}\nRAck: 7001 ${cseqOf(invite)} INVITE`,
    );
    const prackAtTrunk = trunk.expect("PRACK ");
    assert.equal(header(prackAtTrunk, "RAck"), `7001 ${cseqOf(arrived)} INVITE`);
    assert.equal(cseqOf(prackAtTrunk), cseqOf(arrived) + 1);
    const again = challengeOnce(trunk, prackAtTrunk, { nonce: "n2" });
    assert.equal(header(again, "RAck"), `7001 ${cseqOf(arrived)} INVITE`);
    trunk.answer(again, "200 OK");
    expectOwn(alice.expect("200"), prack);
    // Another one, when the numbers have moved on and that of the INVITE has not.
    const next = fromCaller("PRACK", { invite, ok: progress, cseq: cseq + 1 });
    alice.send(`${next}\nRAck: 7002 ${cseqOf(invite)} INVITE`);
    const nextAtTrunk = trunk.expect("PRACK ");
    assert.equal(header(nextAtTrunk, "RAck"), `7002 ${cseqOf(arrived)} INVITE`);
    assert.equal(cseqOf(nextAtTrunk), cseqOf(again) + 1);
    trunk.answer(nextAtTrunk, "200 OK");
    alice.expect("200");
    trunk.accept(arrived);
    const ok = expectOwn(alice.expect("200"), invite);
    alice.send(fromCaller("ACK", { invite, ok }));
    assert.equal(cseqOf(trunk.expect("ACK ")), cseqOf(arrived));
  }),
);

Deno.test(
  "The gateway's own requests in the dialog go to the phone with the From and To that it knows by tag",
  ladder(WORLD, (net) => {
    const { alice, trunk, arrived, accepted, invite, ok } = establish(net);
    trunk.send(
      `${fromCallee("INVITE", { invite: arrived, ok: accepted, cseq: 500 })}\nContact: <${trunk.uri}>`,
    );
    trunk.expect("100");
    const reInvite = alice.expect("INVITE ");
    assert.equal(cseqOf(reInvite), 500);
    assert.equal(tagOf(header(reInvite, "To")), tagOf(header(invite, "From")));
    assert.equal(tagOf(header(reInvite, "From")), tagOf(header(ok, "To")));
    const answered = alice.accept(reInvite);
    const okAtTrunk = trunk.expect("200");
    assert.equal(cseqOf(okAtTrunk), 500);
    trunk.send(fromCallee("ACK", { invite: arrived, ok: accepted, cseq: 500 }));
    assert.equal(cseqOf(alice.expect("ACK ")), cseqOf(answered));
    const bye = trunk.send(fromCallee("BYE", { invite: arrived, ok: accepted, cseq: 501 }));
    alice.answer(alice.expect("BYE "), "200 OK");
    expectOwn(trunk.expect("200"), bye);
  }),
);

Deno.test(
  "A call in by the trunk: what the phone sends in it is challenged there, and answered here",
  ladder(WORLD, (net) => {
    const bob = net.registered("bob");
    const trunk = trunkOf(net);
    const invite = trunk.send(`INVITE sip:${NUMBER}@192.0.2.1 SIP/2.0\nContact: <${trunk.uri}>`);
    trunk.expect("100");
    const arrived = bob.expect("INVITE ");
    assert.equal(cseqOf(arrived), cseqOf(invite));
    const accepted = bob.accept(arrived);
    const ok = expectOwn(trunk.expect("200"), invite);
    trunk.send(fromCaller("ACK", { invite, ok }));
    bob.expect("ACK ");
    bob.send(`${fromCallee("INVITE", { invite: arrived, ok: accepted, cseq: 71 })}\nContact: <${bob.uri}>`);
    bob.expect("100");
    const again = challengeOnce(trunk, trunk.expect("INVITE "));
    trunk.accept(again);
    assert.equal(cseqOf(bob.expect("200")), 71);
    bob.send(fromCallee("ACK", { invite: arrived, ok: accepted, cseq: 71 }));
    assert.equal(cseqOf(trunk.expect("ACK ")), cseqOf(again));
    // The trunk's own numbers are another space.
    trunk.send(fromCaller("INFO", { invite, ok, cseq: cseqOf(invite) + 1 }));
    const info = bob.expect("INFO ");
    assert.equal(cseqOf(info), cseqOf(invite) + 1);
    bob.answer(info, "200 OK");
    trunk.expect("200");
    const bye = bob.send(fromCallee("BYE", { invite: arrived, ok: accepted, cseq: 72 }));
    const byeAtTrunk = trunk.expect("BYE ");
    assert.equal(cseqOf(byeAtTrunk), cseqOf(again) + 1);
    trunk.answer(challengeOnce(trunk, byeAtTrunk, { nonce: "n2" }), "200 OK");
    expectOwn(bob.expect("200"), bye);
  }),
);

Deno.test(
  "A caller that hangs up after the challenge was answered: CANCEL waits for the gateway, and names the latest INVITE (§9.1)",
  ladder(WORLD, (net) => {
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    const invite = alice.invite("sip:+4420@sip.local");
    const arrived = challengeOnce(trunk, trunk.expect("INVITE "));
    alice.sendAsIs(cancelOf(invite));
    alice.expect("200");
    trunk.expectNothing();
    trunk.answer(arrived, "100 Trying");
    const cancel = trunk.expect("CANCEL ");
    assert.equal(cseqOf(cancel), cseqOf(arrived));
    assert.equal(header(cancel, "Via"), header(arrived, "Via"));
    trunk.answer(arrived, "487 Request Terminated");
    trunk.expect("ACK ");
    alice.sendAsIs(ackTo(invite, alice.expect("487")));
  }),
);

Deno.test(
  "A challenge that comes twice is acknowledged twice, and answered once",
  ladder(WORLD, (net) => {
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    const invite = alice.invite("sip:+4420@sip.local");
    const first = trunk.expect("INVITE ");
    const again = challengeOnce(trunk, first);
    trunk.answer(first, "407 Proxy Authentication Required", {
      lines: `Proxy-Authenticate: ${challenge("n1")}`,
    });
    trunk.expect("ACK ");
    trunk.expectNothing();
    trunk.answer(again, "486 Busy Here");
    trunk.expect("ACK ");
    expectOwn(alice.expect("486"), invite);
  }),
);

Deno.test(
  "The provider forks, and two answer: the phone gets either answer as one to its own INVITE",
  ladder(WORLD, (net) => {
    const { alice, trunk, arrived, invite } = establish(net);
    trunk.answer(arrived, "200 OK", { tag: "another", lines: "Contact: <sip:another@203.0.113.1>" });
    const ok = expectOwn(alice.expect("200"), invite);
    assert.equal(tagOf(header(ok, "To")), "another");
    alice.send(fromCaller("ACK", { invite, ok }));
    const ack = trunk.expect("ACK sip:another@203.0.113.1 SIP/2.0");
    assert.equal(cseqOf(ack), cseqOf(arrived));
    alice.send(fromCaller("BYE", { invite, ok, cseq: cseqOf(invite) + 1 }));
    assert.equal(cseqOf(trunk.expect("BYE sip:another@203.0.113.1 SIP/2.0")), cseqOf(arrived) + 1);
  }),
);

Deno.test(
  "An ACK that comes again when another request was challenged meanwhile has the number of its INVITE",
  ladder(WORLD, (net) => {
    const { alice, trunk, invite, arrived, ok } = establish(net);
    const cseq = cseqOf(invite) + 1;
    const update = alice.send(fromCaller("UPDATE", { invite, ok, cseq }));
    trunk.answer(challengeOnce(trunk, trunk.expect("UPDATE "), { nonce: "n2" }), "200 OK");
    expectOwn(alice.expect("200"), update);
    alice.send(fromCaller("ACK", { invite, ok }));
    assert.equal(cseqOf(trunk.expect("ACK ")), cseqOf(arrived));
    alice.send(fromCaller("BYE", { invite, ok, cseq: cseq + 1 }));
    assert.equal(cseqOf(trunk.expect("BYE ")), cseqOf(arrived) + 3);
  }),
);

Deno.test(
  "The gateway's PRACK goes to the phone with the RAck that it has: its numbers are the same on both sides",
  ladder(WORLD, (net) => {
    const { alice, trunk, arrived, accepted } = establish(net);
    trunk.send(
      `${fromCallee("INVITE", { invite: arrived, ok: accepted, cseq: 500 })}\nContact: <${trunk.uri}>`,
    );
    trunk.expect("100");
    alice.answer(alice.expect("INVITE "), "183 Session Progress", {
      lines: `Contact: <${alice.uri}>\nRequire: 100rel\nRSeq: 1`,
    });
    trunk.expect("183");
    trunk.send(`${fromCallee("PRACK", { invite: arrived, ok: accepted, cseq: 501 })}\nRAck: 1 500 INVITE`);
    const prack = alice.expect("PRACK ");
    assert.equal(header(prack, "RAck"), "1 500 INVITE");
    assert.equal(cseqOf(prack), 501);
  }),
);

Deno.test(
  "The phone's PRACK in a call that came in: RAck names its re-INVITE by the number that the gateway knows",
  ladder(WORLD, (net) => {
    const bob = net.registered("bob");
    const trunk = trunkOf(net);
    trunk.send(`INVITE sip:${NUMBER}@192.0.2.1 SIP/2.0\nContact: <${trunk.uri}>`);
    trunk.expect("100");
    const arrived = bob.expect("INVITE ");
    const accepted = bob.accept(arrived);
    trunk.expect("200");
    bob.send(`${fromCallee("INVITE", { invite: arrived, ok: accepted, cseq: 71 })}\nContact: <${bob.uri}>`);
    bob.expect("100");
    const again = challengeOnce(trunk, trunk.expect("INVITE "));
    trunk.answer(again, "183 Session Progress", {
      lines: `Contact: <${trunk.uri}>\nRequire: 100rel\nRSeq: 9`,
    });
    assert.equal(cseqOf(bob.expect("183")), 71);
    bob.send(`${fromCallee("PRACK", { invite: arrived, ok: accepted, cseq: 72 })}\nRAck: 9 71 INVITE`);
    const prack = trunk.expect("PRACK ");
    assert.equal(header(prack, "RAck"), `9 ${cseqOf(again)} INVITE`);
    assert.equal(cseqOf(prack), cseqOf(again) + 1);
  }),
);

Deno.test(
  "However From is written, the phone gets it back as it wrote it, and the gateway sees it at its own host",
  ladder(WORLD, (net) => {
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    for (
      const [from, there] of [
        ["From: sip:alice@sip.local;tag=a", `<sip:alice@${TRUNK}>;tag=a`],
        [
          'From: "Al \\"Ice\\" <sip:x@y>" <sip:alice@sip.local>;tag=a',
          `<sip:alice@${TRUNK}>;tag=a`,
        ],
        [
          "From: Alice Smith<sip:%61lice@SIP.LOCAL:5060;user=phone>;x=y;tag=a",
          `<sip:%61lice@${TRUNK}>;x=y;tag=a`,
        ],
      ]
    ) {
      const message = alice.sendAuthenticated(`MESSAGE sip:+4420@sip.local SIP/2.0\n${from}`);
      const first = trunk.expect("MESSAGE ");
      assert.equal(header(first, "From"), there);
      const again = challengeOnce(trunk, first, { nonce: `n${there.length}` });
      trunk.sendAsIs(
        trunk.textOf(again, "200 OK").replace(/^From: /m, "f: ").replace(/^CSeq: /m, "CSEQ : ").replace(
          /^Via: /m,
          "v: ",
        ),
      );
      const answer = alice.expect("200");
      assert.match(answer, new RegExp(`^CSEQ : ${header(message, "CSeq")}\\r$`, "m"));
      assert.ok(answer.includes(`f: ${header(message, "From")}\r\n`));
    }
  }),
);

Deno.test(
  "RFC 5057: a subscription that began in a call outlives it, and counts on; nothing else does",
  ladder(WORLD, (net) => {
    const { alice, trunk, invite, arrived, ok, accepted } = establish(net);
    let cseq = cseqOf(invite);
    const send = (method: string, lines = "") =>
      alice.send(
        `${fromCaller(method, { invite, ok, cseq: ++cseq })}\nContact: <${alice.uri}>\nEvent: dialog${lines}`,
      );
    const subscribe = send("SUBSCRIBE");
    const atTrunk = trunk.expect("SUBSCRIBE ");
    trunk.accept(challengeOnce(trunk, atTrunk, { nonce: "n2" }), "Expires: 600\n");
    expectOwn(alice.expect("200"), subscribe);
    const bye = send("BYE");
    trunk.answer(trunk.expect("BYE "), "200 OK");
    expectOwn(alice.expect("200"), bye);
    const notify = trunk.send(
      `${fromCallee("NOTIFY", { invite: arrived, ok: accepted })}\nEvent: dialog\nSubscription-State: active`,
    );
    alice.answer(alice.expect("NOTIFY "), "200 OK");
    expectOwn(trunk.expect("200"), notify);
    const refresh = send("SUBSCRIBE");
    const refreshAtTrunk = trunk.expect("SUBSCRIBE ");
    assert.ok(cseqOf(refreshAtTrunk) > cseqOf(atTrunk));
    trunk.accept(refreshAtTrunk, "Expires: 600\n");
    expectOwn(alice.expect("200"), refresh);
    for (const method of ["INVITE", "REFER", "INFO", "BYE", "MESSAGE", "UPDATE"]) {
      send(method);
      alice.expect("481");
    }
    net.clock.advance(700_000);
    send("SUBSCRIBE");
    alice.expect("481");
    trunk.expectNothing();
  }),
);

Deno.test(
  "The gateway is gone and asks for a password in the call that it left: the phone, which has none, is not asked",
  ladder(WORLD, (net) => {
    const { alice, trunk, invite, ok } = establish(net);
    net.replace({ ...WORLD, resources: [] });
    const bye = alice.send(fromCaller("BYE", { invite, ok, cseq: cseqOf(invite) + 1 }));
    trunk.answer(trunk.expect("BYE "), "407 Proxy Authentication Required", {
      lines: `Proxy-Authenticate: ${challenge("n2")}`,
    });
    expectOwn(alice.expect("502"), bye);
  }),
);

Deno.test(
  "The gateway's password is changed while a call is up: the next challenge is answered with the new one",
  ladder(WORLD, (net) => {
    const { alice, trunk, invite, ok } = establish(net);
    const credentials = { username: "trunk-user", secret: "new-secret" };
    net.replace({ ...WORLD, resources: [DOMAIN, gatewayAt(TRUNK, { credentials }), DID] });
    const bye = alice.send(fromCaller("BYE", { invite, ok, cseq: cseqOf(invite) + 1 }));
    const refusal = trunk.answer(trunk.expect("BYE "), "407 Proxy Authentication Required", {
      lines: `Proxy-Authenticate: ${challenge("n2")}`,
    });
    const again = trunk.expect("BYE ");
    assert.throws(() => expectCredentials(again, refusal));
    expectCredentials(again, refusal, credentials);
    trunk.answer(again, "200 OK");
    expectOwn(alice.expect("200"), bye);
  }),
);

Deno.test(
  "A sender at another address that knows the dialog gets neither requests to the gateway nor its credentials",
  ladder(WORLD, (net) => {
    const { alice, trunk, arrived, accepted, invite, ok } = establish(net);
    const mallory = trunkOf(net, "203.0.113.66");
    mallory.send(fromCallee("INFO", { invite: arrived, ok: accepted, cseq: 500 }));
    mallory.expect("403");
    alice.expectNothing();
    alice.send(fromCaller("BYE", { invite, ok, cseq: cseqOf(invite) + 1 }));
    trunk.expect("BYE ");
    mallory.expectNothing();
  }),
);

for (const route of ["", `<sip:${TRUNK};lr>`]) {
  Deno.test(
    `§16.6: within a call a gateway ${
      route === "" ? "without" : "with"
    } a Route of its own is reached where it asks for it`,
    ladder({ ...WORLD, spec: { localnets: ["203.0.113.0/24"], externAddr: "198.51.100.9" } }, (net) => {
      const alice = net.phone("alice");
      const trunk = trunkOf(net);
      const media = net.phone("pstn", { address: TRUNK, port: 5070 });
      const invite = alice.invite("sip:+4420@sip.local");
      const arrived = challengeOnce(trunk, trunk.expect("INVITE "));
      const accepted = trunk.textOf(arrived, "200 OK", { lines: `Contact: <${media.uri}>` });
      const recorded = route === "" ? "" : `Record-Route: ${route}\r\n`;
      trunk.sendAsIs(accepted.replace(/^Record-Route: /m, `${recorded}$&`));
      const ok = alice.expect("200");
      const bye = alice.send(fromCaller("BYE", { invite, ok, cseq: 50 }));
      const there = route === "" ? media : trunk;
      there.answer(there.expect("BYE "), "200 OK");
      expectOwn(alice.expect("200"), bye);
    }),
  );
}
