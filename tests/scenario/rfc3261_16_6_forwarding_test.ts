/** §16.6: what the copy of a request looks like that goes to one target. */
import assert from "node:assert/strict";
import { ladder } from "../support/scenario.ts";
import {
  bodyOf,
  branchOf,
  credentialsLine,
  hasHeader,
  header,
  headers,
  startLine,
  utf8,
  withoutHeader,
} from "../support/sip_text.ts";

Deno.test(
  "§16.6: a whole INVITE as it arrives at the callee",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.sendAuthenticated(`
      INVITE sip:bob@sip.local SIP/2.0
      Via: SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bKalice
      Max-Forwards: 70
      From: "Alice" <sip:alice@sip.local>;tag=1928301774
      To: Bob <sip:bob@sip.local>
      Call-ID: a84b4c76e66710
      CSeq: 314159 INVITE
      Contact: <sip:alice@192.0.2.11:5060>
      Content-Type: text/plain
      Content-Length: 5

      hello
    `);
    alice.expect("100");
    const [start, via, breadth, ...rest] = bob.expect("INVITE").split("\r\n");
    assert.equal(start, "INVITE sip:bob@192.0.2.12:5060 SIP/2.0");
    assert.match(via, /^Via: SIP\/2\.0\/UDP 192\.0\.2\.1:5060;branch=z9hG4bK\S+;rport$/);
    assert.equal(breadth, "Max-Breadth: 60");
    assert.deepEqual(rest, [
      "Via: SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bKalicea",
      "Max-Forwards: 69",
      'From: "Alice" <sip:alice@sip.local>;tag=1928301774',
      "To: Bob <sip:bob@sip.local>",
      "Call-ID: a84b4c76e66710",
      "CSeq: 314160 INVITE",
      "Contact: <sip:alice@192.0.2.11:5060>",
      "Content-Type: text/plain",
      "Content-Length: 5",
      "",
      "hello",
    ]);
  }),
);

Deno.test(
  "§16.6 step 3: a request without Max-Forwards gets one of 70",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const message = alice.send("MESSAGE sip:bob@sip.local SIP/2.0");
    alice.authenticate(withoutHeader(message, "Max-Forwards"), alice.expect("407"));
    assert.deepEqual(headers(bob.expect("MESSAGE"), "Max-Forwards"), ["70"]);
  }),
);

Deno.test(
  "§16.6 step 8: our Via is on top, and every copy has a branch of its own",
  ladder((net) => {
    const alice = net.phone("alice");
    const devices = [net.registered("bob"), net.registered("bob", { address: "192.0.2.22" })];
    alice.invite("sip:bob@sip.local");
    alice.invite("sip:bob@sip.local");
    const invites = devices.flatMap((device) => [device.expect("INVITE"), device.expect("INVITE")]);
    assert.equal(new Set(invites.map(branchOf)).size, 4);
    for (const invite of invites) {
      assert.match(header(invite, "Via"), /^SIP\/2\.0\/UDP 192\.0\.2\.1:5060;branch=z9hG4bK/);
      assert.equal(headers(invite, "Via").length, 2);
    }
  }),
);

Deno.test(
  "§16.6 step 8: the Via names the transport that the copy goes by",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob", { protocol: "tcp", port: 40001 });
    alice.invite("sip:bob@sip.local");
    assert.match(header(bob.expect("INVITE"), "Via"), /^SIP\/2\.0\/TCP 192\.0\.2\.1:5060;/);
  }),
);

Deno.test(
  "§16.6 step 4: with recordRoute the server stays in the path, without it does not",
  async () => {
    const recordRoutes: number[] = [];
    for (const recordRoute of [true, false]) {
      await ladder({ spec: { recordRoute } }, (net) => {
        const alice = net.phone("alice");
        const bob = net.registered("bob");
        alice.invite("sip:bob@sip.local");
        recordRoutes.push(headers(bob.expect("INVITE"), "Record-Route").length);
      })();
    }
    assert.deepEqual(recordRoutes, [1, 0]);
  },
);

Deno.test(
  "§16.6 step 4: Record-Route entries of proxies before us come after ours",
  ladder({ spec: { recordRoute: true } }, (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.invite("sip:bob@sip.local", "Record-Route: <sip:192.0.2.77;lr>");
    const [ours, theirs] = headers(bob.expect("INVITE"), "Record-Route");
    assert.match(ours, /^<sip:[^@]+@192\.0\.2\.1:5060;lr>$/);
    assert.equal(theirs, "<sip:192.0.2.77;lr>");
  }),
);

for (const method of ["MESSAGE", "OPTIONS", "BYE", "INFO", "PUBLISH"]) {
  Deno.test(
    `§16.6 step 4: ${method} begins no dialog and needs no Record-Route`,
    ladder({ spec: { recordRoute: true } }, (net) => {
      const alice = net.phone("alice");
      const bob = net.registered("bob");
      alice.sendAuthenticated(`${method} sip:bob@sip.local SIP/2.0`);
      assert.ok(!hasHeader(bob.expect(method), "Record-Route"));
    }),
  );
}

