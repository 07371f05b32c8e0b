/** §18.2 and RFC 3581: where responses go, and what is noted in the topmost Via on the way in. */
import assert from "node:assert/strict";
import type { Phone } from "../support/phone.ts";
import { ladder } from "../support/scenario.ts";
import { header, headers, parameter } from "../support/sip_text.ts";

/** Sends OPTIONS with this Via and returns the request; the answer is left to be found. */
function options(phone: Phone, via: string): string {
  return phone.send(`OPTIONS sip:sip.local SIP/2.0\nVia: ${via}`);
}

Deno.test(
  "§18.2.1: a sent-by that is the source gets no received",
  ladder((net) => {
    const alice = net.phone("alice");
    options(alice, "SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bK1");
    assert.equal(header(alice.expect("200"), "Via"), "SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bK1");
  }),
);

for (const sentBy of ["10.0.0.7:5060", "phone.example", "[2001:db8::9]:5060"]) {
  Deno.test(
    `§18.2.1: sent-by ${sentBy} is not the source: received says what is`,
    ladder((net) => {
      const alice = net.phone("alice");
      options(alice, `SIP/2.0/UDP ${sentBy};branch=z9hG4bK1`);
      assert.equal(
        header(alice.expect("200"), "Via"),
        `SIP/2.0/UDP ${sentBy};branch=z9hG4bK1;received=192.0.2.11`,
      );
    }),
  );
}

Deno.test(
  "§18.2.2: without rport the answer goes to the source address, but the port of sent-by",
  ladder((net) => {
    const source = net.phone("alice", { port: 40000 });
    const named = net.phone("alice", { port: 5070 });
    options(source, "SIP/2.0/UDP 10.0.0.7:5070;branch=z9hG4bK1");
    source.expectNothing();
    assert.equal(parameter(header(named.expect("200"), "Via"), "received"), "192.0.2.11");
  }),
);

Deno.test(
  "§18.2.2: a sent-by without port means 5060",
  ladder((net) => {
    const source = net.phone("alice", { port: 40000 });
    const usual = net.phone("alice", { port: 5060 });
    options(source, "SIP/2.0/UDP 192.0.2.11;branch=z9hG4bK1");
    usual.expect("200");
  }),
);

Deno.test(
  "RFC 3581 §4: with rport the answer goes to the source port, and both parameters are filled in",
  ladder((net) => {
    const alice = net.phone("alice", { port: 40000 });
    options(alice, "SIP/2.0/UDP 10.0.0.7:5070;rport;branch=z9hG4bK1");
    const via = header(alice.expect("200"), "Via");
    assert.equal(parameter(via, "rport"), "40000");
    assert.equal(parameter(via, "received"), "192.0.2.11");
    assert.equal(parameter(via, "branch"), "z9hG4bK1");
  }),
);

Deno.test(
  "RFC 3581 §4: received is added with rport even if sent-by is the source",
  ladder((net) => {
    const alice = net.phone("alice");
    options(alice, "SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bK1;rport");
    const via = header(alice.expect("200"), "Via");
    assert.deepEqual([parameter(via, "rport"), parameter(via, "received")], ["5060", "192.0.2.11"]);
  }),
);

Deno.test(
  "§18.2.1: what a sender claims in received and rport is replaced by the truth",
  ladder((net) => {
    const alice = net.phone("alice", { port: 40000 });
    options(alice, "SIP/2.0/UDP 10.0.0.7;received=198.51.100.7;rport=9;branch=z9hG4bK1");
    const via = header(alice.expect("200"), "Via");
    assert.deepEqual([parameter(via, "rport"), parameter(via, "received")], ["40000", "192.0.2.11"]);
    assert.equal(via.match(/received/g)?.length, 1);
  }),
);

Deno.test(
  "RFC 3581 §4: a forwarded request carries the caller's received and rport, and asks for rport itself",
  ladder((net) => {
    const alice = net.phone("alice", { port: 40000 });
    const bob = net.registered("bob");
    alice.invite("sip:bob@sip.local", "Via: SIP/2.0/UDP 10.0.0.7:5070;rport;branch=z9hG4bK1");
    const [ours, theirs] = headers(bob.expect("INVITE"), "Via");
    assert.match(ours, /;rport$/);
    assert.deepEqual([parameter(theirs, "rport"), parameter(theirs, "received")], ["40000", "192.0.2.11"]);
  }),
);

Deno.test(
  "RFC 3581 §4: the answer of the callee finds the caller behind its NAT",
  ladder((net) => {
    const alice = net.phone("alice", { address: "203.0.113.5", port: 40000 });
    const bob = net.registered("bob");
    alice.invite("sip:bob@sip.local", "Via: SIP/2.0/UDP 10.0.0.7:5060;rport;branch=z9hG4bK1");
    bob.answer(bob.expect("INVITE"), "180 Ringing");
    alice.expect("180");
  }),
);

Deno.test(
  "§18.2.2: over TCP the answer goes back on the connection, whatever the Via says",
  ladder((net) => {
    const alice = net.phone("alice", { protocol: "tcp", port: 40001 });
    const bob = net.registered("bob");
    options(alice, "SIP/2.0/TCP 10.0.0.7:5070;branch=z9hG4bK1");
    alice.expect("200");
    alice.invite("sip:bob@sip.local", "Via: SIP/2.0/TCP 10.0.0.7:5070;branch=z9hG4bK2");
    bob.accept(bob.expect("INVITE"));
    alice.expect("200");
  }),
);

Deno.test(
  "§18.2.2: the caller's connection is gone: the answer goes by a new one to received and the port of sent-by",
  ladder((net) => {
    const gone = net.phone("alice", { protocol: "tcp", port: 40001 });
    const listening = net.phone("alice", { protocol: "tcp", port: 5060 });
    const bob = net.registered("bob");
    gone.invite("sip:bob@sip.local", "Via: SIP/2.0/TCP 192.0.2.11:5060;branch=z9hG4bK2");
    const atBob = bob.expect("INVITE");
    gone.hangUpConnection();
    bob.accept(atBob);
    listening.expect("200");
  }),
);

Deno.test(
  "§18.2.1: every Via below the topmost is left as it is",
  ladder((net) => {
    const alice = net.phone("alice");
    const below = "SIP/2.0/UDP 10.9.9.9;rport;received=x;branch=z9hG4bKbelow";
    alice.send(`
      OPTIONS sip:sip.local SIP/2.0
      Via: SIP/2.0/UDP 10.0.0.7;rport;branch=z9hG4bKtop, ${below}
      Via: ${below}
    `);
    const [first, second] = headers(alice.expect("200"), "Via");
    assert.ok(first.endsWith(`, ${below}`) && /^SIP\/2\.0\/UDP 10\.0\.0\.7;rport=5060;/.test(first), first);
    assert.equal(second, below);
  }),
);
