/** The configuration of registrations: maxContacts, registrarIntf, and upper bounds. */
import assert from "node:assert/strict";
import { ladder } from "../support/scenario.ts";
import { header, headers } from "../support/sip_text.ts";

Deno.test(
  "maxContacts: a further device takes the place of the one that registered longest ago",
  ladder({ spec: { maxContacts: 2 } }, (net) => {
    const alice = net.phone("alice");
    for (const [seconds, name] of ["a", "b", "a", "c"].entries()) {
      net.clock.advance(1000 * seconds);
      alice.register(`Contact: <sip:${name}@192.0.2.11>`);
    }
    // b is the oldest: a has refreshed since.
    assert.deepEqual(net.contactsOf("alice").sort(), ["sip:a@192.0.2.11", "sip:c@192.0.2.11"]);
  }),
);

Deno.test(
  "maxContacts: even devices that register in the same instant",
  ladder({ spec: { maxContacts: 1 } }, (net) => {
    const alice = net.phone("alice");
    alice.register("Contact: <sip:a@192.0.2.11>");
    const ok = alice.register("Contact: <sip:b@192.0.2.11>");
    assert.deepEqual(headers(ok, "Contact"), ["<sip:b@192.0.2.11>;expires=3600"]);
  }),
);

Deno.test(
  "maxContacts: what an agent says wins over the configuration",
  ladder({
    spec: { maxContacts: 1 },
    agents: [{ username: "alice", domains: ["sip.local"], maxContacts: 3 }],
  }, (net) => {
    const alice = net.phone("alice");
    for (const name of ["a", "b", "c", "d"]) {
      net.clock.advance(1000);
      alice.register(`Contact: <sip:${name}@192.0.2.11>`);
    }
    assert.equal(net.contactsOf("alice").sort().length, 3);
  }),
);

Deno.test(
  "maxContacts: more contacts in one request than may be bound are refused, and nothing changes",
  ladder({ spec: { maxContacts: 2 } }, (net) => {
    const alice = net.phone("alice");
    alice.register("Contact: <sip:old@192.0.2.11>");
    const answer = alice.tryRegister(`
      Contact: <sip:a@192.0.2.11>, <sip:b@192.0.2.11>, <sip:c@192.0.2.11>
    `);
    assert.match(answer, /^SIP\/2\.0 403 /);
    assert.deepEqual(net.contactsOf("alice").sort(), ["sip:old@192.0.2.11"]);
  }),
);

Deno.test(
  "registrarIntf External: the Contact is bound as it was sent",
  ladder({ spec: { registrarIntf: "External" } }, (net) => {
    const alice = net.phone("alice", { address: "203.0.113.5", port: 31337 });
    const ok = alice.register("Contact: <sip:alice@10.0.0.9:5060;ob>");
    assert.equal(header(ok, "Contact"), "<sip:alice@10.0.0.9:5060;ob>;expires=3600");
  }),
);

Deno.test(
  "registrarIntf Internal: the Contact is bound with the address and port it came from",
  ladder({ spec: { registrarIntf: "Internal" } }, (net) => {
    const bob = net.phone("bob");
    const alice = net.phone("alice", { address: "203.0.113.5", port: 31337 });
    const ok = alice.register("Contact: <sip:alice:pw@10.0.0.9:5060;ob>");
    assert.equal(header(ok, "Contact"), "<sip:alice:pw@203.0.113.5:31337;ob>;expires=3600");
    bob.invite("sip:alice@sip.local");
    alice.expect("INVITE sip:alice:pw@203.0.113.5:31337;ob SIP/2.0");
  }),
);

Deno.test(
  "registrarIntf Internal: the same device refreshes and removes the binding it made",
  ladder({ spec: { registrarIntf: "Internal" } }, (net) => {
    const alice = net.phone("alice", { address: "203.0.113.5", port: 31337 });
    alice.register("Contact: <sip:alice@10.0.0.9:5060>");
    alice.register("Contact: <sip:alice@10.0.0.9:5060>;expires=90");
    assert.equal(net.contactsOf("alice").sort().length, 1);
    alice.register("Contact: <sip:alice@10.0.0.9:5060>;expires=0");
    assert.deepEqual(net.contactsOf("alice").sort(), []);
  }),
);

for (const [name, separator] of [["in one line", ", "], ["a line each", "\nContact: "]]) {
  for (const [count, status] of [[90, 403], [200, 400], [10_000, 0]]) {
    Deno.test(
      `a REGISTER with ${count} contacts ${name} is refused, and others are served`,
      ladder((net) => {
        const alice = net.phone("alice", { protocol: "tcp", port: 40001 });
        const contacts = Array.from({ length: count }, (_, i) => `<sip:a${i}@192.0.2.11>`);
        const text = `Contact: ${contacts.join(separator)}`;
        if (status === 403) assert.match(alice.tryRegister(text), /^SIP\/2\.0 403 /);
        else {
          alice.send(`REGISTER sip:sip.local SIP/2.0\n${text}`);
          // What has neither From nor To within the size of a head cannot be answered.
          if (status > 0) alice.expect(String(status));
        }
        assert.equal(net.server.location.size, 0);
        net.phone("bob").register();
      }),
    );
  }
}

Deno.test(
  "one address-of-record does not grow without bound",
  ladder((net) => {
    const alice = net.phone("alice");
    for (let request = 0; request < 10; request++) {
      const contacts = Array.from({ length: 50 }, (_, i) => `<sip:a${request}-${i}@192.0.2.11>`);
      alice.tryRegister(`Contact: ${contacts.join(", ")}`);
    }
    assert.ok(alice.register("Supported: path").length < 16_384);
    assert.ok(net.contactsOf("alice").sort().length <= 64);
  }),
);
