/** The endpoints of a trunk: several addresses, transports, names, and gateways that are edited during calls. */
import assert from "node:assert/strict";
import type { Phone } from "../support/phone.ts";
import { domain } from "../support/resources.ts";
import { ladder, type LadderOptions } from "../support/scenario.ts";
import {
  ackTo,
  cancelOf,
  fromCallee,
  fromCaller,
  hasHeader,
  header,
  startLine,
  tagOf,
} from "../support/sip_text.ts";
import {
  challenge,
  challengeOnce,
  cseqOf,
  DID,
  DOMAIN,
  establish,
  expectOwn,
  gatewayAt,
  NUMBER,
  TRUNK,
  trunkOf,
  WORLD,
} from "../support/trunk.ts";

const SECOND = "203.0.113.2";

/** A world whose gateway has two addresses. */
const TWO_ADDRESSES: LadderOptions = {
  ...WORLD,
  resources: [DOMAIN, gatewayAt("sip.provider.example"), DID],
  names: { "sip.provider.example": [TRUNK, SECOND] },
};

Deno.test(
  "A call comes in from any address of the gateway, and from no other",
  ladder(TWO_ADDRESSES, async (net) => {
    await net.settle();
    const bob = net.registered("bob");
    for (const address of [TRUNK, SECOND]) {
      trunkOf(net, address).send(`MESSAGE sip:${NUMBER}@192.0.2.1 SIP/2.0`);
      bob.expect("MESSAGE ");
    }
    const stranger = trunkOf(net, "203.0.113.3");
    stranger.send(`MESSAGE sip:${NUMBER}@192.0.2.1 SIP/2.0`);
    stranger.expect("403");
  }),
);

Deno.test(
  "A gateway may come from another address, if it has the password",
  ladder(WORLD, (net) => {
    const bob = net.registered("bob");
    const elsewhere = net.phone("trunk-user", { address: "203.0.113.77", domain: TRUNK });
    const request = elsewhere.send(`MESSAGE sip:${NUMBER}@192.0.2.1 SIP/2.0`);
    const refusal = elsewhere.expect("407");
    elsewhere.authenticate(request, refusal, { secret: "wrong" });
    const again = elsewhere.expect("407");
    elsewhere.authenticate(request, again, { secret: "trunk-secret" });
    const message = bob.expect("MESSAGE ");
    assert.equal(hasHeader(message, "Proxy-Authorization"), false);
  }),
);

Deno.test(
  "A gateway's first address is dead: the call goes to the second, which may ask for the password",
  ladder(TWO_ADDRESSES, async (net) => {
    net.transports.udp.unreachable.add(`${TRUNK}:5060`);
    const alice = net.phone("alice");
    const trunk = trunkOf(net, SECOND);
    const invite = alice.invite("sip:+4420@sip.local");
    await net.settle();
    const arrived = challengeOnce(trunk, trunk.expect("INVITE sip:+4420@sip.provider.example SIP/2.0"));
    trunk.accept(arrived);
    const ok = expectOwn(alice.expect("200"), invite);
    alice.send(fromCaller("ACK", { invite, ok }));
    assert.equal(cseqOf(trunk.expect("ACK ")), cseqOf(arrived));
  }),
);

Deno.test(
  "A gateway's first address is silent: the second is asked after some seconds, and the first one cancelled if it wakes",
  ladder(TWO_ADDRESSES, async (net) => {
    const alice = net.phone("alice");
    const [first, second] = [trunkOf(net, TRUNK), trunkOf(net, SECOND)];
    alice.invite("sip:+4420@sip.local");
    await net.settle();
    const late = first.expect("INVITE ");
    net.clock.advance(6_100);
    const arrived = challengeOnce(second, second.expect("INVITE "));
    first.takeAll();
    first.answer(late, "180 Ringing");
    first.expect("CANCEL ");
    second.answer(arrived, "183 Session Progress");
    alice.expect("183");
  }),
);

const THREE = [TRUNK, SECOND, "203.0.113.3"];

