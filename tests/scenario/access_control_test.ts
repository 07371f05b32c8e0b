/** Access control lists, of the whole server and of a domain: who is denied is told once, and then not heard. */
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { type Phone, secretOf } from "../support/phone.ts";
import { ladder, type LadderOptions } from "../support/scenario.ts";
import { startTestServer } from "../support/server.ts";
import { ackTo, complete, header, sip, startLine, tagOf } from "../support/sip_text.ts";

const MINUTE = 60_000;
const OPTIONS = "OPTIONS sip:sip.local SIP/2.0";

/** The second network of the documentation is denied, but for one address. */
const FENCED: LadderOptions = {
  spec: { accessControlList: { deny: ["198.51.100.0/24"], allow: ["0.0.0.0/0", "198.51.100.7"] } },
};
const INTRUDER = { address: "198.51.100.66" };

/** The 403 that a phone gets for a request. */
function refusal(phone: Phone, request: string): string {
  phone.send(request);
  const answer = phone.expect("403");
  assert.equal(startLine(answer), "SIP/2.0 403 Forbidden");
  return answer;
}

/** Sends a request and gets no answer. */
function ignored(phone: Phone, request: string): void {
  phone.send(request);
  phone.expectNothing();
}

for (const protocol of ["udp", "tcp", "tls"] as const) {
  Deno.test(
    `${protocol}: a denied address gets 403 for its first request, and nothing for a flood`,
    ladder(FENCED, (net) => {
      const intruder = net.phone("alice", { ...INTRUDER, protocol });
      const answer = refusal(intruder, OPTIONS);
      assert.notEqual(tagOf(header(answer, "To")), "");
      for (let i = 0; i < 50; i++) ignored(intruder, OPTIONS);
      const { routr_denied_messages_total, routr_server_transactions } = net.server.metrics.snapshot();
      assert.deepEqual([routr_denied_messages_total, routr_server_transactions], [51, 0]);
    }),
  );
}

Deno.test(
  "After a minute a denied address is told again",
  ladder(FENCED, (net) => {
    const intruder = net.phone("alice", INTRUDER);
    refusal(intruder, OPTIONS);
    net.clock.advance(MINUTE - 1);
    ignored(intruder, OPTIONS);
    net.clock.advance(1);
    refusal(intruder, OPTIONS);
    ignored(intruder, OPTIONS);
  }),
);

Deno.test(
  "Each denied address is told for itself, by whichever transport it comes first",
  ladder(FENCED, (net) => {
    refusal(net.phone("alice", { address: "198.51.100.1" }), OPTIONS);
    refusal(net.phone("alice", { address: "198.51.100.2", protocol: "tcp" }), OPTIONS);
    ignored(net.phone("alice", { address: "198.51.100.2" }), OPTIONS);
    ignored(net.phone("bob", { address: "198.51.100.1", port: 40_000 }), OPTIONS);
  }),
);

for (
  const request of [
    "REGISTER sip:sip.local SIP/2.0",
    "INVITE sip:bob@sip.local SIP/2.0",
    "MESSAGE sip:bob@sip.local SIP/2.0",
    "CANCEL sip:bob@sip.local SIP/2.0",
    "BYE sip:bob@192.0.2.12 SIP/2.0",
    "FLY sip:bob@sip.local SIP/2.0",
    "OPTIONS tel:112 SIP/2.0",
  ]
) {
  Deno.test(
    `${request}: a denied address is neither challenged nor served`,
    ladder(FENCED, (net) => {
      net.registered("bob");
      refusal(net.phone("alice", INTRUDER), request);
    }),
  );
}

Deno.test(
  "A denied address that says in Via and From that it is another is denied still, and told where it is",
  ladder(FENCED, (net) => {
    const intruder = net.phone("alice", INTRUDER);
    const answer = refusal(
      intruder,
      [
        "INVITE sip:bob@sip.local SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bK-spoofed;received=192.0.2.11;rport",
        "From: <sip:alice@192.0.2.11>;tag=1",
      ].join("\n"),
    );
    assert.match(header(answer, "Via"), /;received=198\.51\.100\.66\b/);
  }),
);

