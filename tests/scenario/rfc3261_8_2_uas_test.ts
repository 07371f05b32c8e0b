/** §8.2 and §11.2: requests that are for the server itself. */
import assert from "node:assert/strict";
import { ladder } from "../support/scenario.ts";
import { hasHeader, header, headers, responseTo, tagOf, withoutHeader } from "../support/sip_text.ts";

const SERVER_URIS = ["sip:sip.local", "sip:192.0.2.1", "sip:192.0.2.1:5060", "sip:192.0.2.1;transport=udp"];

for (const uri of SERVER_URIS) {
  Deno.test(
    `§11.2: OPTIONS ${uri} is answered 200 with Allow, Accept and the like, Supported`,
    ladder((net) => {
      const alice = net.phone("alice");
      alice.send(`OPTIONS ${uri} SIP/2.0`);
      const ok = alice.expect("200 OK");
      for (const method of ["REGISTER", "OPTIONS", "INVITE", "ACK", "CANCEL", "BYE"]) {
        assert.ok(header(ok, "Allow").split(", ").includes(method), `Allow lacks ${method}`);
      }
      assert.equal(header(ok, "Accept"), "application/sdp");
      assert.equal(header(ok, "Accept-Encoding"), "identity");
      assert.equal(header(ok, "Accept-Language"), "en");
      assert.equal(header(ok, "Supported"), "path, outbound");
    }),
  );
}

Deno.test(
  "§8.2.6.2: the answer copies Via, From, Call-ID and CSeq, and puts a tag to To",
  ladder((net) => {
    const alice = net.phone("alice");
    alice.send(`
      OPTIONS sip:sip.local SIP/2.0
      Via: SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bKtop
      Via: SIP/2.0/TCP host.example;branch=z9hG4bKnext , SIP/2.0/UDP 198.51.100.7
      From: "Alice" <sip:alice@example.org>;tag=88sja8x
      To: <sip:sip.local>
      Call-ID: f81d4fae
      CSeq: 42 OPTIONS
    `);
    const ok = alice.expect("200");
    assert.deepEqual(headers(ok, "Via"), [
      "SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bKtop",
      "SIP/2.0/TCP host.example;branch=z9hG4bKnext , SIP/2.0/UDP 198.51.100.7",
    ]);
    assert.equal(header(ok, "From"), '"Alice" <sip:alice@example.org>;tag=88sja8x');
    assert.match(header(ok, "To"), /^<sip:sip\.local>;tag=\S+$/);
    assert.equal(header(ok, "Call-ID"), "f81d4fae");
    assert.equal(header(ok, "CSeq"), "42 OPTIONS");
    assert.equal(header(ok, "Content-Length"), "0");
  }),
);

Deno.test(
  "§8.2.6.2: a tag that came with To stays",
  ladder((net) => {
    const alice = net.phone("alice");
    alice.send(`
      OPTIONS sip:sip.local SIP/2.0
      To: <sip:sip.local>;tag=old
    `);
    assert.equal(header(alice.expect("200"), "To"), "<sip:sip.local>;tag=old");
  }),
);

for (const to of ["<sip:sip.local;tag=of-the-uri>", '"a;tag=b" <sip:sip.local>']) {
  Deno.test(
    `§8.2.6.2: what only looks like a tag is none: To: ${to}`,
    ladder((net) => {
      const alice = net.phone("alice");
      alice.send(`
        OPTIONS sip:sip.local SIP/2.0
        To: ${to}
      `);
      const answered = header(alice.expect("200"), "To");
      assert.equal(answered.slice(0, to.length), to);
      assert.match(answered.slice(to.length), /^;tag=\S+$/);
    }),
  );
}

