/** The account and the failure of a call: the same in the event, in the lists of calls and in the record. */
import assert from "node:assert/strict";
import { callRecord } from "../../src/appliance/call_record_file.ts";
import { shownCall } from "../../src/core/calls/call.ts";
import type { ServerEvent } from "../../src/core/server_events.ts";
import { logged } from "../support/log_lines.ts";
import { peer } from "../support/resources.ts";
import { ladder, type Network } from "../support/scenario.ts";
import { ackTo, cancelOf } from "../support/sip_text.ts";
import { NUMBER, TRUNK, trunkOf, WORLD } from "../support/trunk.ts";

type Facts = Readonly<Record<string, unknown>>;

const ANONYMOUS = "From: <sip:anonymous@anonymous.invalid>;tag=hidden";

/** These members of what is known of the last call that ended, which has to be the same wherever it is told. */
function told(net: Network, events: readonly ServerEvent[], names: readonly string[]): unknown[] {
  const event = events.at(-1)!;
  assert.equal(event.type, "call.ended");
  const [listed] = net.server.endedCalls;
  assert.deepEqual(listed, event.data);
  const record: Facts = JSON.parse(callRecord(event));
  assert.deepEqual(names.map((name) => record[name]), names.map((name) => event.data[name]));
  return names.map((name) => event.data[name]);
}

const ACCOUNT = ["accountKind", "account", "address", "transport"];
const END = ["cause", "status", "reason", "endedBy"];

Deno.test(
  "RFC 3323: a call of an anonymous agent names its account and where it came from",
  ladder((net) => {
    const events = net.listen("call.");
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local", ANONYMOUS);
    const atBob = bob.expect("INVITE");
    const shown = shownCall(net.server.calls[0]) as Facts;
    assert.equal(shown.from, "sip:anonymous@anonymous.invalid");
    assert.deepEqual(ACCOUNT.map((name) => shown[name]), [
      ...["agent", "alice@sip.local", "192.0.2.11:5060", "udp"],
    ]);
    assert.deepEqual(events[0].data, shown);
    bob.answer(atBob, "486 Busy Here");
    bob.expect("ACK");
    alice.sendAsIs(ackTo(invite, alice.expect("486")));
    assert.deepEqual(told(net, events, [...ACCOUNT, ...END]), [
      ...["agent", "alice@sip.local", "192.0.2.11:5060", "udp"],
      ...["rejected", 486, "Busy Here", "callee"],
    ]);
  }),
);

Deno.test(
  "A call of a peer that speaks for somebody else names the peer",
  ladder({ resources: [peer("ast", { device: "astserver" })] }, (net) => {
    const ast = net.phone("ast", { address: "192.0.2.40", domain: "astserver" });
    const bob = net.registered("bob");
    ast.invite("sip:bob@sip.local", `From: "Customer" <sip:+4930123@sip.local>;tag=c`);
    bob.takeAll();
    const shown = shownCall(net.server.calls[0]) as Facts;
    assert.deepEqual(ACCOUNT.map((name) => shown[name]), ["peer", "ast", "192.0.2.40:5060", "udp"]);
  }),
);

Deno.test(
  "A call in by a trunk names the gateway, whatever the caller",
  ladder(WORLD, (net) => {
    const bob = net.registered("bob");
    const trunk = trunkOf(net);
    trunk.send(`INVITE sip:${NUMBER}@192.0.2.1 SIP/2.0\nContact: <sip:gw@${TRUNK}>`);
    const shown = shownCall(net.server.calls[0]) as Facts;
    assert.deepEqual([...ACCOUNT, "accountRef"].map((name) => shown[name]), [
      ...["gateway", TRUNK, `${TRUNK}:5060`, "udp", "GW0001"],
    ]);
    for (const phone of [bob, trunk]) phone.takeAll();
  }),
);

Deno.test(
  "A callee's own words are the reason of a call that it rejects",
  ladder((net) => {
    const events = net.listen("call.");
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local");
    bob.answer(bob.expect("INVITE"), "603 Not Before Noon");
    bob.expect("ACK");
    alice.sendAsIs(ackTo(invite, alice.expect("603")));
    assert.deepEqual(told(net, events, END), ["rejected", 603, "Not Before Noon", "callee"]);
  }),
);