for (const port of [undefined, 5080]) {
  Deno.test(
    `RFC 3263 §4.3: a gateway with three addresses${
      port === undefined ? "" : " and a port"
    } is registered with, called and heard at each of them`,
    ladder({
      ...WORLD,
      resources: [DOMAIN, gatewayAt("sip.provider.example", { port, sendRegister: true }), DID],
      names: { "sip.provider.example": THREE },
    }, async (net) => {
      const place = { port: port ?? 5060 };
      const trunks = THREE.map((address) => net.phone("+49301", { address, domain: address, ...place }));
      const fail = (address: string) => net.transports.udp.unreachable.add(`${address}:${place.port}`);
      const alice = net.phone("alice");
      const bob = net.registered("bob");
      await net.settle();
      trunks[0].answer(trunks[0].expect("REGISTER "), "200 OK", { lines: "Expires: 60" });
      const isHeard = (trunk: Phone) => {
        trunk.send(`MESSAGE sip:${NUMBER}@192.0.2.1 SIP/2.0`);
        bob.answer(bob.expect("MESSAGE "), "200 OK");
        trunk.expect("200");
      };
      trunks.forEach(isHeard);
      for (const [i, trunk] of trunks.entries()) {
        alice.sendAuthenticated("MESSAGE sip:+4420@sip.local SIP/2.0");
        await net.settle();
        trunk.answer(trunk.expect("MESSAGE "), "200 OK");
        alice.expect("200");
        // Where we were registered before may be gone by the time of the refresh.
        fail(THREE[i]);
        if (i > 0) continue;
        net.clock.advance(55_000);
        await net.settle();
        trunks[1].answer(trunks[1].expect("REGISTER "), "200 OK", { lines: "Expires: 3600" });
        // The refresh comes at a random time, and again until it is answered.
        trunks[1].takeAll();
        assert.equal(net.server.registry[0].address, `${SECOND}:${place.port}`);
      }
      alice.sendAuthenticated("MESSAGE sip:+4420@sip.local SIP/2.0");
      await net.settle();
      alice.expect("503");
      net.transports.udp.unreachable.clear();
      trunks.forEach(isHeard);
      net.replace({ ...WORLD, resources: [] });
      trunks[1].answer(trunks[1].expect("REGISTER "), "200 OK");
    }),
  );
}

Deno.test(
  "Every address of the gateway is dead: 503",
  ladder(TWO_ADDRESSES, async (net) => {
    net.transports.udp.unreachable.add(`${TRUNK}:5060`).add(`${SECOND}:5060`);
    const alice = net.phone("alice");
    const invite = alice.invite("sip:+4420@sip.local");
    await net.settle();
    alice.sendAsIs(ackTo(invite, alice.expect("503")));
  }),
);

Deno.test(
  "Every address of the gateway is silent: 503",
  ladder(TWO_ADDRESSES, async (net) => {
    const alice = net.phone("alice");
    const invite = alice.invite("sip:+4420@sip.local");
    await net.settle();
    net.clock.advance(60_000);
    // Nobody acknowledged it for a while.
    const answers = alice.takeAll();
    assert.deepEqual([...new Set(answers.map(startLine))], ["SIP/2.0 503 Service Unavailable"]);
    alice.sendAsIs(ackTo(invite, answers[0]));
    for (const address of [TRUNK, SECOND]) {
      const requests = trunkOf(net, address).takeAll();
      assert.deepEqual([...new Set(requests.map(startLine))], [
        "INVITE sip:+4420@sip.provider.example SIP/2.0",
      ]);
    }
  }),
);

Deno.test(
  "A gateway whose name there is not: 503",
  ladder({ ...TWO_ADDRESSES, names: {} }, async (net) => {
    const alice = net.phone("alice");
    alice.invite("sip:+4420@sip.local");
    await net.settle();
    alice.expect("503");
  }),
);

Deno.test(
  "A gateway has its own transport and port",
  ladder({
    ...WORLD,
    resources: [DOMAIN, gatewayAt(`${TRUNK}:5080`, { transport: "tcp", credentials: undefined }), DID],
  }, (net) => {
    const alice = net.phone("alice");
    const trunk = net.phone("trunk", { address: TRUNK, port: 5080, protocol: "tcp" });
    alice.sendAuthenticated("MESSAGE sip:+4420@sip.local SIP/2.0");
    const message = trunk.expect(`MESSAGE sip:+4420@${TRUNK}:5080 SIP/2.0`);
    assert.match(header(message, "Via"), /^SIP\/2\.0\/TCP 192\.0\.2\.1:5060;/);
    trunk.answer(message, "200 OK");
    alice.expect("200");
  }),
);

