/** §25.1: values that the server acts on are what the grammar says, not only something like it. */
import assert from "node:assert/strict";
import { ladder } from "../support/scenario.ts";
import { header, startLine } from "../support/sip_text.ts";

const TO = "<sip:bob@sip.local>";
const FROM = "<sip:alice@sip.local>";
const TAGS = [';tag=""', ';tag="x"', ";tag", ";tag=", ";tag=a@b", ";tag=a;tag=b", ";tag=[1]"];

for (const tag of TAGS) {
  Deno.test(
    `§25.1: a tag is a token: a request with ${tag} in To or From is 400 and not forwarded`,
    ladder((net) => {
      const alice = net.phone("alice");
      net.registered("bob");
      for (const method of ["INVITE", "MESSAGE", "BYE", "SUBSCRIBE", "REGISTER"]) {
        alice.send(`${method} sip:bob@sip.local SIP/2.0\nTo: ${TO}${tag}`);
        assert.equal(startLine(alice.expect("400")), "SIP/2.0 400 To is malformed");
        alice.send(`${method} sip:bob@sip.local SIP/2.0\nFrom: ${FROM}${tag}`);
        assert.equal(startLine(alice.expect("400")), "SIP/2.0 400 From is malformed");
      }
    }),
  );
}

Deno.test(
  "§25.1: an empty tag is no way around the dialog of a call: neither with our Route nor without",
  ladder({ spec: { recordRoute: true } }, (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local");
    bob.accept(bob.expect("INVITE"));
    const route = header(alice.expect("200"), "Record-Route");
    alice.send(`
      INVITE ${bob.uri} SIP/2.0
      Route: ${route}
      From: ${header(invite, "From")}
      To: ${TO};tag=""
      Call-ID: ${header(invite, "Call-ID")}
      CSeq: 50 INVITE
    `);
    alice.expect("400");
    bob.expectNothing();
  }),
);

for (
  const [what, lines] of [
    ["reg-id", "Contact: <sip:alice@192.0.2.11>;reg-id=0"],
    ["reg-id", "Contact: <sip:alice@192.0.2.11>;reg-id=one"],
    ["q", "Contact: <sip:alice@192.0.2.11>;q=2"],
    ["a parameter twice", "Contact: <sip:alice@192.0.2.11>;expires=60;expires=7200"],
    ["Path", "Contact: <sip:alice@192.0.2.11>\nPath: nonsense"],
    ["Path", "Contact: <sip:alice@192.0.2.11>\nPath: <sip:192.0.2.50;lr>, <tel:1>"],
    ["Path", "Contact: <sip:alice@192.0.2.11>\nPath: <sip:192.0.2.50;lr"],
  ]
) {
  Deno.test(
    `§25.1: a REGISTER with a malformed ${what} is 400 and binds nothing: ${lines}`,
    ladder((net) => {
      assert.match(net.phone("alice").tryRegister(lines), /^SIP\/2\.0 400 /);
      assert.equal(net.server.location.size, 0);
    }),
  );
}

for (const breadth of ["many", "-1", "", "1 2", "99999999999"]) {
  Deno.test(
    `RFC 5393 §5.3.3: a Max-Breadth that is no number is 400: "${breadth}"`,
    ladder((net) => {
      net.registered("bob");
      const alice = net.phone("alice");
      alice.sendAuthenticated(`MESSAGE sip:bob@sip.local SIP/2.0\nMax-Breadth: ${breadth}`);
      assert.equal(startLine(alice.expect("400")), "SIP/2.0 400 Max-Breadth Is Malformed");
    }),
  );
}

Deno.test(
  "§25.1: a branch is no quoted string, and there when its name is: 400 to where the request came from",
  ladder((net) => {
    const alice = net.phone("alice");
    for (const branch of ['branch="z9hG4bKx"', "branch"]) {
      alice.send(`OPTIONS sip:sip.local SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.11:5060;${branch}`);
      assert.equal(startLine(alice.expect("400")), "SIP/2.0 400 Via is malformed");
    }
  }),
);