const REQUEST_URIS = {
  "sip:bob@192.0.2.12:5060;method=INVITE;ob?Subject=hi": "sip:bob@192.0.2.12:5060;ob",
  "sip:bob@192.0.2.12:5060?a=b&c=d": "sip:bob@192.0.2.12:5060",
  "sip:bob@192.0.2.12:5060;Method=BYE": "sip:bob@192.0.2.12:5060",
  "sip:bob@192.0.2.12:5060;methods=all;x=%3Bmethod": "sip:bob@192.0.2.12:5060;methods=all;x=%3Bmethod",
  "sip:b?o;method=b@192.0.2.12:5060": "sip:b?o;method=b@192.0.2.12:5060",
};

for (const [contact, uri] of Object.entries(REQUEST_URIS)) {
  Deno.test(
    `§16.6 step 2: what no Request-URI may have is left out, and no more: Contact ${contact}`,
    ladder((net) => {
      const alice = net.phone("alice");
      const bob = net.phone("bob");
      bob.register(`Contact: <${contact}>`);
      alice.invite("sip:bob@sip.local");
      assert.equal(startLine(bob.expect("INVITE")), `INVITE ${uri} SIP/2.0`);
    }),
  );
}

Deno.test(
  "§22.3: credentials for our realm are taken off, those for others stay",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const theirs = 'Digest username="alice", realm="elsewhere.example", nonce="1", uri="sip:x", response="2"';
    alice.sendAuthenticated(`MESSAGE sip:bob@sip.local SIP/2.0\nProxy-Authorization: ${theirs}`);
    const message = bob.expect("MESSAGE");
    assert.deepEqual(headers(message, "Proxy-Authorization"), [theirs]);
  }),
);

Deno.test(
  "§22.3: all credentials for our realm are taken off, those included that prove nothing",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const message = alice.send("MESSAGE sip:bob@sip.local SIP/2.0");
    const challenge = alice.expect("407");
    const other = credentialsLine(message, challenge, {
      username: alice.username,
      secret: alice.secret,
      algorithm: "SHA-256",
      nc: "00000002",
    });
    alice.authenticate(message.replace("Content-Length", `${other}\r\nContent-Length`), challenge);
    assert.deepEqual(headers(bob.expect("MESSAGE"), "Proxy-Authorization"), []);
  }),
);

Deno.test(
  "§16.6 step 9: a copy has a Content-Length, whether the request had one or not",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const message = alice.send("MESSAGE sip:bob@sip.local SIP/2.0\nContent-Type: text/plain\n\nhello");
    alice.authenticate(withoutHeader(message, "Content-Length"), alice.expect("407"));
    const atBob = bob.expect("MESSAGE");
    assert.deepEqual(headers(atBob, "Content-Length"), ["5"]);
    assert.equal(bodyOf(atBob), "hello");
  }),
);

Deno.test(
  "§18.3: bytes of a datagram behind Content-Length go no further",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.sendAuthenticated("MESSAGE sip:bob@sip.local SIP/2.0\nContent-Length: 5\n\nhello, and more");
    assert.equal(bodyOf(bob.expect("MESSAGE")), "hello");
  }),
);

Deno.test(
  "§25.1: UTF-8 and folded, compact and unusually spaced headers arrive byte by byte as they were sent",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const lines = [
      utf8('f: "Алиса ☎" <sip:alice@sip.local>;tag=1'),
      utf8("Subject:  Grüße,\r\n\t\t weiter unten "),
      "X-Odd \t:  a ,, b;;c  ",
      "k: ",
    ];
    const body = utf8("0€\0\x7f\r\n.\r\n");
    const message = alice.send("MESSAGE sip:bob@sip.local SIP/2.0\nTo: <sip:bob@sip.local>");
    const challenge = alice.expect("407");
    const text = withoutHeader(withoutHeader(message, "From"), "Content-Length")
      .replace("\r\n\r\n", `\r\n${lines.join("\r\n")}\r\nl: ${body.length}\r\n\r\n${body}`);
    alice.authenticate(text, challenge);
    const atBob = bob.expect("MESSAGE");
    assert.ok(atBob.includes(`\r\n${lines.join("\r\n")}\r\nl: ${body.length}\r\n\r\n${body}`), atBob);
    assert.ok(atBob.endsWith(body));
  }),
);

Deno.test(
  "§16.6 step 10: a device that cannot be reached: the caller gets 480 at once",
  ladder(async (net) => {
    const alice = net.phone("alice");
    net.registered("bob");
    net.transports.udp.unreachable.add("192.0.2.12:5060");
    alice.invite("sip:bob@sip.local");
    await net.settle();
    alice.expect("480 Temporarily Unavailable");
  }),
);

Deno.test(
  "§16.6: UTF-8 in a user name: the address-of-record is compared as text",
  ladder({
    agents: [{ username: "jürgen", domains: ["sip.local"] }, { username: "alice", domains: ["sip.local"] }],
  }, (net) => {
    const alice = net.phone("alice");
    const other = net.phone("x", { address: "192.0.2.12" });
    const register = other.send(`
      REGISTER sip:sip.local SIP/2.0
      To: <sip:j%C3%BCrgen@sip.local>
      Contact: <sip:j%C3%BCrgen@192.0.2.12:5060>
    `);
    const [username, secret] = ["jürgen", "negrüj"];
    other.authenticate(register, other.expect("401"), { username, secret });
    other.expect("200");
    alice.invite("sip:j%c3%bcrgen@sip.local");
    other.expect("INVITE sip:j%C3%BCrgen@192.0.2.12:5060 SIP/2.0");
  }),
);