Deno.test(
  "The ACK for a 403, keep-alives and STUN of a denied address get no answer",
  ladder(FENCED, (net) => {
    const intruder = net.phone("alice", INTRUDER);
    for (const text of ["\r\n\r\n", "\0\0\0\0", "\x00\x01\x00\x00\x21\x12\xa4\x42abcdefghijkl"]) {
      intruder.sendAsIs(text);
      intruder.expectNothing();
    }
    const invite = intruder.send("INVITE sip:bob@sip.local SIP/2.0");
    intruder.sendAsIs(ackTo(invite, intruder.expect("403")));
    intruder.expectNothing();
  }),
);

Deno.test(
  "Garbage of a denied address is told nothing that a request would not be",
  ladder(FENCED, (net) => {
    const intruder = net.phone("alice", INTRUDER);
    refusal(intruder, `${OPTIONS}\nMax-Forwards: many\nContact: <<`);
    intruder.sendAsIs("\xff\xff\xff\xff");
    intruder.sendAsIs("GET / HTTP/1.1\r\n\r\n");
    intruder.expectNothing();
  }),
);

Deno.test(
  "An allowed address within a denied network is served",
  ladder(FENCED, (net) => {
    const alice = net.registered("alice", { address: "198.51.100.7" });
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local");
    const arrived = bob.expect("INVITE");
    bob.accept(arrived);
    assert.equal(header(alice.expect("200"), "Call-ID"), header(invite, "Call-ID"));
  }),
);

Deno.test(
  "An address in no rule is served when there is no allow rule",
  ladder({ spec: { accessControlList: { deny: ["198.51.100.0/24"] } } }, (net) => {
    net.registered("alice");
    net.registered("bob", { address: "[2001:db8::1]" });
  }),
);

Deno.test(
  "When some are allowed by name all others are denied",
  ladder({ spec: { accessControlList: { allow: ["192.0.2.8/29", "2001:db8:1::/48"] } } }, (net) => {
    net.registered("alice");
    net.registered("bob", { address: "[2001:db8:1:2::3]" });
    refusal(net.phone("carol", { address: "192.0.2.16" }), OPTIONS);
    refusal(net.phone("dave", { address: "[2001:db8:2::3]" }), OPTIONS);
  }),
);

Deno.test(
  "A masked network is the network it masks, and the most specific rule decides",
  ladder({
    spec: { accessControlList: { deny: ["0.0.0.0/0", "192.0.2.12"], allow: ["192.0.2.0/255.255.255.0"] } },
  }, (net) => {
    net.registered("alice");
    refusal(net.phone("bob"), OPTIONS);
    refusal(net.phone("carol", { address: "203.0.113.5" }), OPTIONS);
  }),
);

/** A peer that registers from an allowed address and is to be called at a denied one. */
const FENCED_PEER: LadderOptions = {
  ...FENCED,
  resources: [{
    kind: "Peer",
    spec: {
      credentials: { username: "ast", secret: secretOf("ast") },
      device: "astserver",
      contactAddr: `${INTRUDER.address}:5070`,
    },
  }],
};

Deno.test(
  "A denied address may answer what it is asked",
  ladder(FENCED_PEER, (net) => {
    net.registered("ast");
    const alice = net.phone("alice");
    const elsewhere = net.phone("ast", { ...INTRUDER, port: 5070 });
    const invite = alice.invite("sip:ast@astserver");
    const arrived = elsewhere.expect("INVITE");
    elsewhere.answer(arrived, "180 Ringing");
    alice.expect("180");
    elsewhere.accept(arrived);
    assert.equal(header(alice.expect("200"), "Call-ID"), header(invite, "Call-ID"));
    assert.equal(net.server.metrics.snapshot()["routr_denied_messages_total"], 0);
    refusal(elsewhere, OPTIONS);
  }),
);

/** alice is of both domains, bob of the open one, carol of the fenced one: alice's and carol's phones may use it. */
const FENCED_DOMAIN: LadderOptions = {
  domains: ["sip.local"],
  agents: [
    { username: "alice", domains: ["sip.local", "fenced.local"] },
    { username: "bob", domains: ["sip.local", "fenced.local"] },
    { username: "carol", domains: ["fenced.local"] },
  ],
  resources: [{
    kind: "Domain",
    spec: {
      context: {
        domainUri: "fenced.local",
        accessControlList: { allow: ["192.0.2.11", "192.0.2.13"] },
      },
    },
  }],
};

