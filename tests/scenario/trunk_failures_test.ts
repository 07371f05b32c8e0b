/** Calls that fail at a trunk: what the caller hears, and what the log tells (§16.7, §21.5.4, §20.43). */
import assert from "node:assert/strict";
import { ladder } from "../support/scenario.ts";
import { ackTo, fromCaller, hasHeader, header } from "../support/sip_text.ts";
import { logged } from "../support/log_lines.ts";
import {
  challenge,
  challengeOnce,
  cseqOf,
  DID,
  DOMAIN,
  establish,
  gatewayAt,
  TRUNK,
  trunkOf,
  WORLD,
} from "../support/trunk.ts";

const HOST = "sip.provider.example";

Deno.test(
  "A gateway whose name is not in DNS was not reached: 503, with the reason for caller and log",
  ladder({ ...WORLD, resources: [DOMAIN, gatewayAt(HOST), DID] }, async (net) => {
    const alice = net.phone("alice");
    const lines = await logged("info", async () => {
      const invite = alice.invite("sip:+4420@sip.local");
      await net.settle();
      const answer = alice.expect("503");
      assert.equal(header(answer, "Warning"), `399 routr "No address of ${HOST} in DNS"`);
      alice.sendAsIs(ackTo(invite, answer));
    });
    assert.deepEqual(lines.filter((line) => line.includes("failed")), [
      `info  calls: Call from sip:alice@sip.local (agent alice@sip.local at 192.0.2.11:5060) to sip:+4420@sip.local ` +
      `by gateway GW0001 failed: 503 No address of ${HOST} in DNS, from the server`,
    ]);
  }),
);

Deno.test(
  "A gateway by a transport that nothing listens on is told as that",
  ladder({ ...WORLD, resources: [DOMAIN, gatewayAt(TRUNK, { transport: "wss" }), DID] }, (net) => {
    const alice = net.phone("alice");
    alice.invite("sip:+4420@sip.local");
    assert.equal(
      header(alice.expect("503"), "Warning"),
      `399 routr "No listener for wss, by which ${TRUNK} is reached"`,
    );
  }),
);

Deno.test(
  "A connection to the gateway that fails, a TLS handshake for one, is told as that",
  ladder({ ...WORLD, resources: [DOMAIN, gatewayAt(TRUNK, { transport: "tls" }), DID] }, async (net) => {
    const alice = net.phone("alice");
    net.transports.tls.unreachable.add(`${TRUNK}:5061`);
    alice.invite("sip:+4420@sip.local");
    await net.settle();
    const answer = alice.expect("503");
    assert.match(header(answer, "Warning"), /^399 routr ".+"$/);
  }),
);

Deno.test(
  "§16.7 step 6: a 503 of the provider itself is a 500 that names it",
  ladder(WORLD, async (net) => {
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    const lines = await logged("info", () => {
      alice.invite("sip:+4420@sip.local");
      trunk.answer(trunk.expect("INVITE "), '503 All "Circuits" Busy');
      trunk.expect("ACK ");
      const answer = alice.expect("500");
      assert.equal(
        header(answer, "Warning"),
        String.raw`399 routr "The gateway has answered 503 All \"Circuits\" Busy"`,
      );
    });
    assert.equal(
      lines.filter((line) => /failed: 500 503 All "Circuits" Busy, from gateway GW0001/.test(line)).length,
      1,
    );
  }),
);

Deno.test(
  "§22.2: a wrong password of the gateway has one line for each call, and is not told to the caller",
  ladder(WORLD, async (net) => {
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    const lines = await logged("info", () => {
      alice.invite("sip:+4420@sip.local");
      const again = challengeOnce(trunk, trunk.expect("INVITE "));
      trunk.answer(again, "407 Proxy Authentication Required", {
        lines: `Proxy-Authenticate: ${challenge("n2")}`,
      });
      trunk.expect("ACK ");
      assert.equal(hasHeader(alice.expect("502"), "Warning"), false);
    });
    assert.deepEqual(lines.filter((line) => line.includes("wrong username or password")), [
      "info  calls: Call from sip:alice@sip.local (agent alice@sip.local at 192.0.2.11:5060) to sip:+4420@sip.local " +
      "by gateway GW0001 failed: 502 407 Proxy Authentication Required, wrong username or password, from gateway GW0001",
    ]);
  }),
);

Deno.test(
  "§22.2: other requests that a gateway refuses have a warning once in ten minutes",
  ladder(WORLD, async (net) => {
    const { alice, trunk, invite, ok } = establish(net);
    const lines = await logged("info", () => {
      for (const cseq of [1, 2, 3]) {
        alice.send(fromCaller("INFO", { invite, ok, cseq: cseqOf(invite) + cseq }));
        trunk.answer(challengeOnce(trunk, trunk.expect("INFO ")), "407 Proxy Authentication Required", {
          lines: `Proxy-Authenticate: ${challenge("n2")}`,
        });
        alice.expect("502");
        if (cseq === 2) net.clock.advance(600_000);
      }
    });
    const line = `warning trunk: Gateway GW0001 (${TRUNK}) refuses INFO: wrong username or password`;
    assert.deepEqual(lines.filter((each) => each.includes("wrong")), [line, line]);
  }),
);
