/** Calls that the server ends of its own accord: those that last for too long, and those that an operator ends. */
import assert from "node:assert/strict";
import { callBob } from "../support/calls.ts";
import type { Phone } from "../support/phone.ts";
import { agent, gateway } from "../support/resources.ts";
import { ladder, type LadderOptions, type Network } from "../support/scenario.ts";
import {
  ackTo,
  fromCallee,
  fromCaller,
  hasHeader,
  header,
  headers,
  requestUri,
  startLine,
  uriIn,
} from "../support/sip_text.ts";
import {
  challengeOnce,
  cseqOf,
  DID,
  DOMAIN,
  establish,
  gatewayAt,
  NUMBER,
  TRUNK,
  trunkOf,
  WORLD,
} from "../support/trunk.ts";

const HOUR_MS = 3_600_000;
const IN_PATH = { spec: { recordRoute: true } };
const TOO_LONG = 'SIP;cause=408;text="The longest time of a call is over"';
const BY_OPERATOR = 'SIP;cause=487;text="Ended by an operator"';

/** The BYE of the server to an end of the dialog with this Call-ID, which is answered. */
function byeTo(phone: Phone, dialog: { from: string; to: string; callId: string; uri: string }): string {
  const bye = phone.expect("BYE ");
  assert.equal(requestUri(bye), dialog.uri);
  assert.equal(header(bye, "Call-ID"), dialog.callId);
  assert.equal(tagsIn(bye), `${tagIn(dialog.from)} ${tagIn(dialog.to)}`);
  assert.equal(headers(bye, "Via").length, 1);
  assert.match(header(bye, "Via"), /^SIP\/2\.0\/UDP 192\.0\.2\.1:5060;/);
  assert.equal(header(bye, "Max-Forwards"), "70");
  assert.equal(header(bye, "Content-Length"), "0");
  phone.answer(bye, "200 OK");
  return bye;
}

function tagIn(value: string): string {
  return /;tag=([^;\s]+)/.exec(value)?.[1] ?? "";
}

function tagsIn(message: string): string {
  return `${tagIn(header(message, "From"))} ${tagIn(header(message, "To"))}`;
}

Deno.test(
  "A call out ends after four hours: a BYE to both ends, told in the log, events and the record",
  ladder(WORLD, (net) => {
    const events = net.listen("call.");
    const { alice, trunk, invite, arrived, ok, accepted } = establish(net);
    net.clock.advance(4 * HOUR_MS - 1000);
    net.expectNothing();
    net.clock.advance(1000);
    const atTrunk = byeTo(trunk, {
      from: header(arrived, "From"),
      to: header(accepted, "To"),
      callId: header(arrived, "Call-ID"),
      uri: uriIn(header(accepted, "Contact")),
    });
    // As alice would send it: her number at the provider, and a number above that of the challenged INVITE.
    assert.equal(header(atTrunk, "From"), header(arrived, "From"));
    assert.ok(cseqOf(atTrunk) > cseqOf(arrived));
    assert.equal(header(atTrunk, "Reason"), TOO_LONG);
    const atAlice = byeTo(alice, {
      from: header(ok, "To"),
      to: header(invite, "From"),
      callId: header(invite, "Call-ID"),
      uri: alice.uri,
    });
    assert.equal(header(atAlice, "Reason"), TOO_LONG);
    assert.deepEqual(events.map(({ type }) => type), [
      ...["call.started", "call.answered", "call.limited", "call.ended"],
    ]);
    const { limit, reason, from } = events[2].data;
    assert.deepEqual([limit, reason, from], [
      ...["maxCallSeconds", "It has lasted for 14400 s", "sip:alice@sip.local"],
    ]);
    const { cause, endedBy, durationMillis } = events[3].data;
    assert.deepEqual([cause, endedBy, durationMillis], ["too long", "server", 4 * HOUR_MS]);
    assert.deepEqual(net.server.calls, []);
    assert.equal(net.server.metrics.snapshot().routr_limited_call_seconds_total, 1);
    // What the ends send now is of no dialog.
    alice.send(fromCaller("BYE", { invite, ok, cseq: 100 }));
    alice.expect("481");
  }),
);

Deno.test(
  "A gateway that challenges the BYE gets its credentials",
  ladder(WORLD, (net) => {
    const { alice, trunk } = establish(net);
    net.clock.advance(4 * HOUR_MS);
    const again = challengeOnce(trunk, trunk.expect("BYE "), { nonce: "n2" });
    trunk.answer(again, "200 OK");
    alice.answer(alice.expect("BYE"), "200 OK");
  }),
);

Deno.test(
  "The numbers of a BYE are above those of all requests before, in each direction",
  ladder(WORLD, (net) => {
    const { alice, trunk, invite, arrived, ok, accepted } = establish(net);
    alice.send(fromCaller("INFO", { invite, ok, cseq: 77 }));
    const info = trunk.expect("INFO");
    trunk.answer(info, "200 OK");
    alice.expect("200");
    trunk.send(fromCallee("INFO", { invite: arrived, ok: accepted, cseq: 900 }));
    alice.answer(alice.expect("INFO"), "200 OK");
    trunk.expect("200");
    net.clock.advance(4 * HOUR_MS);
    const atTrunk = trunk.expect("BYE");
    assert.equal(cseqOf(atTrunk), cseqOf(info) + 1);
    trunk.answer(atTrunk, "200 OK");
    const atAlice = alice.expect("BYE");
    assert.equal(cseqOf(atAlice), 901);
    alice.answer(atAlice, "200 OK");
  }),
);