Deno.test(
  "§8.2.7: the same request gets the same tag again, as nothing is kept of it",
  ladder((net) => {
    const alice = net.phone("alice");
    const options = alice.send("OPTIONS sip:sip.local SIP/2.0");
    const first = tagOf(header(alice.expect("200"), "To"));
    alice.sendAsIs(options);
    assert.equal(tagOf(header(alice.expect("200"), "To")), first);
    alice.send("OPTIONS sip:sip.local SIP/2.0");
    assert.notEqual(tagOf(header(alice.expect("200"), "To")), first);
  }),
);

for (const method of ["INVITE", "BYE", "MESSAGE", "SUBSCRIBE", "PUBLISH", "FOO"]) {
  Deno.test(
    `§8.2.1: ${method} to the server itself is answered 405 with Allow`,
    ladder((net) => {
      const alice = net.phone("alice");
      alice.send(`${method} sip:sip.local SIP/2.0`);
      assert.deepEqual(header(alice.expect("405"), "Allow").split(", "), ["REGISTER", "OPTIONS"]);
    }),
  );
}

Deno.test(
  "§8.2.2.3: an unknown option in Require is answered 420 and named in Unsupported",
  ladder((net) => {
    const alice = net.phone("alice");
    alice.send(`
      OPTIONS sip:sip.local SIP/2.0
      Require: path, 100rel
      Require: nothingSupportsThis
    `);
    assert.equal(header(alice.expect("420"), "Unsupported"), "100rel, nothingSupportsThis");
  }),
);

Deno.test(
  "§8.2.2.3: a known option in Require is fine",
  ladder((net) => {
    const alice = net.phone("alice");
    alice.send(`
      OPTIONS sip:sip.local SIP/2.0
      Require: Path
    `);
    assert.ok(!hasHeader(alice.expect("200"), "Unsupported"));
  }),
);

Deno.test(
  "§8.2.2.3: an unknown option in Require of a REGISTER is answered 420",
  ladder((net) => {
    const alice = net.phone("alice");
    alice.send(`
      REGISTER sip:sip.local SIP/2.0
      Require: gruu
      Contact: <sip:alice@192.0.2.11>
    `);
    assert.equal(header(alice.expect("420"), "Unsupported"), "gruu");
  }),
);

Deno.test(
  "§17.1.1.3: an ACK is never answered, whatever it is for",
  ladder((net) => {
    const alice = net.phone("alice");
    for (const uri of ["sip:sip.local", "sip:bob@sip.local", "sip:x@198.51.100.1", "mailto:x@y"]) {
      alice.send(`ACK ${uri} SIP/2.0`);
    }
    alice.send("ACK sip:sip.local SIP/2.0\nRequire: unknown\nMax-Forwards: 0");
    alice.sendAsIs("ACK sip:sip.local SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bK1\r\n\r\n");
    alice.expectNothing();
  }),
);

Deno.test(
  "§8.1.3: a response that fits no request is dropped",
  ladder((net) => {
    const alice = net.phone("alice");
    const options = alice.send("OPTIONS sip:sip.local SIP/2.0");
    alice.expect("200");
    alice.sendAsIs(responseTo(options, "200 OK"));
    alice.sendAsIs(responseTo(options, "180 Ringing"));
    alice.expectNothing();
  }),
);

Deno.test(
  "§8.2: a request without From is answered 400 with what it has",
  ladder((net) => {
    const alice = net.phone("alice");
    const options = alice.send("OPTIONS sip:sip.local SIP/2.0");
    alice.expect("200");
    alice.sendAsIs(withoutHeader(options, "From"));
    const refusal = alice.expect("400");
    assert.equal(header(refusal, "Call-ID"), header(options, "Call-ID"));
    assert.ok(!hasHeader(refusal, "From"));
  }),
);

Deno.test(
  "§8.2: a request without Via cannot be answered",
  ladder((net) => {
    const alice = net.phone("alice");
    const options = alice.send("OPTIONS sip:sip.local SIP/2.0");
    alice.expect("200");
    alice.sendAsIs(withoutHeader(options, "Via"));
    alice.expectNothing();
  }),
);
