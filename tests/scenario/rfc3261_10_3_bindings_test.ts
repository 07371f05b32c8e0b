/** §10.3 steps 6 to 8: how a REGISTER changes the bindings of its address-of-record. */
import assert from "node:assert/strict";
import { ladder } from "../support/scenario.ts";
import { ackTo, hasHeader, header, headers } from "../support/sip_text.ts";

Deno.test(
  "§10.3 step 6: a REGISTER without Contact asks for the bindings and changes nothing",
  ladder((net) => {
    const alice = net.phone("alice");
    assert.ok(!hasHeader(alice.register("Expires: 0"), "Contact"));
    alice.register("Contact: <sip:desk@192.0.2.11>;expires=600");
    net.clock.advance(100_000);
    const ok = alice.register("Supported: path");
    assert.deepEqual(headers(ok, "Contact"), ["<sip:desk@192.0.2.11>;expires=500"]);
  }),
);

Deno.test(
  "§10.3 step 6: Contact * with Expires 0 removes every binding",
  ladder((net) => {
    const alice = net.phone("alice");
    alice.register("Contact: <sip:a@192.0.2.11>, <sip:b@192.0.2.11>");
    const ok = alice.register("Contact: *\nExpires: 0");
    assert.ok(!hasHeader(ok, "Contact"));
    assert.deepEqual(net.contactsOf("alice"), []);
  }),
);

const WRONG_STARS = {
  "without Expires": "Contact: *",
  "with Expires 60": "Contact: *\nExpires: 60",
  "with a malformed Expires": "Contact: *\nExpires: never",
  "with another Contact": "Contact: *\nContact: <sip:b@192.0.2.11>\nExpires: 0",
  "with another Contact in the same line": "Contact: *, <sip:b@192.0.2.11>\nExpires: 0",
  "twice": "Contact: *\nContact: *\nExpires: 0",
  "with parameters": "Contact: *;expires=0",
};

for (const [name, lines] of Object.entries(WRONG_STARS)) {
  Deno.test(
    `§10.3 step 6: Contact * ${name} is answered 400 and removes nothing`,
    ladder((net) => {
      const alice = net.registered("alice");
      assert.match(alice.tryRegister(lines), /^SIP\/2\.0 400 /);
      assert.equal(net.contactsOf("alice").length, 1);
    }),
  );
}

Deno.test(
  "§10.3 step 7: expires of a Contact wins over the Expires header, and that over the default",
  ladder((net) => {
    const alice = net.phone("alice");
    const ok = alice.register(`
      Contact: <sip:a@192.0.2.11>;expires=300
      Contact: <sip:b@192.0.2.11>
      Expires: 1200
    `);
    assert.deepEqual(headers(ok, "Contact").sort(), [
      "<sip:a@192.0.2.11>;expires=300",
      "<sip:b@192.0.2.11>;expires=1200",
    ]);
    const second = alice.register("Contact: <sip:a@192.0.2.11>\nContact: <sip:b@192.0.2.11>;expires=0");
    assert.deepEqual(headers(second, "Contact"), ["<sip:a@192.0.2.11>;expires=3600"]);
  }),
);

Deno.test(
  "§10.2.1.1: a malformed lifetime counts as none given",
  ladder((net) => {
    const alice = net.phone("alice");
    const ok = alice.register("Contact: <sip:a@192.0.2.11>;expires=soon\nExpires: 900");
    assert.deepEqual(headers(ok, "Contact"), ["<sip:a@192.0.2.11>;expires=900"]);
    const second = alice.register("Contact: <sip:a@192.0.2.11>\nExpires: later");
    assert.deepEqual(headers(second, "Contact"), ["<sip:a@192.0.2.11>;expires=3600"]);
  }),
);

