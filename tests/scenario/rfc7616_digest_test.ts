/** RFC 7616 and RFC 8760: digest credentials, the nonces they use, and the algorithms on offer. */
import assert from "node:assert/strict";
import type { Phone } from "../support/phone.ts";
import { ladder, type Network } from "../support/scenario.ts";
import {
  credentialsLine,
  type DigestOptions,
  headers,
  parameter,
  startLine,
  withCredentials,
  withLines,
} from "../support/sip_text.ts";

const REGISTER = "REGISTER sip:sip.local SIP/2.0\nContact: <sip:alice@192.0.2.11:5060>";

/** A phone with a REGISTER that was challenged. */
function challenged(net: Network, lines = ""): { alice: Phone; register: string; challenge: string } {
  const alice = net.phone("alice");
  const register = alice.send(`${REGISTER}\n${lines}`.trimEnd());
  return { alice, register, challenge: alice.expect("401") };
}

function algorithmsOf(challenge: string): string[] {
  return headers(challenge, "WWW-Authenticate").map((offer) => parameter(offer, "algorithm"));
}

/** Reports whether a 401 says that the nonce alone was wrong. */
function isStale(challenge: string): boolean {
  return headers(challenge, "WWW-Authenticate").every((offer) => parameter(offer, "stale") === "true");
}

/** Another request with the same challenge; what it is answered. */
function again(phone: Phone, challenge: string, options: Partial<DigestOptions> = {}): string {
  const { username, secret } = phone;
  const request = phone.send(REGISTER);
  phone.expect("401");
  phone.sendAsIs(withCredentials(request, challenge, { username, secret, ...options }));
  return phone.expect("");
}

for (const algorithm of ["MD5", "SHA-256"]) {
  Deno.test(
    `RFC 8760 §2.4: ${algorithm} is offered and accepted`,
    ladder((net) => {
      const { alice, register, challenge } = challenged(net);
      alice.authenticate(register, challenge, { algorithm });
      alice.expect("200");
    }),
  );

  Deno.test(
    `RFC 8760 §2.3: digestAlgorithms: with ${algorithm} alone nothing else is offered or accepted`,
    ladder({ spec: { digestAlgorithms: [algorithm] } }, (net) => {
      const { alice, register, challenge } = challenged(net);
      assert.deepEqual(algorithmsOf(challenge), [algorithm]);
      const other = algorithm === "MD5" ? "SHA-256" : "MD5";
      alice.authenticate(register, challenge.replace(`algorithm=${algorithm}`, `algorithm=${other}`));
      alice.expect("401");
      assert.match(again(alice, challenge), /^SIP\/2\.0 200 /);
    }),
  );
}

Deno.test(
  "RFC 8760 §2.3: the algorithms are offered in the order of digestAlgorithms, MD5 first by default",
  async () => {
    const orders: string[][] = [];
    for (const spec of [{}, { digestAlgorithms: ["SHA-256", "MD5"] }]) {
      await ladder({ spec }, (net) => void orders.push(algorithmsOf(challenged(net).challenge)))();
    }
    assert.deepEqual(orders, [["MD5", "SHA-256"], ["SHA-256", "MD5"]]);
  },
);

Deno.test(
  "RFC 7616 §3.3: credentials that name no algorithm mean MD5",
  ladder((net) => {
    const { alice, register, challenge } = challenged(net);
    const { username, secret } = alice;
    alice.sendAsIs(withCredentials(register, challenge, { username, secret }).replace(", algorithm=MD5", ""));
    alice.expect("200");
  }),
);

Deno.test(
  "RFC 7616 §3.3: an algorithm that was not offered is refused, and no such credentials are near enough",
  ladder((net) => {
    for (const algorithm of ["MD5-sess", "SHA-512-256", "SHA-1", "none"]) {
      const { alice, register, challenge } = challenged(net);
      const { username, secret } = alice;
      const request = withCredentials(register, challenge, { username, secret });
      alice.sendAsIs(request.replace("algorithm=MD5", `algorithm=${algorithm}`));
      assert.ok(!isStale(alice.expect("401")));
    }
  }),
);

