/** Calls as they are shown and told: when they begin, are answered and end, and what does not end them. */
import assert from "node:assert/strict";
import type { ServerEvent } from "../../src/core/server_events.ts";
import { callBob } from "../support/calls.ts";
import type { Phone } from "../support/phone.ts";
import { ladder, type Network } from "../support/scenario.ts";
import { ackTo, cancelOf, fromCallee, fromCaller, header } from "../support/sip_text.ts";
import { challengeOnce, establish, NUMBER, TRUNK, trunkOf, WORLD } from "../support/trunk.ts";

const IN_PATH = { spec: { recordRoute: true } };
const HOUR = 3600_000;

function types(events: readonly ServerEvent[]): string[] {
  return events.map(({ type }) => type);
}

/** Returns the end of a call, from the last of these events. */
function endOf(events: readonly ServerEvent[]): readonly unknown[] {
  const { type, data: { cause, status, durationMillis } } = events.at(-1)!;
  assert.equal(type, "call.ended");
  return [cause, status, durationMillis];
}

function bye(from: Phone, to: Phone, { text, status = "200 OK" }: { text: string; status?: string }): void {
  from.send(text);
  to.answer(to.expect("BYE"), status);
  from.expect(status.slice(0, 3));
}

Deno.test(
  "A call is trying, rings, is answered, and ends with the caller's BYE",
  ladder(IN_PATH, (net) => {
    const events = net.listen("call.");
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local");
    const startedAt = net.clock.wallTime();
    const [trying] = net.server.calls;
    assert.deepEqual(events.map(({ type, time, data }) => ({ type, time, data })), [{
      type: "call.started",
      time: startedAt,
      data: {
        id: trying.id,
        callId: header(invite, "Call-ID"),
        from: "sip:alice@sip.local",
        to: "sip:bob@sip.local",
        account: "alice@sip.local",
        accountKind: "agent",
        accountRef: trying.account?.ref,
        address: "192.0.2.11:5060",
        transport: "udp",
        direction: "internal",
        state: "trying",
        startedAt,
      },
    }]);
    const atBob = bob.expect("INVITE");
    bob.answer(atBob, "180 Ringing");
    alice.expect("180");
    assert.deepEqual(net.server.calls.map(({ state }) => state), ["ringing"]);
    assert.equal(net.server.pendingCalls, 1);
    net.clock.advance(3000);
    bob.accept(atBob);
    const ok = alice.expect("200");
    assert.equal(net.server.pendingCalls, 0);
    assert.equal(net.server.metrics.snapshot()["routr_calls_active"], 1);
    const { data } = events[1];
    assert.deepEqual([data.state, data.startedAt, data.answeredAt], [
      "answered",
      startedAt,
      startedAt + 3000,
    ]);
    alice.send(fromCaller("ACK", { invite, ok }));
    bob.expect("ACK");
    net.clock.advance(60_000);
    bye(alice, bob, { text: fromCaller("BYE", { invite, ok, cseq: 50 }) });
    assert.deepEqual(types(events), ["call.started", "call.answered", "call.ended"]);
    assert.deepEqual(endOf(events), ["caller hung up", 200, 60_000]);
    assert.equal(events[2].data.endedAt, startedAt + 63_000);
    assert.equal(events[2].data.id, trying.id);
    assert.deepEqual(net.server.calls, []);
    const numbers = net.server.metrics.snapshot();
    assert.deepEqual(
      ["active", "total", "answered_total", "failed_total"].map((name) => numbers[`routr_calls_${name}`]),
      [0, 1, 1, 0],
    );
  }),
);

Deno.test(
  "The callee's BYE ends a call; its time is that of the BYE, not that of the answer to it",
  ladder(IN_PATH, (net) => {
    const events = net.listen("call.");
    const { alice, bob, callee } = callBob(net, { rings: true });
    net.clock.advance(1000);
    bob.send(fromCallee("BYE", callee));
    const atAlice = alice.expect("BYE");
    net.clock.advance(300);
    assert.equal(net.server.calls.length, 1);
    alice.answer(atAlice, "200 OK");
    bob.expect("200");
    assert.deepEqual(endOf(events), ["callee hung up", 200, 1000]);
  }),
);