Deno.test(
  "§10.3 step 7: a lifetime below the minimum is answered 423 with Min-Expires",
  ladder({ spec: { registrar: { minExpires: 120 } } }, (net) => {
    const alice = net.phone("alice");
    for (
      const lines of ["Contact: <sip:a@192.0.2.11>;expires=119", "Contact: <sip:a@192.0.2.11>\nExpires: 1"]
    ) {
      const refusal = alice.tryRegister(lines);
      assert.match(refusal, /^SIP\/2\.0 423 /);
      assert.equal(header(refusal, "Min-Expires"), "120");
    }
    alice.register("Contact: <sip:a@192.0.2.11>;expires=120");
    alice.register("Contact: <sip:a@192.0.2.11>;expires=0");
  }),
);

Deno.test(
  "§10.3 step 7: a lifetime above the maximum is shortened to it",
  ladder({ spec: { registrar: { maxExpires: 1800, defaultExpires: 1000 } } }, (net) => {
    const alice = net.phone("alice");
    assert.equal(
      header(alice.register("Contact: <sip:a@192.0.2.11>;expires=4294967295"), "Contact"),
      "<sip:a@192.0.2.11>;expires=1800",
    );
    assert.equal(
      header(alice.register("Contact: <sip:a@192.0.2.11>"), "Contact"),
      "<sip:a@192.0.2.11>;expires=1000",
    );
  }),
);

Deno.test(
  "§10.3 step 8: the 200 lists every binding with its q and the seconds left",
  ladder((net) => {
    const desk = net.phone("alice");
    const mobile = net.phone("alice", { address: "192.0.2.21" });
    desk.register("Contact: <sip:desk@192.0.2.11>;q=0.5;expires=600");
    net.clock.advance(60_000);
    const ok = mobile.register("Contact: <sip:mobile@192.0.2.21>;q=0.75;expires=300");
    assert.deepEqual(headers(ok, "Contact").sort(), [
      "<sip:desk@192.0.2.11>;expires=540;q=0.5",
      "<sip:mobile@192.0.2.21>;expires=300;q=0.75",
    ]);
    assert.match(header(ok, "Date"), /^Thu, 01 Jan 2026 00:01:00 GMT$/);
  }),
);

for (const q of ["1.001", "-0.1", "high", "2"]) {
  Deno.test(
    `§20.10: q=${q} is answered 400`,
    ladder((net) => {
      const alice = net.phone("alice");
      assert.match(alice.tryRegister(`Contact: <sip:a@192.0.2.11>;q=${q}`), /^SIP\/2\.0 400 /);
    }),
  );
}

Deno.test(
  "§10.3 step 7: contacts are compared as URIs: another spelling of the same is the same binding",
  ladder((net) => {
    const alice = net.phone("alice");
    alice.register("Contact: <sip:%61lice@PHONE.example;transport=udp>;expires=100");
    alice.register("Contact: <sip:alice@phone.EXAMPLE;Transport=UDP>;expires=200");
    assert.equal(net.contactsOf("alice").length, 1);
    alice.register("Contact: <sip:alice@phone.example:5060;transport=udp>");
    alice.register("Contact: <sip:Alice@phone.example;transport=udp>");
    assert.equal(net.contactsOf("alice").length, 3);
  }),
);

Deno.test(
  "§10.3 step 7: an older CSeq under the same Call-ID leaves the bindings as they were",
  ladder((net) => {
    const alice = net.phone("alice");
    const register = (cseq: number, lines: string) =>
      alice.tryRegister(`Call-ID: one\nCSeq: ${cseq} REGISTER\n${lines}`);
    assert.match(register(10, "Contact: <sip:a@192.0.2.11>;expires=600"), /^SIP\/2\.0 200 /);
    const before = net.server.location.lookup("sip:alice@sip.local");
    for (
      const lines of [
        "Contact: <sip:a@192.0.2.11>;expires=100",
        "Contact: <sip:a@192.0.2.11>;expires=0",
        "Contact: *\nExpires: 0",
        "Contact: <sip:new@192.0.2.11>, <sip:a@192.0.2.11>",
      ]
    ) {
      // Authentication counts the CSeq up by one: 9 is sent as 10, which is not higher than the 11 that bound it.
      assert.doesNotMatch(register(9, lines), /^SIP\/2\.0 200 /, lines);
      assert.deepEqual(net.server.location.lookup("sip:alice@sip.local"), before);
    }
    assert.match(register(20, "Contact: <sip:a@192.0.2.11>;expires=0"), /^SIP\/2\.0 200 /);
    assert.deepEqual(net.contactsOf("alice"), []);
  }),
);