Deno.test(
  "A domain's list applies to registrations in that domain, not in others",
  ladder(FENCED_DOMAIN, (net) => {
    net.registered("alice", { domain: "fenced.local" });
    const bob = net.phone("bob", { domain: "fenced.local" });
    refusal(bob, `REGISTER sip:fenced.local SIP/2.0\nContact: <${bob.uri}>`);
    ignored(bob, `REGISTER sip:fenced.local SIP/2.0\nContact: <${bob.uri}>`);
    net.registered("bob");
    net.clock.advance(MINUTE);
    refusal(bob, `REGISTER sip:fenced.local SIP/2.0\nContact: <${bob.uri}>`);
  }),
);

Deno.test(
  "A domain's list applies to calls from it and calls to it",
  ladder(FENCED_DOMAIN, (net) => {
    const alice = net.registered("alice", { domain: "fenced.local" });
    const carol = net.registered("carol", { domain: "fenced.local" });
    net.registered("alice", { port: 5070 });
    const invite = alice.invite("sip:carol@fenced.local");
    carol.answer(carol.expect("INVITE"), "486 Busy Here");
    carol.expect("ACK");
    alice.sendAsIs(ackTo(invite, alice.expect("486")));
    // To the fenced domain, as a caller of the open one.
    refusal(net.phone("bob"), "INVITE sip:carol@fenced.local SIP/2.0");
    ignored(net.phone("bob"), "INVITE sip:carol@fenced.local SIP/2.0");
    carol.expectNothing();
    // From the fenced domain, to the open one.
    net.clock.advance(MINUTE);
    refusal(net.phone("bob", { domain: "fenced.local" }), "INVITE sip:alice@sip.local SIP/2.0");
    // Neither of both.
    net.phone("bob").sendAuthenticated("INVITE sip:alice@sip.local SIP/2.0");
    net.phone("bob").expect("100");
    net.phone("alice", { port: 5070 }).expect("INVITE");
  }),
);

Deno.test(
  "The list of the whole server comes before that of a domain",
  ladder({ ...FENCED_DOMAIN, spec: { accessControlList: { deny: ["192.0.2.11"] } } }, (net) => {
    const alice = net.phone("alice", { domain: "fenced.local" });
    refusal(alice, `REGISTER sip:fenced.local SIP/2.0\nContact: <${alice.uri}>`);
    ignored(alice, "REGISTER sip:sip.local SIP/2.0");
    net.registered("carol", { domain: "fenced.local" });
  }),
);

/** A TCP connection to a server on 127.0.0.1 from another address of this machine. */
async function connectFrom(localAddress: string, port: number): Promise<net.Socket> {
  const socket = net.connect({ host: "127.0.0.1", port, localAddress });
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** Everything that comes until the other side ends the connection. */
async function untilEnd(socket: net.Socket): Promise<string> {
  let text = "";
  socket.setEncoding("latin1").on("data", (piece) => text += piece);
  await once(socket, "close");
  return text;
}

Deno.test("A denied address is told 403 by its connection, which ends; others it makes are closed at once", async () => {
  await using cleanup = new AsyncDisposableStack();
  const server = await startTestServer({
    domains: ["sip.local"],
    agents: [],
    spec: { accessControlList: { deny: ["127.0.0.2"] }, limits: { messageTimeoutMillis: 2_400 } },
  });
  cleanup.defer(() => server.stop());
  const request = (host: string) =>
    complete(sip(OPTIONS), [
      `Via: SIP/2.0/TCP ${host}:5060;branch=z9hG4bK-1`,
      "Max-Forwards: 70",
      "From: <sip:alice@sip.local>;tag=1",
      "To: <sip:sip.local>",
      `Call-ID: a@${host}`,
      "CSeq: 1 OPTIONS",
      "Content-Length: 0",
    ]);
  const first = await connectFrom("127.0.0.2", server.tcpPort);
  cleanup.defer(() => void first.destroy());
  first.write(request("127.0.0.2").repeat(3));
  const answers = await untilEnd(first);
  assert.deepEqual(answers.match(/^SIP\/2\.0 .*/gm), ["SIP/2.0 403 Forbidden"]);
  const second = await connectFrom("127.0.0.2", server.tcpPort);
  cleanup.defer(() => void second.destroy());
  assert.equal(await untilEnd(second), "");
  const welcome = await connectFrom("127.0.0.3", server.tcpPort);
  cleanup.defer(() => void welcome.destroy());
  welcome.write(request("127.0.0.3"));
  const [answer] = await once(welcome.setEncoding("latin1"), "data");
  assert.equal(startLine(answer), "SIP/2.0 200 OK");
  assert.equal(server.server.metrics.snapshot()["routr_denied_messages_total"], 3);
});
