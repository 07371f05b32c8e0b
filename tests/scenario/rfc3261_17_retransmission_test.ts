/** §17 seen from outside: what comes again, when, and for how long, over UDP and over TCP. */
import assert from "node:assert/strict";
import type { Phone } from "../support/phone.ts";
import { ladder, type Network } from "../support/scenario.ts";
import { ackTo, header } from "../support/sip_text.ts";

/** When `phone` gets messages during the next `seconds`, in milliseconds from now. */
function arrivals(net: Network, phone: Phone, seconds: number): number[] {
  const times: number[] = [];
  for (let now = 0; now <= seconds * 1000; now += 10) {
    for (const _ of phone.takeAll()) times.push(now);
    net.clock.advance(10);
  }
  return times;
}

Deno.test(
  "§17.1.1.2: an INVITE over UDP is sent again after T1, 2·T1, 4·T1 … until Timer B, and then 408",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local");
    assert.deepEqual(arrivals(net, bob, 40), [0, 500, 1500, 3500, 7500, 15_500, 31_500]);
    alice.sendAsIs(ackTo(invite, alice.takeAll()[0]));
  }),
);

Deno.test(
  "§17.1.1.2: an INVITE over TCP is sent once",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob", { protocol: "tcp", port: 40001 });
    alice.invite("sip:bob@sip.local");
    assert.deepEqual(arrivals(net, bob, 40), [0]);
    assert.match(alice.takeAll()[0], /^SIP\/2\.0 408 /);
  }),
);

Deno.test(
  "§17.1.1.2: a provisional response ends the retransmission",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.invite("sip:bob@sip.local");
    bob.answer(bob.expect("INVITE"), "100 Trying");
    assert.deepEqual(arrivals(net, bob, 100), []);
    alice.expectNothing();
  }),
);

Deno.test(
  "§17.1.2.2: a MESSAGE over UDP is sent again after T1, 2·T1, 4·T1, then every T2, until Timer F",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.sendAuthenticated("MESSAGE sip:bob@sip.local SIP/2.0");
    assert.deepEqual(
      arrivals(net, bob, 40),
      [0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500],
    );
    alice.takeAll();
  }),
);

Deno.test(
  "§17.1.2.2: after a provisional response a MESSAGE is sent again every T2 only",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.sendAuthenticated("MESSAGE sip:bob@sip.local SIP/2.0");
    bob.answer(bob.expect("MESSAGE"), "100 Trying");
    assert.deepEqual(arrivals(net, bob, 20), [500, 4500, 8500, 12_500, 16_500]);
    alice.takeAll();
  }),
);

Deno.test(
  "§17.2.1: an INVITE that comes again is answered by the last provisional response, and is forwarded once",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local");
    const atBob = bob.expect("INVITE");
    alice.sendAsIs(invite);
    alice.expect("100");
    bob.answer(atBob, "180 Ringing");
    const ringing = alice.expect("180");
    alice.sendAsIs(invite);
    assert.equal(alice.expect("180"), ringing);
    bob.expectNothing();
  }),
);

Deno.test(
  "§17.2.1: a refusal over UDP is sent again after T1, 2·T1 … every T2, until the ACK comes",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local");
    bob.answer(bob.expect("INVITE"), "486 Busy Here");
    bob.expect("ACK");
    const busy = alice.expect("486");
    assert.deepEqual(arrivals(net, alice, 12), [500, 1500, 3500, 7500, 11_500]);
    alice.sendAsIs(ackTo(invite, busy));
    assert.deepEqual(arrivals(net, alice, 30), []);
  }),
);

Deno.test(
  "§17.2.1: a refusal that nobody acknowledges is given up with Timer H",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.invite("sip:bob@sip.local");
    bob.answer(bob.expect("INVITE"), "486 Busy Here");
    bob.expect("ACK");
    assert.deepEqual(
      arrivals(net, alice, 60),
      [0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500],
    );
  }),
);