Deno.test(
  "§10.3 step 7: under another Call-ID the device has restarted, and any CSeq will do",
  ladder((net) => {
    const alice = net.phone("alice");
    alice.register("Call-ID: before\nCSeq: 1000 REGISTER\nContact: <sip:a@192.0.2.11>;expires=600");
    const ok = alice.register("Call-ID: after\nCSeq: 1 REGISTER\nContact: <sip:a@192.0.2.11>;expires=90");
    assert.deepEqual(headers(ok, "Contact"), ["<sip:a@192.0.2.11>;expires=90"]);
    alice.register("Call-ID: third\nCSeq: 1 REGISTER\nContact: *\nExpires: 0");
    assert.deepEqual(net.contactsOf("alice"), []);
  }),
);

const BAD_CONTACTS = {
  "a malformed one": "<sip:b@192.0.2.11",
  "one with no SIP URI": "<nonsense>",
  "one that asks for too little": "<sip:b@192.0.2.11>;expires=5",
  "one with a bad q": "<sip:b@192.0.2.11>;q=7",
};

for (const [name, contact] of Object.entries(BAD_CONTACTS)) {
  Deno.test(
    `§10.3 step 7: among three contacts ${name} undoes the whole request`,
    ladder((net) => {
      const alice = net.phone("alice");
      alice.register("Contact: <sip:old@192.0.2.11>");
      const before = net.server.location.lookup("sip:alice@sip.local");
      const answer = alice.tryRegister(`
        Contact: <sip:a@192.0.2.11>
        Contact: ${contact}
        Contact: <sip:old@192.0.2.11>;expires=0
      `);
      assert.match(answer, /^SIP\/2\.0 4\d\d /);
      assert.deepEqual(net.server.location.lookup("sip:alice@sip.local"), before);
    }),
  );
}

Deno.test(
  "§10.3 step 7: one request binds, refreshes and removes",
  ladder((net) => {
    const alice = net.phone("alice");
    alice.register("Contact: <sip:gone@192.0.2.11>, <sip:kept@192.0.2.11>;expires=100");
    alice.register(`
      Contact: <sip:gone@192.0.2.11>;expires=0, <sip:kept@192.0.2.11>;expires=200
      m: <sip:new@192.0.2.11>
    `);
    assert.deepEqual(net.contactsOf("alice").sort(), ["sip:kept@192.0.2.11", "sip:new@192.0.2.11"]);
  }),
);

Deno.test(
  "§10.2.2: a Contact with expires 0 removes that binding and no other; one that is not bound is no fault",
  ladder((net) => {
    const alice = net.phone("alice");
    alice.register("Contact: <sip:a@192.0.2.11>\nContact: <sip:b@192.0.2.11>");
    const ok = alice.register("Contact: <sip:a@192.0.2.11>;expires=0\nContact: <sip:c@192.0.2.11>;expires=0");
    assert.deepEqual(headers(ok, "Contact"), ["<sip:b@192.0.2.11>;expires=3600"]);
  }),
);

Deno.test(
  "§10.3: a binding ends when its time is up, not a second earlier",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.phone("bob");
    bob.register("Contact: <sip:bob@192.0.2.12:5060>;expires=90");
    net.clock.advance(89_990);
    const invite = alice.invite("sip:bob@sip.local");
    bob.answer(bob.expect("INVITE"), "486 Busy Here");
    bob.expect("ACK");
    alice.sendAsIs(ackTo(invite, alice.expect("486")));
    net.clock.advance(20);
    alice.sendAuthenticated("INVITE sip:bob@sip.local SIP/2.0");
    alice.expect("480");
  }),
);