Deno.test(
  "RFC 7616 §3.4: the values may be spelled otherwise: quotes, case of names and of hexadecimal digits",
  ladder((net) => {
    const { alice, register, challenge } = challenged(net);
    const { username, secret } = alice;
    const request = withCredentials(register, challenge, { username, secret })
      .replace("Digest username", "DIGEST  Username")
      .replace("algorithm=MD5", 'algorithm="md5"')
      .replace("qop=auth", 'qop="auth"')
      .replace(/response="([^"]*)"/, (_, response) => `response = "${response.toUpperCase()}"`);
    alice.sendAsIs(request);
    alice.expect("200");
  }),
);

Deno.test(
  "RFC 7616 §3.3: a nonce that is too old is answered with stale=true when the password was right",
  ladder((net) => {
    const { alice, register, challenge } = challenged(net);
    net.clock.advance(301_000);
    alice.authenticate(register, challenge);
    const next = alice.expect("401");
    assert.ok(isStale(next));
    assert.match(again(alice, next), /^SIP\/2\.0 200 /);
  }),
);

Deno.test(
  "RFC 7616 §3.3: a nonce of 290 seconds is good",
  ladder((net) => {
    const { alice, register, challenge } = challenged(net);
    net.clock.advance(290_000);
    alice.authenticate(register, challenge);
    alice.expect("200");
  }),
);

for (
  const nonce of ["", "x", "dcd98b7102dd2f0e8b11d0f600bfb0c093", "0-0-0", "-1-2-3", "zzzzzzzzzzzz-1-1", "NaN"]
) {
  Deno.test(
    `RFC 7616 §5.5: with a nonce that is not ours no password is tried, nor told from a wrong one: "${nonce}"`,
    ladder((net) => {
      for (const secret of ["ecila", "wrong"]) {
        const { alice, register, challenge } = challenged(net);
        alice.authenticate(register, challenge, { nonce, secret });
        assert.ok(!isStale(alice.expect("401")));
      }
      assert.equal(net.server.location.size, 0);
      const { routr_authentication_failures_total, routr_strange_nonces_total } = net.server.metrics
        .snapshot();
      assert.deepEqual([routr_authentication_failures_total, routr_strange_nonces_total], [0, 2]);
    }),
  );
}

Deno.test(
  "RFC 7616 §3.3: a nonce that is too old is not called stale when the password is wrong",
  ladder((net) => {
    const { alice, register, challenge } = challenged(net);
    net.clock.advance(301_000);
    alice.authenticate(register, challenge, { secret: "wrong" });
    assert.ok(!isStale(alice.expect("401")));
  }),
);

Deno.test(
  "RFC 7616 §3.4: a nonce is good for many requests as long as nc counts up",
  ladder((net) => {
    const { alice, register, challenge } = challenged(net);
    alice.authenticate(register, challenge);
    alice.expect("200");
    for (const nc of ["00000002", "00000003", "0000000a", "000000FF", "00010000"]) {
      assert.match(again(alice, challenge, { nc }), /^SIP\/2\.0 200 /, nc);
    }
  }),
);

Deno.test(
  "RFC 7616 §3.4: an nc that was used before is refused with stale=true: somebody may be replaying",
  ladder((net) => {
    const { alice, register, challenge } = challenged(net);
    alice.authenticate(register, challenge, { nc: "00000005" });
    alice.expect("200");
    for (const nc of ["00000005", "00000005"]) {
      const refusal = again(alice, challenge, { nc });
      assert.match(refusal, /^SIP\/2\.0 401 /);
      assert.ok(isStale(refusal));
    }
    assert.match(again(alice, challenge, { nc: "00000003" }), /^SIP\/2\.0 200 /, "overtaken on the way");
    assert.match(again(alice, challenge, { nc: "00000003" }), /^SIP\/2\.0 401 /);
  }),
);