Deno.test(
  "§12.2.1.2: a BYE for a dialog that the other end does not know ends a call",
  ladder(IN_PATH, (net) => {
    const events = net.listen("call.");
    const { alice, bob, caller } = callBob(net, { rings: true });
    bye(alice, bob, { text: fromCaller("BYE", caller), status: "481 Call/Transaction Does Not Exist" });
    assert.deepEqual(endOf(events), ["caller hung up", 200, 0]);
  }),
);

Deno.test(
  "§15.1.1: a BYE that is not answered ends a call",
  ladder(IN_PATH, (net) => {
    const events = net.listen("call.");
    const { alice, bob, caller } = callBob(net, { rings: true });
    alice.send(fromCaller("BYE", caller));
    net.clock.advance(32_100);
    bob.takeAll();
    alice.takeAll();
    assert.deepEqual(endOf(events), ["caller hung up", 200, 0]);
  }),
);

for (const status of ["401 Unauthorized", "500 CSeq Is Out Of Order", "403 Forbidden"]) {
  Deno.test(
    `A BYE that is refused with ${status} ends nothing: the call goes on, and so does its record`,
    ladder(IN_PATH, (net) => {
      const events = net.listen("call.");
      const { alice, bob, caller } = callBob(net, { rings: true });
      bye(alice, bob, { text: fromCaller("BYE", caller), status });
      assert.equal(net.server.calls.length, 1);
      net.clock.advance(5000);
      bye(alice, bob, { text: fromCaller("BYE", { ...caller, cseq: 51 }) });
      assert.deepEqual(endOf(events), ["caller hung up", 200, 5000]);
    }),
  );
}

Deno.test(
  "A BYE that goes nowhere ends nothing: other tags, no breadth, no hops, no Route",
  ladder(IN_PATH, (net) => {
    const events = net.listen("call.");
    const { alice, bob, caller } = callBob(net, { rings: true });
    const mallory = net.phone("mallory");
    const text = fromCaller("BYE", caller);
    alice.send(`${text}\nMax-Breadth: 0`);
    alice.expect("440");
    alice.send(`${text}\nMax-Forwards: 0`);
    alice.expect("483");
    mallory.send(text.replace(/;tag=tag-of-alice/, ";tag=other"));
    mallory.expect("4");
    mallory.send(text.replace(/^Route: .*\n/gm, ""));
    mallory.expect("4");
    // The Route is right, but no such callee has answered.
    alice.send(text.replace(/tag-at-192\.0\.2\.12/, "other"));
    alice.expect("481");
    bob.expectNothing();
    assert.deepEqual(types(events), ["call.started", "call.answered"]);
    assert.equal(net.server.calls.length, 1);
  }),
);

Deno.test(
  "Retransmissions and re-INVITEs begin no calls, and a BYE that comes again ends none",
  ladder(IN_PATH, (net) => {
    const events = net.listen("call.");
    const { alice, bob, caller } = callBob(net, { rings: true });
    // The copy with credentials.
    alice.sendAsIs(caller.invite);
    alice.takeAll();
    alice.send(`${fromCaller("INVITE", caller)}\nContact: <${alice.uri}>`);
    alice.expect("100");
    bob.accept(bob.expect("INVITE"));
    alice.expect("200");
    const sent = alice.send(fromCaller("BYE", { ...caller, cseq: 51 }));
    bob.answer(bob.expect("BYE"), "200 OK");
    alice.expect("200");
    alice.sendAsIs(sent);
    alice.expect("200");
    bob.takeAll();
    assert.deepEqual(types(events), ["call.started", "call.answered", "call.ended"]);
  }),
);

Deno.test(
  "A call that is cancelled ends with 487; a 200 that crosses the CANCEL wins",
  ladder(IN_PATH, (net) => {
    const events = net.listen("call.");
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const [cancelled, crossed] = ["487 Request Terminated", "200 OK"].map((status) => {
      const invite = alice.invite("sip:bob@sip.local");
      const atBob = bob.expect("INVITE");
      bob.answer(atBob, "180 Ringing");
      alice.expect("180");
      alice.sendAsIs(cancelOf(invite));
      alice.expect("200");
      bob.answer(bob.expect("CANCEL"), "200 OK");
      bob.answer(atBob, status, { lines: `Contact: <${bob.uri}>` });
      const answer = alice.expect(status.slice(0, 3));
      if (status.startsWith("487")) {
        bob.expect("ACK");
        alice.sendAsIs(ackTo(invite, answer));
      }
      return endOrAnswer(events);
    });
    assert.deepEqual(cancelled, ["call.ended", "canceled", 487]);
    assert.deepEqual(crossed, ["call.answered", undefined, undefined]);
  }),
);

