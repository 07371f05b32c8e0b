/** Limits of calls by gateways: exact however many calls come at once, and no place is lost whatever ends a call. */
import assert from "node:assert/strict";
import type { Phone } from "../support/phone.ts";
import { agent, peer } from "../support/resources.ts";
import { ladder, type LadderOptions, type Network } from "../support/scenario.ts";
import {
  ackTo,
  cancelOf,
  fromCallee,
  fromCaller,
  hasHeader,
  header,
  startLine,
} from "../support/sip_text.ts";
import { DID, DOMAIN, gatewayAt, NUMBER, TRUNK, trunkOf, WORLD } from "../support/trunk.ts";

const ABROAD = "sip:442079460018@sip.local";
/** New calls are limited in tests of their own. */
const AT_ONCE = { callsOutBurstPerAgent: 0, maxCallsOutPerMinutePerAgent: 0, newCallsPerSecondPerGateway: 0 };
const BUSY: LadderOptions = { ...WORLD, spec: { limits: { ...AT_ONCE, maxCallsInSetupPerAgent: 0 } } };

interface Up {
  readonly invite: string;
  readonly ok: string;
  readonly arrived: string;
  readonly accepted: string;
}

/** A call out that is answered. */
function callOut(caller: Phone, trunk: Phone): Up {
  const invite = caller.invite(ABROAD);
  const arrived = trunk.expect("INVITE");
  const accepted = trunk.accept(arrived);
  return { invite, arrived, accepted, ok: caller.expect("200") };
}

/** A call out that is refused at once; returns the refusal. */
function refused(caller: Phone, status: string): string {
  const invite = caller.sendAuthenticated(`INVITE ${ABROAD} SIP/2.0`);
  const refusal = caller.expect(status);
  caller.sendAsIs(ackTo(invite, refusal));
  return refusal;
}

function ofSameCall(invites: readonly string[], answer: string): string {
  return invites.find((invite) => header(invite, "Call-ID") === header(answer, "Call-ID"))!;
}

function callIn(net: Network, trunk: Phone): string {
  const lines = `From: <sip:+441@${TRUNK}>;tag=${net.nextNumber()}\nContact: <${trunk.uri}>`;
  return trunk.send(`INVITE sip:${NUMBER}@192.0.2.1 SIP/2.0\n${lines}`);
}

function metric(net: Network, name: string): number {
  return net.server.metrics.snapshot()[name];
}

Deno.test(
  "An agent has four calls out at a time: the fifth is busy, with a reason, an event and a number; others call",
  ladder(WORLD, (net) => {
    const [alice, bob] = [net.phone("alice"), net.phone("bob")];
    const trunk = trunkOf(net);
    const events = net.listen("call.limited");
    const calls = Array.from({ length: 4 }, () => callOut(alice, trunk));
    const refusal = refused(alice, "486");
    assert.equal(startLine(refusal), "SIP/2.0 486 Too Many Calls Out");
    assert.equal(header(refusal, "Reason"), 'Q.850;cause=17;text="Too Many Calls Out"');
    assert.ok(!hasHeader(refusal, "Retry-After"));
    assert.deepEqual(events.map(({ data }) => [data.from, data.limit, data.reason]), [
      ["sip:alice@sip.local", "maxCallsOut", "agent alice@sip.local has 4 calls out at once"],
    ]);
    assert.equal(metric(net, "routr_limited_calls_out_total"), 1);
    trunk.expectNothing();
    callOut(bob, trunk);
    const { invite, ok } = calls[0];
    alice.send(fromCaller("BYE", { invite, ok, cseq: 100 }));
    trunk.answer(trunk.expect("BYE"), "200 OK");
    alice.expect("200");
    net.clock.advance(2000);
    callOut(alice, trunk);
    refused(alice, "486");
    // Calls inside are no calls out.
    bob.register();
    alice.invite("sip:bob@sip.local");
    bob.expect("INVITE");
  }),
);

