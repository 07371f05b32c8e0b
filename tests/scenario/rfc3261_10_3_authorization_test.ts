/** §10.3 steps 1 to 5: whether a REGISTER is for us, who sends it, and for which address-of-record. */
import assert from "node:assert/strict";
import { secretOf } from "../support/phone.ts";
import { ladder } from "../support/scenario.ts";
import { hasHeader, header, headers, parameter, withoutHeader } from "../support/sip_text.ts";

Deno.test(
  "§10.3 step 3: the first REGISTER is challenged with 401, the second one binds",
  ladder((net) => {
    const alice = net.phone("alice");
    const register = alice.send(`
      REGISTER sip:sip.local SIP/2.0
      Contact: <sip:alice@192.0.2.11:5060>
      Expires: 600
    `);
    const challenge = alice.expect("401 Unauthorized");
    for (const offer of headers(challenge, "WWW-Authenticate")) {
      assert.equal(parameter(offer, "realm"), "sip.local");
      assert.equal(parameter(offer, "qop"), "auth");
    }
    assert.equal(net.server.location.size, 0);
    alice.authenticate(register, challenge);
    const ok = alice.expect("200 OK");
    assert.deepEqual(headers(ok, "Contact"), ["<sip:alice@192.0.2.11:5060>;expires=600"]);
  }),
);

Deno.test(
  "§10.3 step 3: credentials in the first REGISTER, before any challenge, are refused with 401",
  ladder((net) => {
    const alice = net.phone("alice");
    alice.send(`
      REGISTER sip:sip.local SIP/2.0
      Contact: <sip:alice@192.0.2.11:5060>
      Authorization: Digest username="alice",realm="sip.local",nonce="",uri="sip:sip.local",response="",algorithm=MD5
    `);
    alice.expect("401");
    assert.equal(net.server.location.size, 0);
  }),
);

Deno.test(
  "§10.3 step 3: a wrong password is refused with 401 and a new nonce",
  ladder((net) => {
    const alice = net.phone("alice");
    const register = alice.send("REGISTER sip:sip.local SIP/2.0\nContact: <sip:alice@192.0.2.11>");
    const first = alice.expect("401");
    alice.authenticate(register, first, { secret: "wrong" });
    const second = alice.expect("401");
    const nonceOf = (challenge: string) => parameter(header(challenge, "WWW-Authenticate"), "nonce");
    assert.notEqual(nonceOf(second), nonceOf(first));
    assert.equal(parameter(header(second, "WWW-Authenticate"), "stale"), "");
    assert.equal(net.server.location.size, 0);
  }),
);

Deno.test(
  "§10.3 step 3: an unknown user cannot be told from a wrong password",
  ladder((net) => {
    const answers = ["alice", "mallory"].map((username) => {
      const phone = net.phone(username, { address: "192.0.2.66" });
      const register = phone.send(`
        REGISTER sip:sip.local SIP/2.0
        Via: SIP/2.0/UDP 192.0.2.66:5060;branch=z9hG4bK1
        From: <sip:x@sip.local>;tag=1
        To: <sip:${username}@sip.local>
        Call-ID: same
        CSeq: 1 REGISTER
      `);
      const first = phone.expect("401");
      phone.authenticate(register, first, { username, secret: "wrong" });
      return [first, phone.expect("401")];
    });
    const neutral = (text: string) =>
      text.replaceAll("alice", "mallory").replace(/nonce="[^"]*"/g, "nonce").replace(/;tag=s\w+/g, ";tag");
    assert.deepEqual(answers[0].map(neutral), answers[1].map(neutral));
  }),
);

Deno.test(
  "§10.3 step 4: nobody registers another's address-of-record: 403",
  ladder((net) => {
    const alice = net.phone("alice");
    const register = alice.send(`
      REGISTER sip:sip.local SIP/2.0
      To: <sip:bob@sip.local>
      Contact: <sip:alice@192.0.2.11>
    `);
    alice.authenticate(register, alice.expect("401"));
    alice.expect("403");
    assert.equal(net.server.location.size, 0);
  }),
);

Deno.test(
  "§10.3 step 4: To alone names the address-of-record, whatever From says",
  ladder((net) => {
    const alice = net.phone("alice");
    const register = alice.send(`
      REGISTER sip:sip.local SIP/2.0
      From: <sip:secretary@sip.local>;tag=1
      Contact: <sip:alice@192.0.2.11>
    `);
    alice.authenticate(register, alice.expect("401"));
    alice.expect("200");
    assert.equal(net.server.location.lookup("sip:alice@sip.local").length, 1);
  }),
);