Deno.test(
  "An anonymous caller stays anonymous in the BYE",
  ladder(
    {
      ...WORLD,
      agents: [],
      resources: [DOMAIN, gatewayAt(TRUNK), DID, agent("alice", { privacy: "private" })],
    },
    (net) => {
      const alice = net.phone("alice");
      const trunk = trunkOf(net);
      alice.invite("sip:+4420@sip.local");
      const arrived = trunk.expect("INVITE");
      trunk.accept(arrived);
      alice.expect("200");
      net.clock.advance(4 * HOUR_MS);
      const bye = trunk.expect("BYE");
      assert.equal(header(bye, "From"), header(arrived, "From"));
      assert.doesNotMatch(bye, /alice@/);
      trunk.answer(bye, "200 OK");
      alice.answer(alice.expect("BYE"), "200 OK");
    },
  ),
);

/** A call in by the trunk, which bob answers; proxies of the provider are in its path. */
function callIn(net: Network, lines = "") {
  const [trunk, bob] = [trunkOf(net), net.registered("bob")];
  const from = `From: <sip:+441@${TRUNK}>;tag=in\nContact: <${trunk.uri}>\n${lines}`.trimEnd();
  const invite = trunk.send(`INVITE sip:${NUMBER}@192.0.2.1 SIP/2.0\n${from}`);
  trunk.expect("100");
  const atBob = bob.expect("INVITE");
  const accepted = bob.accept(atBob);
  return { trunk, bob, invite, atBob, accepted, ok: trunk.expect("200") };
}

Deno.test(
  "A call in ends as well, by the route set of the provider, whose gateway has no credentials",
  ladder(
    { ...WORLD, resources: [DOMAIN, gateway("GW0001", TRUNK, { limits: { maxCallSeconds: 60 } }), DID] },
    (net) => {
      const proxies = ["<sip:p2.provider;lr>", "<sip:p1.provider;lr>"];
      const { trunk, bob, invite, ok } = callIn(net, proxies.map((p) => `Record-Route: ${p}`).join("\n"));
      net.clock.advance(60_000);
      const bye = byeTo(trunk, {
        from: header(ok, "To"),
        to: header(invite, "From"),
        callId: header(invite, "Call-ID"),
        uri: trunk.uri,
      });
      assert.deepEqual(headers(bye, "Route"), proxies);
      bob.answer(bob.expect("BYE"), "200 OK");
    },
  ),
);

Deno.test(
  "Calls by gateways stay in the path, with a gateway in the local network and without its password as well",
  ladder(
    { ...WORLD, spec: { recordRoute: "never" }, resources: [DOMAIN, gateway("GW0001", "192.0.2.50"), DID] },
    (net) => {
      const [trunk, bob] = [trunkOf(net, "192.0.2.50"), net.registered("bob")];
      const from = `From: <sip:+441@192.0.2.50>;tag=in\nContact: <${trunk.uri}>`;
      trunk.send(`INVITE sip:${NUMBER}@192.0.2.1 SIP/2.0\n${from}`);
      trunk.expect("100");
      bob.accept(bob.expect("INVITE"));
      assert.ok(hasHeader(trunk.expect("200"), "Record-Route"));
      assert.deepEqual(net.server.calls.map(({ direction, state }) => [direction, state]), [
        ["inbound", "answered"],
      ]);
    },
  ),
);

Deno.test(
  "A phone that has gone without a BYE keeps its place until the longest call is over, and then calls again",
  ladder({ ...WORLD, spec: { limits: { maxCallsOutPerAgent: 1, maxCallSeconds: 600 } } }, (net) => {
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    alice.invite("sip:+4420@sip.local");
    trunk.accept(trunk.expect("INVITE"));
    alice.expect("200");
    net.clock.advance(599_000);
    const invite = alice.sendAuthenticated("INVITE sip:+4420@sip.local SIP/2.0");
    alice.sendAsIs(ackTo(invite, alice.expect("486")));
    net.clock.advance(1000);
    trunk.answer(trunk.expect("BYE"), "200 OK");
    // Nobody answers at the phone.
    net.clock.advance(40_000);
    alice.takeAll();
    alice.invite("sip:+4420@sip.local");
    trunk.expect("INVITE");
  }),
);

Deno.test(
  "A call that was hung up in time is not ended once more, and one without a limit is not ended at all",
  ladder({ ...WORLD, spec: { limits: { maxCallSeconds: "unlimited" } } }, (net) => {
    const { alice, trunk, invite, ok } = establish(net);
    net.clock.advance(11 * HOUR_MS);
    net.expectNothing();
    alice.send(fromCaller("BYE", { invite, ok, cseq: 100 }));
    trunk.answer(trunk.expect("BYE"), "200 OK");
    alice.expect("200");
    net.clock.advance(11 * HOUR_MS);
  }),
);