Deno.test(
  "A phone that does not answer is told from one that refuses: the server says so",
  ladder((net) => {
    const events = net.listen("call.");
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.invite("sip:bob@sip.local");
    bob.expect("INVITE");
    net.clock.advance(33_000);
    bob.takeAll();
    alice.takeAll();
    assert.deepEqual(told(net, events, END), ["rejected", 408, "No answer", "server"]);
  }),
);

Deno.test(
  "A call that its caller cancels was ended by the caller",
  ladder((net) => {
    const events = net.listen("call.");
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local");
    const atBob = bob.expect("INVITE");
    bob.answer(atBob, "180 Ringing");
    alice.expect("180");
    alice.sendAsIs(cancelOf(invite));
    bob.answer(bob.expect("CANCEL"), "200 OK");
    bob.answer(atBob, "487 Request Terminated");
    for (const phone of [alice, bob]) phone.takeAll();
    assert.deepEqual(told(net, events, END), ["canceled", 487, "Request Terminated", "caller"]);
  }),
);

Deno.test(
  "A failed call has a line in the log: caller, source, callee, reason and the side that gave it",
  ladder(async (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local", ANONYMOUS);
    const atBob = bob.expect("INVITE");
    const lines = await logged("info", () => {
      bob.answer(atBob, "486 Busy Here");
    });
    bob.expect("ACK");
    alice.sendAsIs(ackTo(invite, alice.expect("486")));
    const who = "sip:anonymous@anonymous.invalid (agent alice@sip.local at 192.0.2.11:5060)";
    assert.deepEqual(lines, [
      `info  calls: Call from ${who} to sip:bob@sip.local failed: 486 Busy Here, from the callee`,
    ]);
  }),
);

const DIALLED = "sip:12125550123@sip.local";

Deno.test(
  "A provider's 503 is a 500 to the caller, and the record has what the provider said",
  ladder(WORLD, (net) => {
    const events = net.listen("call.");
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    alice.invite(DIALLED);
    trunk.answer(trunk.expect("INVITE"), "503 No Circuit");
    trunk.expect("ACK");
    alice.expect("500");
    assert.deepEqual(told(net, events, [...END, "gatewayRef"]), [
      ...["rejected", 500, "503 No Circuit", "gateway", "GW0001"],
    ]);
  }),
);

Deno.test(
  "A provider that is silent is told from one that refuses",
  ladder(WORLD, (net) => {
    const events = net.listen("call.");
    const [alice, trunk] = [net.phone("alice"), trunkOf(net)];
    alice.invite(DIALLED);
    net.clock.advance(33_000);
    for (const phone of [alice, trunk]) phone.takeAll();
    assert.deepEqual(told(net, events, END), ["rejected", 503, "No answer", "server"]);
  }),
);

Deno.test(
  "A provider that takes no password is told with its own words",
  ladder(WORLD, (net) => {
    const events = net.listen("call.");
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    alice.invite(DIALLED);
    trunk.answer(trunk.expect("INVITE"), "407 Bad Account");
    trunk.expect("ACK");
    alice.expect("502");
    assert.deepEqual(told(net, events, END), [
      ...["rejected", 502],
      "407 Bad Account, credentials are asked for in an unsupported way",
      "gateway",
    ]);
  }),
);

const UNKNOWN_HOST = "gw.nowhere.invalid";

Deno.test(
  "A provider whose name has no address does not look like one that refuses",
  ladder({
    ...WORLD,
    resources: WORLD.resources!.map((each) =>
      each.kind === "Gateway" ? { ...each, spec: { ...each.spec as object, host: UNKNOWN_HOST } } : each
    ),
  }, async (net) => {
    const events = net.listen("call.");
    const alice = net.phone("alice");
    alice.invite(DIALLED);
    for (let i = 0; i < 100 && events.length < 2; i++) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      net.clock.advance(100);
    }
    alice.expect("503");
    assert.deepEqual(told(net, events, END), [
      ...["rejected", 503, `No address of ${UNKNOWN_HOST} in DNS`, "server"],
    ]);
  }),
);