Deno.test(
  "RFC 7616 §3.4: a REGISTER replayed from another address binds nothing",
  ladder((net) => {
    const { alice, register, challenge } = challenged(net);
    const sent = alice.authenticate(register, challenge);
    alice.expect("200");
    net.clock.advance(60_000);
    const thief = net.phone("alice", { address: "198.51.100.66" });
    const replayed = sent
      .replace("branch=z9hG4bK", "rport;branch=z9hG4bKx")
      .replace("sip:alice@192.0.2.11:5060>\r\n", "sip:thief@198.51.100.66>\r\n");
    thief.sendAsIs(replayed);
    thief.expect("401");
    assert.equal(net.server.location.lookup("sip:alice@sip.local")[0].contact, "sip:alice@192.0.2.11:5060");
  }),
);

Deno.test(
  "RFC 2069: a client without qop is accepted once for each nonce",
  ladder((net) => {
    const { alice, register, challenge } = challenged(net);
    alice.authenticate(register, challenge, { qop: "" });
    alice.expect("200");
    const refusal = again(alice, challenge, { qop: "" });
    assert.match(refusal, /^SIP\/2\.0 401 /);
    assert.ok(isStale(refusal));
  }),
);

for (
  const [name, change] of [
    ["auth-int, which was not offered", (line: string) => line.replace("qop=auth", "qop=auth-int")],
    ["no cnonce", (line: string) => line.replace(/, cnonce="[^"]*"/, "")],
    ["no nc", (line: string) => line.replace(/, nc=\w+/, "")],
    ["nc 0", (line: string) => line.replace("nc=00000001", "nc=00000000")],
    ["an nc of seven digits", (line: string) => line.replace("nc=00000001", "nc=0000001")],
    ["another realm", (line: string) => line.replace('realm="sip.local"', 'realm="elsewhere"')],
    ["another username", (line: string) => line.replace('username="alice"', 'username="bob"')],
    [
      "another URI than was hashed",
      (line: string) => line.replace('uri="sip:sip.local"', 'uri="sips:sip.local"'),
    ],
    ["an empty response", (line: string) => line.replace(/response="[^"]*"/, 'response=""')],
    ["no response", (line: string) => line.replace(/, response="[^"]*"/, "")],
    ["half a response", (line: string) => line.replace(/response="(.{16})[^"]*"/, 'response="$1"')],
    ["a response with more behind", (line: string) => line.replace(/response="([^"]*)"/, 'response="$1$1"')],
    ["a username twice", (line: string) => line.replace("Digest ", 'Digest username="bob", ')],
    ["another scheme", (line: string) => line.replace("Digest ", "Basic ")],
    ["nothing behind Digest", () => "Authorization: Digest"],
  ] as const
) {
  Deno.test(
    `RFC 7616 §3.4: credentials with ${name} are refused with a plain 401`,
    ladder((net) => {
      const { alice, register, challenge } = challenged(net);
      const { username, secret } = alice;
      const line = credentialsLine(register, challenge, { username, secret });
      assert.notEqual(change(line), line);
      alice.sendAsIs(withLines(register.replace("branch=z9hG4bK", "branch=z9hG4bKx"), [change(line)]));
      assert.ok(!isStale(alice.expect("401")));
      assert.equal(net.server.location.size, 0);
    }),
  );
}

Deno.test(
  "§22.4: the method is part of the proof: credentials for another method are refused",
  ladder((net) => {
    const { alice, register, challenge } = challenged(net);
    const { username, secret } = alice;
    const line = credentialsLine(register.replace("REGISTER", "INVITE"), challenge, { username, secret });
    alice.sendAsIs(withLines(register.replace("branch=z9hG4bK", "branch=z9hG4bKx"), [line]));
    alice.expect("401");
  }),
);

Deno.test(
  "§22.4: of several Authorization lines only one for our realm is tried, that with the newest nonce",
  ladder((net) => {
    const { alice, register, challenge } = challenged(net);
    const { username, secret } = alice;
    const others = [
      'Authorization: Digest username="alice", realm="elsewhere.example", nonce="1", uri="sip:x", response="2"',
      "Authorization: Bearer abc",
    ];
    const guesses = [
      credentialsLine(register, challenge, { username, secret: "wrong", algorithm: "MD5" }),
      credentialsLine(register, challenge, { username, secret, algorithm: "SHA-256" }),
    ];
    const newer = challenged(net).challenge;
    const rows: [lines: string[], status: string][] = [
      [guesses, "401"],
      [[...guesses, credentialsLine(register, newer, { username, secret })], "200"],
    ];
    for (const [i, [lines, status]] of rows.entries()) {
      const request = register.replace("branch=z9hG4bK", `branch=z9hG4bKx${i}`).replace(
        /CSeq: \d+/,
        `CSeq: ${50 + i}`,
      );
      alice.sendAsIs(withLines(request, [...others, ...lines]));
      alice.expect(status);
    }
    assert.equal(net.server.metrics.snapshot().routr_authentication_failures_total, 1);
  }),
);

Deno.test(
  "§22.3: credentials for other realms in front of ours do not hide ours",
  ladder((net) => {
    const { alice, register, challenge } = challenged(net);
    const { username, secret } = alice;
    const others = Array.from(
      { length: 6 },
      (_, i) =>
        `Authorization: Digest username="alice", realm="${i}.example", nonce="1", uri="sip:x", response="2"`,
    );
    const ours = credentialsLine(register, challenge, { username, secret });
    alice.sendAsIs(withLines(register.replace("branch=z9hG4bK", "branch=z9hG4bKx"), [...others, ours]));
    alice.expect("200");
  }),
);

Deno.test(
  "a request with sixty wrong Authorization lines is one guess, not sixty",
  ladder((net) => {
    const { alice, register, challenge } = challenged(net);
    const { username } = alice;
    const wrong = credentialsLine(register, challenge, { username, secret: "wrong", cnonce: "1" });
    alice.sendAsIs(withLines(register.replace("branch=z9hG4bK", "branch=z9hG4bKx"), Array(60).fill(wrong)));
    alice.expect("401");
    assert.equal(net.server.metrics.snapshot().routr_authentication_failures_total, 1);
  }),
);

Deno.test(
  "RFC 7616 §4: a username in UTF-8, with quotes and backslashes escaped, is compared as text",
  ladder({ agents: [{ username: "jürgen_чай", domains: ["sip.local"] }] }, (net) => {
    const phone = net.phone("jürgen_чай");
    const register = phone.send(`
      REGISTER sip:sip.local SIP/2.0
      From: <sip:x@sip.local>;tag=1
      To: <sip:j%C3%BCrgen_%d1%87%d0%b0%d0%b9@sip.local>
      Contact: <sip:x@192.0.2.99>
    `);
    phone.authenticate(register, phone.expect("401"));
    phone.expect("200");
    assert.deepEqual([...net.server.location.entries()].map(([aor]) => aor), ["sip:jürgen_чай@sip.local"]);
  }),
);

Deno.test(
  "design: phones that choke on any algorithm but MD5 are offered MD5 alone",
  ladder((net) => {
    const { challenge } = challenged(net, "User-Agent: baresip v1.0.0 (x86_64/linux)");
    assert.deepEqual(algorithmsOf(challenge), ["MD5"]);
    assert.deepEqual(algorithmsOf(challenged(net, "User-Agent: baresip v3.2.0").challenge), [
      "MD5",
      "SHA-256",
    ]);
  }),
);

/** A REGISTER or MESSAGE with credentials for this URI; what it is answered. */
function answered(net: Network, request: string, uri: string): string | undefined {
  const alice = net.phone("alice");
  const sent = alice.send(request);
  const challenge = alice.expect("40");
  const { username, secret } = alice;
  const named = sent.replace(/^(\w+) \S+/, `$1 ${uri}`);
  const line = credentialsLine(named, challenge, { username, secret });
  alice.sendAsIs(withLines(sent.replace("branch=z9hG4bK", "branch=z9hG4bKx"), [line]));
  const [answer] = alice.takeAll();
  return answer && startLine(answer).slice("SIP/2.0 ".length);
}

for (
  const uri of [
    "sip:attacker@127.6.6.6:5060",
    "sip:bob@elsewhere.example",
    "sip:carol@sip.local",
    "sip:elsewhere.example",
    "tel:+4420",
    "bob",
    "*",
    "",
  ]
) {
  Deno.test(
    `RFC 7616 §3.4.6: credentials for another resource are refused with 400: "${uri}"`,
    ladder((net) => {
      net.registered("bob");
      assert.equal(
        answered(net, "MESSAGE sip:bob@sip.local SIP/2.0", uri),
        "400 Credentials Are For Another URI",
      );
    }),
  );
}

Deno.test(
  "RFC 7616 §3.4.6: a REGISTER with credentials for another registrar is refused with 400, and binds nothing",
  ladder((net) => {
    assert.equal(answered(net, REGISTER, "sip:evil.test"), "400 Credentials Are For Another URI");
    assert.equal(answered(net, REGISTER, "sip:sip.local@evil.test"), "400 Credentials Are For Another URI");
    assert.equal(net.server.location.size, 0);
    const { routr_authentication_failures_total } = net.server.metrics.snapshot();
    assert.equal(routr_authentication_failures_total, 0);
  }),
);

for (
  const uri of [
    "sip:bob@SIP.local",
    "sip:bob@sip.local:5060",
    "sip:bob@sip.local;user=phone",
    "sip:%62ob@sip.local;transport=udp",
    "sips:bob@sip.local",
    "sip:bob@192.0.2.1",
    "sip:sip.local",
  ]
) {
  Deno.test(
    `RFC 7616 §3.4.6: phones spell the resource otherwise, and are believed: "${uri}"`,
    ladder((net) => {
      net.registered("bob");
      assert.equal(answered(net, "MESSAGE sip:bob@sip.local SIP/2.0", uri), undefined);
      net.phone("bob").expect("MESSAGE");
    }),
  );
}

Deno.test(
  "RFC 7616 §3.4.6: a REGISTER may have credentials for the address-of-record in To",
  ladder((net) => {
    assert.equal(answered(net, REGISTER, "sip:alice@sip.local"), "200 OK");
  }),
);

Deno.test(
  "RFC 7616 §5.5: a nonce that was given to one address is stale from another, the port may change",
  ladder((net) => {
    const { alice, register, challenge } = challenged(net);
    const { username, secret } = alice;
    const moved = net.phone("alice", { address: "198.51.100.11" });
    const answerTo = (phone: Phone, branch: string, options: Partial<DigestOptions> = {}) => {
      const request = withCredentials(register, challenge, { username, secret, ...options })
        .replace(/branch=z9hG4bK/, `rport;branch=z9hG4bK${branch}`);
      phone.sendAsIs(request);
      return phone.expect("");
    };
    // Nothing tells whether the password is right: it was not tried.
    const wrong = answerTo(moved, "a", { secret: "wrong" });
    assert.ok(isStale(wrong));
    const stale = answerTo(moved, "b");
    assert.ok(isStale(stale));
    assert.equal(net.server.location.size, 0);
    const behindNat = net.phone("alice", { port: 40_000 });
    assert.match(answerTo(behindNat, "c"), /^SIP\/2\.0 200 /);
    assert.match(again(moved, stale), /^SIP\/2\.0 200 /);
  }),
);