function endOrAnswer(events: readonly ServerEvent[]): readonly unknown[] {
  const { type, data } = events.at(-1)!;
  return [type, data.cause, data.status];
}

for (const status of ["486 Busy Here", "603 Decline", "480 Temporarily Unavailable"]) {
  Deno.test(
    `A call that gets ${status} was rejected`,
    ladder(IN_PATH, (net) => {
      const events = net.listen("call.");
      const alice = net.phone("alice");
      const bob = net.registered("bob");
      const invite = alice.invite("sip:bob@sip.local");
      bob.answer(bob.expect("INVITE"), status);
      bob.expect("ACK");
      alice.sendAsIs(ackTo(invite, alice.expect(status.slice(0, 3))));
      assert.deepEqual(types(events), ["call.started", "call.ended"]);
      assert.deepEqual(endOf(events), ["rejected", Number(status.slice(0, 3)), 0]);
      assert.equal(net.server.metrics.snapshot()["routr_calls_failed_total"], 1);
    }),
  );
}

Deno.test(
  "What is not forwarded is no call",
  ladder(IN_PATH, (net) => {
    const events = net.listen("call.");
    const alice = net.phone("alice");
    const invite = alice.sendAuthenticated("INVITE sip:bob@sip.local SIP/2.0");
    alice.sendAsIs(ackTo(invite, alice.expect("480")));
    assert.deepEqual(events, []);
  }),
);

Deno.test(
  "Forks are one call, which ends when all answered branches have hung up",
  ladder(IN_PATH, (net) => {
    const events = net.listen("call.");
    const alice = net.phone("alice");
    const devices = ["192.0.2.31", "192.0.2.32"].map((address) => net.registered("bob", { address }));
    const invite = alice.invite("sip:bob@sip.local");
    const invites = devices.map((device) => device.expect("INVITE"));
    const oks = devices.map((device, i) => {
      device.accept(invites[i]);
      return alice.expect("200");
    });
    devices[1].takeAll();
    assert.deepEqual(types(events), ["call.started", "call.answered"]);
    for (const [i, ok] of oks.entries()) {
      assert.equal(net.server.calls.length, 1);
      bye(alice, devices[i], { text: fromCaller("BYE", { invite, ok, cseq: 50 + i }) });
    }
    assert.deepEqual(types(events), ["call.started", "call.answered", "call.ended"]);
  }),
);

Deno.test(
  "A second INVITE with Call-ID and tag of a call is another call: nothing gets past the records",
  ladder(IN_PATH, (net) => {
    const events = net.listen("call.");
    const { alice, caller } = callBob(net, { rings: true });
    const carol = net.registered("carol");
    const again = alice.invite("sip:carol@sip.local", `Call-ID: ${header(caller.invite, "Call-ID")}`);
    carol.accept(carol.expect("INVITE"));
    const ok = alice.expect("200");
    assert.equal(net.server.calls.length, 2);
    bye(alice, carol, { text: fromCaller("BYE", { invite: again, ok, cseq: 60 }) });
    assert.equal(events.at(-1)!.data.to, "sip:carol@sip.local");
    assert.deepEqual(net.server.calls.map(({ to }) => to), ["sip:bob@sip.local"]);
  }),
);

Deno.test(
  "Where the server is not in the path, the end of an answered call is not observed",
  ladder((net) => {
    const events = net.listen("call.");
    callBob(net, { rings: true });
    assert.deepEqual(types(events), ["call.started", "call.answered", "call.ended"]);
    assert.deepEqual(endOf(events), ["not observed", 200, undefined]);
    assert.deepEqual(net.server.calls, []);
  }),
);

