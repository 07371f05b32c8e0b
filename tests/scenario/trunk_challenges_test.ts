/** Challenges of a gateway are answered here, and neither end of the call notices (§22.2, §22.3). */
import assert from "node:assert/strict";
import { ladder } from "../support/scenario.ts";
import { ackTo, fromCaller, hasHeader, header, headers, parameter, uriIn } from "../support/sip_text.ts";
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

const ENDINGS: readonly { name: string; nonces: readonly string[]; more?: string }[] = [
  { name: "asks again with the same nonce", nonces: ["n1", "n1"] },
  { name: "asks again with a new nonce that does not follow a stale one", nonces: ["n1", "n2"] },
  { name: "finds every nonce stale", nonces: ["n1", "n2", "n3", "n4"], more: ", stale=true" },
];

for (const { name, nonces, more = "" } of ENDINGS) {
  Deno.test(
    `A gateway that ${name} ends the call with 502, not with a question to the phone`,
    ladder(WORLD, (net) => {
      const alice = net.phone("alice");
      const trunk = trunkOf(net);
      const invite = alice.invite("sip:+4420@sip.local");
      let arrived = trunk.expect("INVITE ");
      for (const nonce of nonces.slice(0, -1)) arrived = challengeOnce(trunk, arrived, { nonce, more });
      trunk.answer(arrived, "407 Proxy Authentication Required", {
        lines: `Proxy-Authenticate: ${challenge(nonces.at(-1)!, { more })}`,
      });
      trunk.expect("ACK ");
      const answer = expectOwn(alice.expect("502"), invite);
      assert.equal(hasHeader(answer, "Proxy-Authenticate"), false);
      alice.sendAsIs(ackTo(invite, answer));
    }),
  );
}

for (const method of ["BYE", "INFO", "INVITE"]) {
  Deno.test(
    `§22.2: a ${method} within a call is not sent a second time with credentials that were refused`,
    ladder(WORLD, (net) => {
      const { alice, trunk, invite, ok } = establish(net);
      alice.send(fromCaller(method, { invite, ok, cseq: cseqOf(invite) + 1 }));
      if (method === "INVITE") alice.expect("100");
      const again = challengeOnce(trunk, trunk.expect(`${method} `), { nonce: "n7" });
      trunk.answer(again, "407 Proxy Authentication Required", {
        lines: `Proxy-Authenticate: ${challenge("n8")}`,
      });
      if (method === "INVITE") trunk.expect("ACK ");
      trunk.expectNothing();
      alice.expect("502");
    }),
  );
}

Deno.test(
  "§8.1.1.5: a call whose CSeq is near 2³¹ is renumbered for the gateway, and goes on after its challenge",
  ladder(WORLD, (net) => {
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    const cseq = 2 ** 31 - 3;
    const invite = alice.invite("sip:+4420@sip.local", `CSeq: ${cseq} INVITE`);
    const first = trunk.expect("INVITE ");
    const arrived = challengeOnce(trunk, first);
    assert.equal(cseqOf(arrived) < 2 ** 31, true);
    trunk.accept(arrived);
    const ok = expectOwn(alice.expect("200"), invite);
    alice.send(fromCaller("ACK", { invite, ok }));
    assert.equal(cseqOf(trunk.expect("ACK ")), cseqOf(arrived));
    const bye = alice.send(fromCaller("BYE", { invite, ok, cseq: cseqOf(invite) + 1 }));
    const byeAtTrunk = trunk.expect("BYE ");
    assert.equal(cseqOf(byeAtTrunk), cseqOf(arrived) + 1);
    trunk.answer(byeAtTrunk, "200 OK");
    expectOwn(alice.expect("200"), bye);
  }),
);

Deno.test(
  "§8.1.1.5: what has no sequence number left towards the gateway is 500",
  ladder(WORLD, (net) => {
    const { alice, trunk, invite, ok } = establish(net);
    const last = 2 ** 31 - 1;
    alice.send(fromCaller("INFO", { invite, ok, cseq: last }));
    alice.expect("500");
    alice.send(fromCaller("INFO", { invite, ok, cseq: last - 1 }));
    trunk.answer(trunk.expect("INFO "), "407 Proxy Authentication Required", {
      lines: `Proxy-Authenticate: ${challenge("n9")}`,
    });
    alice.expect("502");
    trunk.expectNothing();
  }),
);

Deno.test(
  "§22.1: the next address of a gateway asks anew, and is answered though the first one was",
  ladder({
    ...WORLD,
    names: { "sip.provider.example": [TRUNK, "203.0.113.9"] },
    resources: [DOMAIN, gatewayAt("sip.provider.example"), DID],
  }, async (net) => {
    const alice = net.phone("alice");
    const first = trunkOf(net);
    const second = trunkOf(net, "203.0.113.9");
    const invite = alice.invite("sip:+4420@sip.local");
    await net.settle();
    const answered = challengeOnce(first, first.expect("INVITE "), { nonce: "of-first" });
    first.answer(answered, "503 Service Unavailable");
    first.expect("ACK ");
    const fresh = second.expect("INVITE ");
    assert.equal(hasHeader(fresh, "Proxy-Authorization"), false);
    const again = challengeOnce(second, fresh, { nonce: "of-second" });
    assert.equal(headers(again, "Proxy-Authorization").length, 1);
    second.answer(again, "486 Busy Here");
    second.expect("ACK ");
    expectOwn(alice.expect("486"), invite);
  }),
);

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
  "MESSAGE is answered for, too; no other request but INVITE leaves outside of a dialog",
  ladder(WORLD, (net) => {
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    const request = alice.sendAuthenticated("MESSAGE sip:+4420@sip.local SIP/2.0");
    const again = challengeOnce(trunk, trunk.expect("MESSAGE sip:+4420@203.0.113.1 SIP/2.0"));
    trunk.answer(again, "202 Accepted");
    const answer = expectOwn(alice.expect("202"), request);
    assert.equal(header(answer, "CSeq"), header(request, "CSeq"));
    for (const method of ["SUBSCRIBE", "OPTIONS", "REFER", "NOTIFY", "INFO", "BYE", "PUBLISH", "UPDATE"]) {
      alice.sendAuthenticated(`${method} sip:+4420@sip.local SIP/2.0`);
      alice.expect("403");
      trunk.expectNothing();
    }
  }),
);
