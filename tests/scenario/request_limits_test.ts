/** Limits on requests under way, of one sender and of all together: one sender does not keep others from service. */
import assert from "node:assert/strict";
import type { ServerEvent } from "../../src/core/server_events.ts";
import type { Phone } from "../support/phone.ts";
import { ladder, type LadderOptions, type Network } from "../support/scenario.ts";
import { ackTo, fromCaller, hasHeader, header, sip, startLine } from "../support/sip_text.ts";
import { NUMBER, TRUNK, trunkOf, WORLD } from "../support/trunk.ts";

const LARGE = `Content-Type: text/plain\n\n${"x".repeat(60_000)}`;

/** Sends an INVITE whose 503 is expected at once. */
function refusedCall(caller: Phone, target: string, lines = ""): string {
  const invite = caller.sendAuthenticated(
    [`INVITE ${target} SIP/2.0`, sip(lines).trimEnd()].join("\n").trimEnd(),
  );
  const refusal = caller.expect("503");
  caller.sendAsIs(ackTo(invite, refusal));
  return refusal;
}

/** A call that rings at this phone; returns the INVITE as the caller sent it. */
function ring(caller: Phone, target: string, callee: Phone): { invite: string; arrived: string } {
  const invite = caller.invite(target);
  const arrived = callee.expect("INVITE");
  callee.answer(arrived, "180 Ringing");
  caller.expect("180");
  return { invite, arrived };
}

function metric(net: Network, name: string): number {
  return net.server.metrics.snapshot()[name];
}

Deno.test(
  "An agent with ten calls that ring gets no further one; others do, and so does it when one is over",
  ladder((net) => {
    const events: ServerEvent[] = [];
    net.server.events.listen((event) => events.push(event));
    const [alice, carol] = [net.phone("alice"), net.phone("carol")];
    const bob = net.registered("bob");
    const calls = Array.from({ length: 10 }, () => ring(alice, "sip:bob@sip.local", bob));
    const refusal = refusedCall(alice, "sip:bob@sip.local");
    assert.equal(startLine(refusal), "SIP/2.0 503 Too Many Calls");
    // The phone need not leave this server, or wait.
    assert.ok(!hasHeader(refusal, "Retry-After"));
    const limited = events.filter(({ type }) => type === "call.limited");
    assert.equal(limited.length, 1);
    assert.equal(limited[0].data.from, "sip:alice@sip.local");
    assert.equal(limited[0].data.reason, "agent alice@sip.local has 10 calls in set-up");
    assert.equal(metric(net, "routr_limited_requests_total"), 1);

    ring(carol, "sip:bob@sip.local", bob);
    // A message is no call.
    alice.sendAuthenticated("MESSAGE sip:bob@sip.local SIP/2.0");
    bob.answer(bob.expect("MESSAGE"), "200 OK");
    alice.expect("200");

    bob.accept(calls[0].arrived);
    alice.expect("200");
    bob.answer(calls[1].arrived, "486 Busy Here");
    bob.expect("ACK");
    alice.sendAsIs(ackTo(calls[1].invite, alice.expect("486")));
    for (let i = 0; i < 2; i++) ring(alice, "sip:bob@sip.local", bob);
    refusedCall(alice, "sip:bob@sip.local");
  }),
);

Deno.test(
  "spec.limits.maxCallsInSetup is the limit of each gateway and peer; other gateways and agents are served",
  ladder(
    { ...WORLD, spec: { limits: { maxCallsInSetup: 2 } } },
    (net) => {
      const trunk = trunkOf(net);
      const bob = net.registered("bob");
      const call = () => {
        const lines = `From: <sip:+441@${TRUNK}>;tag=${net.nextNumber()}\nContact: <${trunk.uri}>`;
        return trunk.send(`INVITE sip:${NUMBER}@192.0.2.1 SIP/2.0\n${lines}`);
      };
      for (let i = 0; i < 2; i++) {
        call();
        trunk.expect("100");
        bob.answer(bob.expect("INVITE"), "180 Ringing");
        trunk.expect("180");
      }
      call();
      trunk.expect("503 Too Many Calls");
      ring(net.phone("alice"), "sip:bob@sip.local", bob);
    },
  ),
);