Deno.test(
  "§17.2.1: a refusal over TCP is sent once, but again for an INVITE that comes again",
  ladder((net) => {
    const alice = net.phone("alice", { protocol: "tcp", port: 40001 });
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local");
    bob.answer(bob.expect("INVITE"), "486 Busy Here");
    bob.expect("ACK");
    const busy = alice.expect("486");
    alice.sendAsIs(invite);
    assert.equal(alice.expect("486"), busy);
    assert.deepEqual(arrivals(net, alice, 31), []);
  }),
);

Deno.test(
  "§17.2.2: a MESSAGE that comes again gets the same final answer until Timer J, and is forwarded once",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const message = alice.sendAuthenticated("MESSAGE sip:bob@sip.local SIP/2.0");
    const atBob = bob.expect("MESSAGE");
    alice.sendAsIs(message);
    alice.expectNothing();
    bob.answer(atBob, "200 OK");
    const ok = alice.expect("200");
    net.clock.advance(31_900);
    alice.sendAsIs(message);
    assert.equal(alice.expect("200"), ok);
    bob.expectNothing();
  }),
);

Deno.test(
  "§8.2.6.1: the 100 copies the Timestamp, and has no To tag",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.sendAuthenticated("INVITE sip:bob@sip.local SIP/2.0\nTimestamp: 54.3");
    const trying = alice.expect("100");
    assert.equal(header(trying, "Timestamp"), "54.3");
    assert.equal(header(trying, "To"), "<sip:bob@sip.local>");
    bob.expect("INVITE");
  }),
);

Deno.test(
  "§17.1.4: the callee's host does not answer at all (ICMP): the caller gets 480 at once, not after 32 s",
  ladder(async (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    net.transports.udp.unreachable.add("192.0.2.12:5060");
    const invite = alice.invite("sip:bob@sip.local");
    await net.settle();
    alice.sendAsIs(ackTo(invite, alice.expect("480")));
    alice.sendAuthenticated("MESSAGE sip:bob@sip.local SIP/2.0");
    await net.settle();
    alice.expect("480");
    assert.deepEqual(arrivals(net, bob, 40), []);
  }),
);

Deno.test(
  "§17.1.4: a failure to send the INVITE again ends the branch, too",
  ladder(async (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local");
    bob.expect("INVITE");
    net.transports.udp.unreachable.add("192.0.2.12:5060");
    net.clock.advance(500);
    await net.settle();
    alice.sendAsIs(ackTo(invite, alice.expect("480")));
  }),
);

Deno.test(
  "§17: when all is over nothing is kept",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    for (const status of ["200 OK", "486 Busy Here", "302 Moved"]) {
      const invite = alice.invite("sip:bob@sip.local");
      bob.answer(bob.expect("INVITE"), status, { lines: `Contact: <${bob.uri}>` });
      const final = alice.expect(status);
      if (status !== "200 OK") alice.sendAsIs(ackTo(invite, final));
      bob.takeAll();
    }
    alice.sendAuthenticated("MESSAGE sip:bob@sip.local SIP/2.0");
    alice.invite("sip:bob@sip.local");
    net.clock.advance(120_000);
    const { routr_server_transactions, routr_client_transactions } = net.server.metrics.snapshot();
    assert.deepEqual([routr_server_transactions, routr_client_transactions], [0, 0]);
    alice.takeAll();
    bob.takeAll();
  }),
);

Deno.test(
  "§8.2.7: a challenge is the same for the same request, and another for another",
  ladder((net) => {
    const alice = net.phone("alice");
    const invite = alice.send("INVITE sip:bob@sip.local SIP/2.0");
    const challenge = alice.expect("407");
    alice.sendAsIs(invite);
    assert.equal(alice.expect("407"), challenge);
    alice.send("INVITE sip:bob@sip.local SIP/2.0");
    assert.notEqual(
      header(alice.expect("407"), "Proxy-Authenticate"),
      header(challenge, "Proxy-Authenticate"),
    );
  }),
);
