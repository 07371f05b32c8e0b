/** Challenges of a gateway are answered here, and neither end of the call notices (§22.2, §22.3). */
import assert from "node:assert/strict";
import { ladder } from "../support/scenario.ts";
import {
  ackTo,
  cancelOf,
  fromCallee,
  fromCaller,
  hasHeader,
  header,
  headers,
  parameter,
  tagOf,
  uriIn,
} from "../support/sip_text.ts";
import {
  challenge,
  challengeOnce,
  cseqOf,
  DID,
  DOMAIN,
  establish,
  expectCredentials,
  expectNext,
  expectOwn,
  gatewayAt,
  NUMBER,
  TRUNK,
  trunkOf,
  WORLD,
} from "../support/trunk.ts";

for (const status of ["407 Proxy Authentication Required", "401 Unauthorized"]) {
  Deno.test(
    `A ${
      status.slice(0, 3)
    } of the gateway is answered with its credentials; the phone sees its own CSeq and From alone`,
    ladder(WORLD, (net) => {
      const { alice, trunk, invite, arrived, ok } = establish(net, { status });
      assert.equal(cseqOf(arrived), cseqOf(invite) + 1);
      assert.equal(uriIn(header(arrived, "From")), `sip:alice@${TRUNK}`);
      assert.equal(hasHeader(ok, "WWW-Authenticate") || hasHeader(ok, "Proxy-Authenticate"), false);
      const cseq = cseqOf(invite) + 1;
      const bye = alice.send(fromCaller("BYE", { invite, ok, cseq }));
      const byeAtTrunk = trunk.expect("BYE ");
      assert.equal(cseqOf(byeAtTrunk), cseqOf(arrived) + 1);
      assert.equal(header(byeAtTrunk, "From"), header(arrived, "From"));
      trunk.answer(byeAtTrunk, "200 OK");
      expectOwn(alice.expect("200"), bye);
    }),
  );
}

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
  "A nonce that has become stale is answered once more",
  ladder(WORLD, (net) => {
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    const invite = alice.invite("sip:+4420@sip.local");
    const second = challengeOnce(trunk, trunk.expect("INVITE "));
    const stale = trunk.answer(second, "407 Proxy Authentication Required", {
      lines: `Proxy-Authenticate: ${challenge("n2", { more: ", stale=true" })}`,
    });
    trunk.expect("ACK ");
    const third = trunk.expect("INVITE ");
    expectCredentials(third, stale);
    expectNext(third, second);
    assert.equal(headers(third, "Proxy-Authorization").length, 1);
    trunk.accept(third);
    const ok = expectOwn(alice.expect("200"), invite);
    alice.send(fromCaller("ACK", { invite, ok }));
    assert.equal(cseqOf(trunk.expect("ACK ")), cseqOf(invite) + 2);
  }),
);

for (const nonces of [["n1", "n1"], ["n1", "n2", "n3", "n4"]]) {
  Deno.test(
    `Credentials that the gateway refuses end the call with 502, not with a question to the phone (${nonces})`,
    ladder(WORLD, (net) => {
      const alice = net.phone("alice");
      const trunk = trunkOf(net);
      const invite = alice.invite("sip:+4420@sip.local");
      let arrived = trunk.expect("INVITE ");
      for (const nonce of nonces.slice(0, -1)) arrived = challengeOnce(trunk, arrived, { nonce });
      trunk.answer(arrived, "407 Proxy Authentication Required", {
        lines: `Proxy-Authenticate: ${challenge(nonces.at(-1)!)}`,
      });
      trunk.expect("ACK ");
      const answer = expectOwn(alice.expect("502"), invite);
      assert.equal(hasHeader(answer, "Proxy-Authenticate"), false);
      alice.sendAsIs(ackTo(invite, answer));
    }),
  );
}

Deno.test(
  "A gateway without credentials that asks for some: 502, and nothing about it reaches the phone",
  ladder({ ...WORLD, resources: [DOMAIN, gatewayAt(TRUNK, { credentials: undefined }), DID] }, (net) => {
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    alice.invite("sip:+4420@sip.local");
    trunk.answer(trunk.expect("INVITE "), "401 Unauthorized", {
      lines: `WWW-Authenticate: ${challenge("n1")}`,
    });
    trunk.expect("ACK ");
    assert.equal(hasHeader(alice.expect("502"), "WWW-Authenticate"), false);
  }),
);