Deno.test(
  "Of two hundred calls at once an agent gets four, also where the gateway has to be looked up first",
  ladder(
    {
      ...BUSY,
      resources: [DOMAIN, gatewayAt("trunk.example"), DID],
      names: { "trunk.example": [TRUNK] },
    },
    async (net) => {
      // Who is registered sends as much as he likes.
      const alice = net.registered("alice");
      const trunk = trunkOf(net);
      for (let round = 0; round < 3; round++) {
        const first = Array.from({ length: 200 }, () => alice.send(`INVITE ${ABROAD} SIP/2.0`));
        const challenges = first.map(() => alice.expect("407"));
        const invites = first.map((invite, i) => alice.authenticate(invite, challenges[i]));
        await net.settle();
        const answers = alice.takeAll();
        const ack = (answer: string) => alice.sendAsIs(ackTo(ofSameCall(invites, answer), answer));
        const busy = answers.filter((answer) => answer.startsWith("SIP/2.0 486 "));
        assert.equal(busy.length, 196, `round ${round}`);
        const arrived = trunk.takeAll();
        assert.equal(arrived.length, 4, `round ${round}`);
        for (const answer of busy) ack(answer);
        // Nobody is forgotten: all four are free again.
        for (const invite of arrived) {
          trunk.answer(invite, "404 Not Found");
          trunk.expect("ACK");
          ack(alice.expect("404"));
        }
      }
    },
  ),
);

/** What may become of a call out, apart from its BYE. Each leaves its place to the next call. */
const ENDS: Readonly<Record<string, (net: Network, alice: Phone, trunk: Phone) => void | Promise<void>>> = {
  "a CANCEL"(_, alice, trunk) {
    const invite = alice.invite(ABROAD);
    const arrived = trunk.expect("INVITE");
    trunk.answer(arrived, "180 Ringing");
    alice.expect("180");
    alice.sendAsIs(cancelOf(invite));
    alice.expect("200");
    trunk.answer(trunk.expect("CANCEL"), "200 OK");
    trunk.answer(arrived, "487 Request Terminated");
    trunk.expect("ACK");
    alice.sendAsIs(ackTo(invite, alice.expect("487")));
  },
  "a CANCEL before the gateway has said anything"(net, alice, trunk) {
    const invite = alice.invite(ABROAD);
    alice.sendAsIs(cancelOf(invite));
    trunk.expect("INVITE");
    net.clock.advance(40_000);
    alice.takeAll();
    trunk.takeAll();
  },
  "a refusal"(_, alice, trunk) {
    const invite = alice.invite(ABROAD);
    trunk.answer(trunk.expect("INVITE"), "603 Decline");
    trunk.expect("ACK");
    alice.sendAsIs(ackTo(invite, alice.expect("603")));
  },
  "a redirection"(_, alice, trunk) {
    const invite = alice.invite(ABROAD);
    trunk.answer(trunk.expect("INVITE"), "302 Moved Temporarily", { lines: "Contact: <sip:x@203.0.113.9>" });
    trunk.expect("ACK");
    alice.sendAsIs(ackTo(invite, alice.expect("302")));
  },
  "silence"(net, alice, trunk) {
    alice.invite(ABROAD);
    net.clock.advance(40_000);
    trunk.takeAll();
    alice.takeAll();
  },
  "ringing for longer than Timer C"(net, alice, trunk) {
    alice.invite(ABROAD);
    const arrived = trunk.expect("INVITE");
    trunk.answer(arrived, "180 Ringing");
    alice.expect("180");
    net.clock.advance(185_010);
    trunk.answer(trunk.expect("CANCEL"), "200 OK");
    trunk.answer(arrived, "487 Request Terminated");
    trunk.expect("ACK");
    net.clock.advance(40_000);
    alice.takeAll();
  },
  "a fork with two answers, and a BYE for each"(_, alice, trunk) {
    const invite = alice.invite(ABROAD);
    const arrived = trunk.expect("INVITE");
    const oks = ["one", "two"].map((tag) => {
      trunk.answer(arrived, "200 OK", { tag, lines: `Contact: <${trunk.uri}>` });
      return alice.expect("200");
    });
    for (const ok of oks) {
      alice.send(fromCaller("BYE", { invite, ok, cseq: 100 }));
      trunk.answer(trunk.expect("BYE"), "200 OK");
      alice.expect("200");
    }
  },
  "the callee's BYE"(_, alice, trunk) {
    const { arrived, accepted } = callOut(alice, trunk);
    trunk.send(fromCallee("BYE", { invite: arrived, ok: accepted, cseq: 7 }));
    alice.answer(alice.expect("BYE"), "200 OK");
    trunk.expect("200");
  },
  "a BYE without an answer"(net, alice, trunk) {
    const { invite, ok } = callOut(alice, trunk);
    alice.send(fromCaller("BYE", { invite, ok, cseq: 100 }));
    net.clock.advance(40_000);
    trunk.takeAll();
    alice.takeAll();
  },
  async "no way to the gateway"(net, alice, trunk) {
    net.transports.udp.unreachable.add(`${TRUNK}:5060`);
    alice.sendAuthenticated(`INVITE ${ABROAD} SIP/2.0`);
    await net.settle();
    net.transports.udp.unreachable.clear();
    net.clock.advance(40_000);
    alice.takeAll();
    trunk.takeAll();
  },
};