Deno.test(
  "§10.3 step 5: a domain that is not served here is answered 404",
  ladder((net) => {
    const alice = net.phone("alice");
    alice.send(`
      REGISTER sip:192.0.2.1 SIP/2.0
      To: <sip:alice@elsewhere.example>
      Contact: <sip:alice@192.0.2.11>
    `);
    assert.ok(!hasHeader(alice.expect("404"), "WWW-Authenticate"));
  }),
);

Deno.test(
  "§10.3 step 1: a REGISTER whose Request-URI names another domain is not ours to bind",
  ladder((net) => {
    const alice = net.phone("alice");
    alice.send(`
      REGISTER sip:elsewhere.example SIP/2.0
      To: <sip:alice@elsewhere.example>
      Contact: <sip:alice@192.0.2.11>
    `);
    alice.expect("403");
    assert.equal(net.server.location.size, 0);
  }),
);

Deno.test(
  "§10.3 step 5: To is compared without port, parameters and escapes, its host without case",
  ladder((net) => {
    const alice = net.phone("alice");
    for (const to of ["<sip:%61lice@SIP.Local:5060;transport=tcp>", "<sips:alice@sip.local>"]) {
      const register = alice.send(`
        REGISTER sip:sip.local SIP/2.0
        To: ${to}
        Contact: <sip:alice@192.0.2.11>
      `);
      alice.authenticate(register, alice.expect("401"));
      alice.expect("200");
    }
    assert.deepEqual([...net.server.location.entries()].map(([aor]) => aor), ["sip:alice@sip.local"]);
  }),
);

Deno.test(
  "§10.3 step 5: the user part of To is compared with its case",
  ladder((net) => {
    const alice = net.phone("alice");
    const register = alice.send(`
      REGISTER sip:sip.local SIP/2.0
      To: <sip:Alice@sip.local>
      Contact: <sip:alice@192.0.2.11>
    `);
    alice.authenticate(register, alice.expect("401"));
    alice.expect("403");
  }),
);

Deno.test(
  "§10.3: an agent of two domains registers in each, and only in those",
  ladder(
    {
      domains: ["red.example", "blue.example", "green.example"],
      agents: [{ username: "alice", domains: ["red.example", "blue.example"] }],
    },
    (net) => {
      for (const domain of ["red.example", "blue.example"]) net.phone("alice", { domain }).register();
      assert.equal(net.server.location.size, 2);
      const alice = net.phone("alice", { domain: "green.example" });
      const register = alice.send("REGISTER sip:green.example SIP/2.0\nContact: <sip:alice@192.0.2.11>");
      alice.authenticate(register, alice.expect("401"));
      alice.expect("401");
    },
  ),
);

Deno.test(
  "§10.3: un-registering needs the password too",
  ladder((net) => {
    const alice = net.registered("alice");
    alice.send("REGISTER sip:sip.local SIP/2.0\nContact: *\nExpires: 0");
    alice.expect("401");
    alice.send("REGISTER sip:sip.local SIP/2.0\nContact: <sip:alice@192.0.2.11:5060>;expires=0");
    alice.expect("401");
    assert.equal(net.server.location.lookup("sip:alice@sip.local").length, 1);
  }),
);

Deno.test(
  "§10.3: a REGISTER with credentials that comes again is answered alike and binds once",
  ladder((net) => {
    const alice = net.phone("alice");
    const register = alice.send("REGISTER sip:sip.local SIP/2.0\nContact: <sip:alice@192.0.2.11>");
    const again = alice.authenticate(register, alice.expect("401"));
    const ok = alice.expect("200");
    alice.sendAsIs(again);
    assert.equal(alice.expect("200"), ok);
  }),
);

Deno.test(
  "§10.3: To that is no SIP URI is answered 400",
  ladder((net) => {
    const alice = net.phone("alice");
    alice.send("REGISTER sip:sip.local SIP/2.0\nTo: <tel:+15551234>\nContact: <sip:alice@192.0.2.11>");
    alice.expect("400");
  }),
);

Deno.test(
  "§10.3: secrets stay secret: no answer to a REGISTER has the password or the credentials",
  ladder((net) => {
    const alice = net.phone("alice");
    const register = alice.send("REGISTER sip:sip.local SIP/2.0\nContact: <sip:alice@192.0.2.11>");
    alice.authenticate(register, alice.expect("401"));
    const ok = alice.expect("200");
    assert.ok(!ok.includes(secretOf("alice")) && !hasHeader(ok, "Authorization"));
    alice.sendAsIs(withoutHeader(register, "To"));
    alice.expect("400");
  }),
);