Deno.test(
  "Credentials are for the realm in which the gateway took them, and not for another that asks by its way",
  ladder(WORLD, (net) => {
    establish(net);
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    alice.invite("sip:+4420@sip.local");
    trunk.answer(trunk.expect("INVITE "), "407 Proxy Authentication Required", {
      lines: `Proxy-Authenticate: ${challenge("n9", { realm: "thief" })}`,
    });
    trunk.expect("ACK ");
    alice.expect("502");
    // The gateway's own realm among others is.
    const invite = alice.invite("sip:+4420@sip.local");
    const refusal = trunk.answer(trunk.expect("INVITE "), "407 Proxy Authentication Required", {
      lines: `Proxy-Authenticate: ${challenge("n9", { realm: "thief" })}\nProxy-Authenticate: ${
        challenge("n8")
      }`,
    });
    trunk.expect("ACK ");
    const again = trunk.expect("INVITE ");
    expectCredentials(again, refusal.replace(/^Proxy-Authenticate: .*thief.*\r\n/m, ""));
    assert.deepEqual(headers(again, "Proxy-Authorization").map((value) => parameter(value, "realm")), [
      "provider",
    ]);
    trunk.answer(again, "486 Busy Here");
    trunk.expect("ACK ");
    expectOwn(alice.expect("486"), invite);
  }),
);

Deno.test(
  "A realm that names the gateway is always its own",
  ladder(WORLD, (net) => {
    establish(net);
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    alice.invite("sip:+4420@sip.local");
    const refusal = trunk.answer(trunk.expect("INVITE "), "401 Unauthorized", {
      lines: `WWW-Authenticate: ${challenge("n9", { realm: TRUNK })}`,
    });
    trunk.expect("ACK ");
    expectCredentials(trunk.expect("INVITE "), refusal);
  }),
);

Deno.test(
  "Two challenges in one response: the first that can be answered is, with the algorithm it names",
  ladder(WORLD, (net) => {
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    alice.invite("sip:+4420@sip.local");
    const refusal = trunk.answer(trunk.expect("INVITE "), "401 Unauthorized", {
      lines: `WWW-Authenticate: ${challenge("a", { more: ", algorithm=SHA-512-256" })}\n` +
        `WWW-Authenticate: ${challenge("b", { more: ", algorithm=SHA-256" })}, ${
          challenge("c", { more: ", algorithm=MD5" })
        }`,
    });
    trunk.expect("ACK ");
    const again = trunk.expect("INVITE ");
    assert.equal(parameter(header(again, "Authorization"), "algorithm"), "SHA-256");
    assert.equal(parameter(header(again, "Authorization"), "nonce"), "b");
    expectCredentials(again, refusal.replace(/^WWW-Authenticate: .*SHA-512.*\r\n/m, ""));
  }),
);

Deno.test(
  "A gateway and a proxy before it both ask: either gets its answer",
  ladder(WORLD, (net) => {
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    const invite = alice.invite("sip:+4420@sip.local");
    const second = challengeOnce(trunk, trunk.expect("INVITE "), { nonce: "of-proxy" });
    const third = challengeOnce(trunk, second, { status: "401 Unauthorized", nonce: "of-gateway" });
    assert.equal(hasHeader(third, "Proxy-Authorization"), true);
    trunk.answer(third, "486 Busy Here");
    trunk.expect("ACK ");
    expectOwn(alice.expect("486"), invite);
  }),
);

Deno.test(
  "MESSAGE and other requests out of dialogs are answered for, too",
  ladder(WORLD, (net) => {
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    for (const method of ["MESSAGE", "SUBSCRIBE", "OPTIONS", "REFER"]) {
      const request = alice.sendAuthenticated(`${method} sip:+4420@sip.local SIP/2.0`);
      const again = challengeOnce(trunk, trunk.expect(`${method} sip:+4420@203.0.113.1 SIP/2.0`), {
        nonce: method,
      });
      trunk.answer(again, "202 Accepted");
      const answer = expectOwn(alice.expect("202"), request);
      assert.equal(header(answer, "CSeq"), header(request, "CSeq"));
    }
  }),
);