Deno.test(
  "An agent whose requests keep too many bytes is refused, whatever they are; others are served",
  ladder(
    { spec: { limits: { maxPendingBytes: 16 * 200_000, maxCallsInSetupPerAgent: 100 } } },
    (net) => {
      const [alice, carol] = [net.phone("alice"), net.phone("carol")];
      const bob = net.registered("bob");
      alice.invite("sip:bob@sip.local", LARGE);
      bob.answer(bob.expect("INVITE"), "180 Ringing");
      alice.expect("180");
      for (let i = 0; i < 2; i++) alice.sendAuthenticated(`MESSAGE sip:bob@sip.local SIP/2.0\n${LARGE}`);
      refusedCall(alice, "sip:bob@sip.local", LARGE);
      alice.sendAuthenticated(`MESSAGE sip:bob@sip.local SIP/2.0\n${LARGE}`);
      assert.equal(header(alice.expect("503"), "Content-Length"), "0");
      for (let i = 0; i < 2; i++) bob.answer(bob.expect("MESSAGE"), "200 OK");
      carol.sendAuthenticated(`MESSAGE sip:bob@sip.local SIP/2.0\n${LARGE}`);
      bob.answer(bob.expect("MESSAGE"), "200 OK");
      carol.expect("200");
      // What is over counts no more.
      for (let i = 0; i < 2; i++) alice.expect("200");
      alice.sendAuthenticated(`MESSAGE sip:bob@sip.local SIP/2.0\n${LARGE}`);
      bob.expect("MESSAGE");
    },
  ),
);

Deno.test(
  "Requests within dialogs are limited by where they come from",
  ladder({ spec: { recordRoute: true, limits: { maxPendingBytes: 4 * 200_000 } } }, (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local");
    bob.accept(bob.expect("INVITE"));
    const ok = alice.expect("200");
    const cseq = parseInt(header(invite, "CSeq"));
    const info = (i: number) => alice.send(`${fromCaller("INFO", { invite, ok, cseq: cseq + i })}\n${LARGE}`);
    for (let i = 1; i <= 3; i++) {
      info(i);
      bob.expect("INFO");
    }
    info(4);
    alice.expect("503 Too Many Calls");
    bob.expectNothing();
  }),
);

/** Agents enough to fill what none of them may fill alone. */
const CROWD: LadderOptions = {
  agents: Array.from({ length: 24 }, (_, i) => ({ username: `user${i}`, domains: ["sip.local"] })),
  spec: { limits: { maxPendingBytes: 16 * 62_000 } },
};

Deno.test(
  "When all together keep too many bytes, further requests are 503 with Retry-After; what is under way goes on",
  ladder(CROWD, (net) => {
    const callee = net.registered("user0");
    let served = 0;
    let sender: Phone;
    let answer: string | undefined;
    do {
      sender = net.phone(`user${++served}`, { address: `192.0.2.${100 + served}` });
      sender.sendAuthenticated(`MESSAGE sip:user0@sip.local SIP/2.0\n${LARGE}`);
      answer = sender.takeAll()[0];
    } while (answer === undefined);
    assert.ok(served > 4 && served < 20, `${served} messages were taken`);
    assert.equal(startLine(answer), "SIP/2.0 503 Service Unavailable");
    assert.equal(header(answer, "Retry-After"), "10");
    for (let i = 1; i < served; i++) callee.answer(callee.expect("MESSAGE"), "200 OK");
    callee.expectNothing();
    for (let i = 1; i < served; i++) {
      net.phone(`user${i}`, { address: `192.0.2.${100 + i}` }).expect("200");
    }
    sender.sendAuthenticated("MESSAGE sip:user0@sip.local SIP/2.0");
    callee.expect("MESSAGE");
  }),
);

Deno.test(
  "A body is kept once, however many devices ring, and nothing is kept when all is over",
  ladder((net) => {
    const alice = net.phone("alice");
    const devices = [31, 32, 33, 34].map((host) => net.registered("bob", { address: `192.0.2.${host}` }));
    const before = metric(net, "routr_pending_bytes");
    const invite = alice.invite("sip:bob@sip.local", LARGE);
    const kept = metric(net, "routr_pending_bytes") - before;
    assert.ok(kept > 60_000 && kept < 70_000, `${kept} bytes for a body of 60000`);
    const invites = devices.map((device) => device.expect("INVITE"));
    // The second answers, the others have not said a word: they are cancelled when they do.
    devices[1].accept(invites[1]);
    alice.expect("200");
    devices[0].answer(invites[0], "180 Ringing");
    devices[0].answer(devices[0].expect("CANCEL"), "200 OK");
    devices[0].answer(invites[0], "487 Request Terminated");
    devices[0].expect("ACK");
    assert.ok(invite);
    net.clock.advance(120_000);
    for (const device of devices) device.takeAll();
    assert.equal(metric(net, "routr_pending_bytes"), 0);
    assert.equal(metric(net, "routr_client_transactions"), 0);
    assert.equal(metric(net, "routr_server_transactions"), 0);
  }),
);