const KEPT: LadderOptions = { ...WORLD, isKept: true };

Deno.test(
  "After a restart a call counts, is listed, and ends when its time is over",
  ladder({ ...KEPT, spec: { limits: { maxCallsOutPerAgent: 1 } } }, async (net) => {
    const { alice, trunk, invite, arrived, accepted } = establish(net);
    const [before] = net.server.calls;
    net.clock.advance(HOUR_MS);
    await net.restart();
    const events = net.listen("call.");
    const [call] = net.server.calls;
    for (
      const name of [
        "id",
        "from",
        "to",
        "account",
        "direction",
        "gatewayRef",
        "startedAt",
        "answeredAt",
      ] as const
    ) {
      assert.deepEqual(call[name], before[name], name);
    }
    const second = alice.sendAuthenticated("INVITE sip:+4420@sip.local SIP/2.0");
    alice.sendAsIs(ackTo(second, alice.expect("486")));
    net.clock.advance(3 * HOUR_MS - 1000);
    net.expectNothing();
    net.clock.advance(1000);
    const bye = trunk.expect("BYE");
    assert.equal(requestUri(bye), uriIn(header(accepted, "Contact")));
    assert.equal(header(bye, "From"), header(arrived, "From"));
    assert.ok(cseqOf(bye) > cseqOf(arrived));
    trunk.answer(bye, "200 OK");
    const atAlice = alice.expect("BYE");
    assert.equal(tagIn(header(atAlice, "To")), tagIn(header(invite, "From")));
    alice.answer(atAlice, "200 OK");
    const { cause, durationMillis } = events.at(-1)!.data;
    assert.deepEqual([cause, durationMillis], ["too long", 4 * HOUR_MS]);
  }),
);

Deno.test(
  "A BYE after a restart ends a call as ever",
  ladder(KEPT, async (net) => {
    const { alice, trunk, invite, ok } = establish(net);
    await net.restart();
    const events = net.listen("call.");
    alice.send(fromCaller("BYE", { invite, ok, cseq: 100 }));
    trunk.answer(trunk.expect("BYE"), "200 OK");
    alice.expect("200");
    assert.equal(events.at(-1)!.data.cause, "caller hung up");
    assert.deepEqual(net.server.calls, []);
    await net.restart();
    assert.deepEqual(net.server.calls, []);
  }),
);

Deno.test(
  "A call whose time is over while the server is down ends at the start",
  ladder(KEPT, async (net) => {
    const { alice, trunk } = establish(net);
    await net.restart({ downMs: 5 * HOUR_MS });
    net.clock.advance(10);
    trunk.answer(trunk.expect("BYE"), "200 OK");
    alice.answer(alice.expect("BYE"), "200 OK");
    assert.deepEqual(net.server.calls, []);
  }),
);

Deno.test(
  "An operator ends a call inside: both ends hear a BYE, and the record says who has ended it",
  ladder(IN_PATH, (net) => {
    const events = net.listen("call.");
    const { alice, bob, atBob, caller, callee } = callBob(net, { rings: true });
    assert.equal(net.server.endCall("another"), false);
    assert.equal(net.server.endCall(net.server.calls[0].id), true);
    const atAlice = byeTo(alice, {
      from: header(caller.ok, "To"),
      to: header(caller.invite, "From"),
      callId: header(atBob, "Call-ID"),
      uri: alice.uri,
    });
    assert.equal(header(atAlice, "Reason"), BY_OPERATOR);
    byeTo(bob, {
      from: header(atBob, "From"),
      to: header(callee.ok, "To"),
      callId: header(atBob, "Call-ID"),
      uri: bob.uri,
    });
    const { cause, endedBy, reason } = events.at(-1)!.data;
    assert.deepEqual([cause, endedBy, reason], ["operator hung up", "operator", "Ended by an operator"]);
  }),
);

Deno.test(
  "An operator ends a call that rings: its caller hears 480, and its callee a CANCEL",
  ladder((net) => {
    const events = net.listen("call.ended");
    const [alice, bob] = [net.phone("alice"), net.registered("bob")];
    const invite = alice.invite("sip:bob@sip.local");
    const atBob = bob.expect("INVITE");
    bob.answer(atBob, "180 Ringing");
    alice.expect("180");
    assert.equal(net.server.endCall(net.server.calls[0].id), true);
    const refusal = alice.expect("480");
    alice.sendAsIs(ackTo(invite, refusal));
    const cancel = bob.expect("CANCEL");
    assert.equal(header(cancel, "Reason"), BY_OPERATOR);
    bob.answer(cancel, "200 OK");
    bob.answer(atBob, "487 Request Terminated");
    bob.expect("ACK");
    assert.deepEqual(events.map(({ data: { cause, endedBy, status } }) => [cause, endedBy, status]), [
      ["operator hung up", "operator", 480],
    ]);
    assert.equal(startLine(refusal), "SIP/2.0 480 Temporarily Unavailable");
  }),
);