for (const [end, happen] of Object.entries(ENDS)) {
  Deno.test(
    `No place is lost by ${end}`,
    ladder(BUSY, async (net) => {
      const alice = net.phone("alice");
      const trunk = trunkOf(net);
      for (let i = 0; i < 6; i++) await happen(net, alice, trunk);
      for (let i = 0; i < 4; i++) callOut(alice, trunk);
      refused(alice, "486");
    }),
  );
}

Deno.test(
  "An agent begins five calls out at once, and then one every two seconds",
  ladder({ ...WORLD, spec: { limits: { maxCallsOutPerAgent: "unlimited" } } }, (net) => {
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    for (let i = 0; i < 5; i++) callOut(alice, trunk);
    const refusal = refused(alice, "503");
    assert.equal(startLine(refusal), "SIP/2.0 503 Too Many New Calls");
    assert.ok(!hasHeader(refusal, "Retry-After"));
    net.clock.advance(2000);
    callOut(alice, trunk);
    refused(alice, "503");
  }),
);

Deno.test(
  "Channels of a gateway are for calls in and out together",
  ladder(
    { ...WORLD, resources: [DOMAIN, gatewayAt(TRUNK, { limits: { channels: 2 } }), DID] },
    (net) => {
      const [alice, bob] = [net.phone("alice"), net.registered("bob")];
      const trunk = trunkOf(net);
      const events = net.listen("call.limited");
      callOut(alice, trunk);
      const incoming = callIn(net, trunk);
      trunk.expect("100");
      bob.accept(bob.expect("INVITE"));
      const ok = trunk.expect("200");
      const busy = callIn(net, trunk);
      const refusal = trunk.expect("486 All Channels Busy");
      trunk.sendAsIs(ackTo(busy, refusal));
      assert.equal(header(refusal, "Reason"), 'Q.850;cause=17;text="All Channels Busy"');
      assert.equal(startLine(refused(alice, "503")), "SIP/2.0 503 All Channels Busy");
      assert.deepEqual(events.map(({ data }) => [data.limit, data.reason]), [
        ["channels", "gateway GW0001 has 2 calls at once"],
        ["channels", "gateway GW0001 has 2 calls at once"],
      ]);
      trunk.send(fromCaller("BYE", { invite: incoming, ok, cseq: 100 }));
      bob.answer(bob.expect("BYE"), "200 OK");
      trunk.expect("200");
      callOut(alice, trunk);
    },
  ),
);

Deno.test(
  "The limits of an agent hold from the next call on when its resource is edited, for calls that are up as well",
  ladder(BUSY, (net) => {
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    for (let i = 0; i < 4; i++) callOut(alice, trunk);
    refused(alice, "486");
    const edited = (limits: object) =>
      net.replace({
        domains: [],
        agents: [{ username: "bob", domains: ["sip.local"] }],
        resources: [DOMAIN, gatewayAt(TRUNK), DID, agent("alice", { limits })],
      });
    edited({ maxCallsOut: 5 });
    callOut(alice, trunk);
    refused(alice, "486");
    edited({ maxCallsOut: "unlimited" });
    for (let i = 0; i < 5; i++) callOut(alice, trunk);
    edited({ maxCallsOut: 1 });
    refused(alice, "486");
  }),
);

Deno.test(
  "A peer has limits of its own: an exchange gets 503, and looks for another trunk",
  ladder(
    { ...WORLD, resources: [DOMAIN, gatewayAt(TRUNK), DID, peer("ast", { limits: { maxCallsOut: 1 } })] },
    (net) => {
      const ast = net.phone("ast", { address: "192.0.2.40" });
      const trunk = trunkOf(net);
      callOut(ast, trunk);
      assert.equal(startLine(refused(ast, "503")), "SIP/2.0 503 Too Many Calls Out");
    },
  ),
);