Deno.test(
  "The gateway is removed while a call is up: what the call still has to say passes, with its numbers",
  ladder(WORLD, (net) => {
    const { alice, trunk, invite, arrived, ok, accepted } = establish(net);
    net.replace({ ...WORLD, resources: [domain("sip.local")] });
    const info = alice.send(fromCaller("INFO", { invite, ok, cseq: cseqOf(invite) + 1 }));
    const infoAtTrunk = trunk.expect("INFO ");
    assert.equal(cseqOf(infoAtTrunk), cseqOf(arrived) + 1);
    assert.equal(tagOf(header(infoAtTrunk, "From")), tagOf(header(arrived, "From")));
    trunk.answer(infoAtTrunk, "200 OK");
    expectOwn(alice.expect("200"), info);
    trunk.send(fromCallee("BYE", { invite: arrived, ok: accepted, cseq: 9 }));
    alice.answer(alice.expect("BYE "), "200 OK");
    trunk.expect("200");
    // New calls have no way.
    alice.sendAuthenticated("INVITE sip:+4420@sip.local SIP/2.0");
    alice.expect("404");
    trunk.send(`INVITE sip:${NUMBER}@192.0.2.1 SIP/2.0`);
    trunk.expect("403");
  }),
);

Deno.test(
  "The gateway is removed while it rings: the caller can still hang up",
  ladder(WORLD, (net) => {
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    const invite = alice.invite("sip:+4420@sip.local");
    const arrived = challengeOnce(trunk, trunk.expect("INVITE "));
    trunk.answer(arrived, "180 Ringing");
    alice.expect("180");
    net.replace({ ...WORLD, resources: [domain("sip.local")] });
    alice.sendAsIs(cancelOf(invite));
    alice.expect("200");
    trunk.expect("CANCEL ");
    trunk.answer(arrived, "487 Request Terminated");
    trunk.expect("ACK ");
    alice.sendAsIs(ackTo(invite, expectOwn(alice.expect("487"), invite)));
  }),
);

Deno.test(
  "The gateway is moved while a call is up: the call stays where it is, but the password goes to the new place only",
  ladder(WORLD, (net) => {
    const { alice, trunk, invite, arrived, ok } = establish(net);
    net.replace({ ...WORLD, resources: [DOMAIN, gatewayAt(SECOND), DID] });
    const info = alice.send(fromCaller("INFO", { invite, ok, cseq: cseqOf(invite) + 1 }));
    trunk.answer(trunk.expect("INFO "), "407 Proxy Authentication Required", {
      lines: `Proxy-Authenticate: ${challenge("n2")}`,
    });
    expectOwn(alice.expect("502"), info);
    const bye = alice.send(fromCaller("BYE", { invite, ok, cseq: cseqOf(invite) + 2 }));
    const byeAtTrunk = trunk.expect("BYE ");
    assert.equal(cseqOf(byeAtTrunk), cseqOf(arrived) + 2);
    trunk.answer(byeAtTrunk, "200 OK");
    expectOwn(alice.expect("200"), bye);
    alice.sendAuthenticated("MESSAGE sip:+4420@sip.local SIP/2.0");
    trunkOf(net, SECOND).expect(`MESSAGE sip:+4420@${SECOND} SIP/2.0`);
  }),
);

Deno.test(
  "A gateway by TLS is reached by TLS; sips: numbers leave by no other gateway (RFC 5630 §5.3)",
  ladder(WORLD, (net) => {
    const alice = net.phone("alice", { protocol: "tls", port: 40_000 });
    alice.sendAuthenticated("MESSAGE sips:4420@sip.local SIP/2.0");
    alice.expect("480");
    net.replace({
      ...WORLD,
      resources: [DOMAIN, gatewayAt(TRUNK, { transport: "tls", credentials: undefined }), DID],
    });
    const trunk = net.phone("trunk", { address: TRUNK, protocol: "tls", port: 5061 });
    for (const scheme of ["sip", "sips"]) {
      alice.sendAuthenticated(`MESSAGE ${scheme}:4420@sip.local SIP/2.0`);
      const message = trunk.expect(`MESSAGE ${scheme}:4420@${TRUNK} SIP/2.0`);
      assert.match(header(message, "Via"), /^SIP\/2\.0\/TLS 192\.0\.2\.1:5061;/);
    }
  }),
);