Deno.test(
  "A callee that leaves Record-Route out of its answer sends no BYE by here: not observed",
  ladder(IN_PATH, (net) => {
    const events = net.listen("call.");
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.invite("sip:bob@sip.local");
    const ok = bob.textOf(bob.expect("INVITE"), "200 OK", { lines: `Contact: <${bob.uri}>` });
    bob.sendAsIs(ok.replace(/^Record-Route: .*\r\n/gm, ""));
    alice.expect("200");
    assert.deepEqual(endOf(events), ["not observed", 200, undefined]);
  }),
);

Deno.test(
  "A call of which nothing is heard for half a day is lost; every request within it counts",
  ladder(IN_PATH, (net) => {
    const events = net.listen("call.");
    const { alice, bob, callee } = callBob(net, { rings: true });
    net.clock.advance(11 * HOUR);
    bob.send(fromCallee("UPDATE", callee));
    alice.answer(alice.expect("UPDATE"), "200 OK");
    bob.expect("200");
    net.clock.advance(11 * HOUR);
    assert.equal(net.server.calls.length, 1);
    net.clock.advance(HOUR + 60_000);
    assert.deepEqual(net.server.calls, []);
    assert.deepEqual(endOf(events), ["lost", 200, undefined]);
  }),
);

Deno.test("A server that stops does not see the end of calls, but tells of them", async () => {
  let events: ServerEvent[] = [];
  await ladder(IN_PATH, (net) => {
    events = net.listen("call.");
    callBob(net, { rings: true });
  })();
  assert.deepEqual(endOf(events), ["not observed", 200, undefined]);
});

Deno.test(
  "No password of a URI is shown, and no endless text",
  ladder(IN_PATH, (net) => {
    const bob = net.registered("bob");
    const lines = `To: <sip:bob:s3cret@sip.local;x=y?Subject=z>
From: <sip:alice:s3cret@sip.local>;tag=t
Call-ID: ${"x".repeat(900)}`;
    const { alice, callee } = callWith(net, bob, lines);
    const [{ from, to, callId }] = net.server.calls;
    assert.deepEqual([from, to], ["sip:alice@sip.local", "sip:bob@sip.local"]);
    assert.equal(callId, "x".repeat(256));
    // All of it tells dialogs apart nevertheless.
    bye(bob, alice, { text: fromCallee("BYE", callee) });
    assert.deepEqual(net.server.calls, []);
  }),
);

function callWith(net: Network, bob: Phone, lines: string) {
  const alice = net.phone("alice");
  alice.invite("sip:bob@sip.local", lines);
  const invite = bob.expect("INVITE");
  const ok = bob.accept(invite);
  alice.expect("200");
  return { alice, callee: { invite, ok, cseq: 7 } };
}

Deno.test(
  "A call out by a trunk has gateway and number; the challenge of the gateway is no other call",
  ladder(WORLD, (net) => {
    const events = net.listen("call.");
    const { alice, trunk, invite, ok } = establish(net);
    assert.deepEqual(types(events), ["call.started", "call.answered"]);
    const [{ direction, gatewayRef, didRef }] = net.server.calls;
    assert.deepEqual([direction, gatewayRef, didRef], ["outbound", "GW0001", "DID0001"]);
    alice.send(fromCaller("BYE", { invite, ok, cseq: 50 }));
    const first = trunk.expect("BYE");
    trunk.answer(challengeOnce(trunk, first), "200 OK");
    alice.expect("200");
    assert.deepEqual(endOf(events), ["caller hung up", 200, 0]);
  }),
);

Deno.test(
  "A call in by a trunk has gateway and number",
  ladder(WORLD, (net) => {
    const events = net.listen("call.");
    const trunk = trunkOf(net);
    const bob = net.registered("bob");
    trunk.send(`INVITE sip:${NUMBER}@192.0.2.1 SIP/2.0\nContact: <sip:gw@${TRUNK}>`);
    trunk.expect("100");
    const atBob = bob.expect("INVITE");
    assert.deepEqual(
      ["direction", "gatewayRef", "didRef"].map((name) => events[0].data[name]),
      ["inbound", "GW0001", "DID0001"],
    );
    bob.answer(atBob, "486 Busy Here");
    bob.expect("ACK");
    trunk.expect("486");
    assert.deepEqual(endOf(events), ["rejected", 486, 0]);
  }),
);
