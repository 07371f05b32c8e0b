/** Attempts to call at the expense of others, all of which fail. */
import assert from "node:assert/strict";
import type { Phone } from "../support/phone.ts";
import { agent, did, domain, gateway, peer } from "../support/resources.ts";
import { ladder } from "../support/scenario.ts";
import {
  ackTo,
  credentialsLine,
  fromCallee,
  fromCaller,
  hasHeader,
  header,
  headers,
  tagOf,
} from "../support/sip_text.ts";
import {
  challenge,
  challengeOnce,
  cseqOf,
  establish,
  expectOwn,
  gatewayAt,
  NUMBER,
  TRUNK,
  trunkOf,
  WORLD,
} from "../support/trunk.ts";

Deno.test(
  "A phone that names itself as the trunk's end of its call does not become that end",
  ladder(WORLD, (net) => {
    const { alice, trunk, invite, ok } = establish(net);
    const route = `Route: ${header(ok, "Record-Route")}`;
    const callId = `Call-ID: ${header(invite, "Call-ID")}`;
    const other = net.phone("alice", { port: 6666 });
    other.send(`
      INFO sip:alice@192.0.2.11:5060 SIP/2.0
      ${route}
      From: <sip:x@y.example>;tag=x
      To: <sip:alice@sip.local>;tag=${tagOf(header(invite, "From"))}
      ${callId}
      CSeq: 1 INFO
    `);
    other.expect("481");
    alice.send(`
      INFO sip:+4420@203.0.113.1 SIP/2.0
      ${route}
      From: ${header(invite, "From")}
      To: ${header(ok, "To")}
      ${callId}
      CSeq: 50 INFO
    `);
    trunk.expect("INFO");
    other.expectNothing();
  }),
);

Deno.test(
  "A phone that names itself as the trunk's end of a call that came in does not become that end either",
  ladder(WORLD, (net) => {
    const bob = net.registered("bob");
    const trunk = trunkOf(net);
    trunk.send(`INVITE sip:${NUMBER}@192.0.2.1 SIP/2.0\nContact: <${trunk.uri}>`);
    trunk.expect("100");
    const invite = bob.expect("INVITE ");
    const ok = bob.accept(invite);
    trunk.expect("200");
    const other = net.phone("bob", { port: 6666 });
    other.send(`
      INFO ${bob.uri} SIP/2.0
      Route: ${header(invite, "Record-Route")}
      From: ${header(invite, "From")}
      To: ${header(ok, "To")}
      Call-ID: ${header(invite, "Call-ID")}
      CSeq: 50 INFO
    `);
    other.expect("403");
    bob.send(fromCallee("INFO", { invite, ok, cseq: 71 }));
    const info = challengeOnce(trunk, trunk.expect("INFO "));
    trunk.answer(info, "200 OK");
    bob.expect("200");
    other.expectNothing();
  }),
);

for (
  const [way, requestUri] of [["a tel: URI", "tel:+4420"], ["another port", "sip:+4420@sip.local:9999"]]
) {
  Deno.test(
    `Nobody registers with the gateway by us: ${way} in a REGISTER`,
    ladder(WORLD, (net) => {
      const alice = net.phone("alice");
      alice.send(`
        REGISTER ${requestUri} SIP/2.0
        To: <sip:trunk-user@203.0.113.1>
        Contact: <sip:alice@192.0.2.11>
      `);
      alice.expect("403");
      trunkOf(net).expectNothing();
    }),
  );
}

Deno.test(
  "Nobody registers with the gateway by us: a REGISTER within a call",
  ladder(WORLD, (net) => {
    const { alice, trunk, invite, ok } = establish(net);
    alice.send(`
      REGISTER sip:203.0.113.1 SIP/2.0
      Route: ${header(ok, "Record-Route")}
      From: ${header(invite, "From")}
      To: <sip:trunk-user@203.0.113.1>;tag=x
      Call-ID: ${header(invite, "Call-ID")}
      Contact: <sip:alice@192.0.2.11>
      CSeq: 50 REGISTER
    `);
    alice.expect("403");
    trunk.expectNothing();
  }),
);

for (const [status, name] of [["401 Unauthorized", "WWW"], ["407 Proxy Authentication Required", "Proxy"]]) {
  Deno.test(
    `A callee cannot ask for the caller's password here: ${status}`,
    ladder(WORLD, (net) => {
      const alice = net.phone("alice");
      const bob = net.registered("bob");
      const probe = bob.send("INVITE sip:+900@sip.local SIP/2.0\nFrom: <sip:alice@sip.local>;tag=b");
      const own = bob.expect("407");
      bob.sendAsIs(ackTo(probe, own));
      const invite = alice.invite("sip:bob@sip.local");
      bob.answer(bob.expect("INVITE"), status, {
        lines: `${name}-Authenticate: ${headers(own, "Proxy-Authenticate")[0]}`,
      });
      bob.expect("ACK");
      const refusal = alice.expect("502");
      assert.equal(hasHeader(refusal, "WWW-Authenticate"), false);
      assert.equal(hasHeader(refusal, "Proxy-Authenticate"), false);
      alice.sendAsIs(ackTo(invite, refusal));
    }),
  );
}

for (const realm of ["sip.local", '"SIP.LOCAL"', '"sip\\.local"', '"astserver"', `"${TRUNK}"`]) {
  Deno.test(
    `Nor however the realm is written, nor in that of a peer or a gateway: ${realm}`,
    ladder({ ...WORLD, resources: [...WORLD.resources!, peer("ast", { device: "astserver" })] }, (net) => {
      const alice = net.phone("alice");
      const bob = net.registered("bob");
      const ask = (realm: string) => {
        alice.sendAuthenticated("MESSAGE sip:bob@sip.local SIP/2.0");
        bob.answer(bob.expect("MESSAGE "), "401 Unauthorized", {
          lines: `WWW-Authenticate: Digest nonce="n", realm=${realm}`,
        });
      };
      ask('"bob.example"');
      assert.match(header(alice.expect("401"), "WWW-Authenticate"), /realm="bob\.example"/);
      ask(realm);
      assert.equal(hasHeader(alice.expect("502"), "WWW-Authenticate"), false);
    }),
  );
}

Deno.test(
  "Credentials for a realm of ours go no further, in Authorization either; those for others do",
  ladder(WORLD, (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const probe = alice.send("MESSAGE sip:bob@sip.local SIP/2.0");
    const ours = credentialsLine(probe, alice.expect("407"), { username: "alice", secret: alice.secret })
      .replace("Proxy-Authorization", "Authorization").trim();
    const theirs =
      'Authorization: Digest username="a",realm="bob.example",nonce="n",uri="sip:b",response="r"';
    alice.sendAuthenticated(`MESSAGE sip:bob@sip.local SIP/2.0\n${ours}\n${theirs}`);
    assert.deepEqual(headers(bob.expect("MESSAGE"), "Authorization"), [
      theirs.slice("Authorization: ".length),
    ]);
  }),
);

/** alice of a.local calls bob of b.local by his number; the list of b.local is as given. */
const world = (accessControlList: object) => ({
  domains: [],
  agents: [],
  resources: [
    domain("a.local"),
    domain("b.local", { accessControlList }),
    agent("alice", { domains: ["a.local"] }),
    agent("bob", { domains: ["b.local"] }),
    gateway("GW0001", TRUNK),
    did("DID0001", { gwRef: "GW0001", telUrl: `tel:${NUMBER}`, aorLink: "sip:bob@b.local" }),
  ],
});

Deno.test(
  "A number is no way around the access control list of the domain that it rings in",
  ladder(world({ deny: ["192.0.2.11"] }), (net) => {
    const alice = net.phone("alice", { domain: "a.local" });
    const bob = net.registered("bob", { domain: "b.local" });
    alice.sendAuthenticated(`MESSAGE sip:${NUMBER}@a.local SIP/2.0`);
    alice.expect("403");
    bob.expectNothing();
  }),
);

Deno.test(
  "A gateway that a domain denies rings there by its DID, and in no other way",
  ladder(world({ allow: ["192.0.2.0/24"] }), (net) => {
    const bob = net.registered("bob", { domain: "b.local" });
    const trunk = trunkOf(net);
    trunk.send(`MESSAGE sip:${NUMBER}@b.local SIP/2.0`);
    bob.expect("MESSAGE");
    trunk.send("MESSAGE sip:bob@b.local SIP/2.0");
    trunk.expect("403");
  }),
);

for (const method of ["REFER", "NOTIFY"]) {
  Deno.test(
    `A ${method} from a gateway's address, which is easily forged, reaches no phone outside of a call`,
    ladder(WORLD, (net) => {
      const bob = net.registered("bob");
      const trunk = trunkOf(net);
      trunk.send(
        `${method} sip:${NUMBER}@sip.local SIP/2.0\nRefer-To: <sip:+900@sip.local>\nEvent: check-sync`,
      );
      trunk.expect("403");
      bob.expectNothing();
    }),
  );
}

Deno.test(
  "Agents cannot claim an identity by Remote-Party-ID either",
  ladder({ ...WORLD, resources: [...WORLD.resources!, peer("ast", { device: "astserver" })] }, (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.sendAuthenticated('MESSAGE sip:bob@sip.local SIP/2.0\nRemote-Party-ID: "Boss" <sip:1@sip.local>');
    assert.equal(hasHeader(bob.expect("MESSAGE"), "Remote-Party-ID"), false);
  }),
);

/** Characters of a head that is nearly as long as one may be. */
const LONG = 25_000;

Deno.test(
  "Numbers and names as long as a message are looked through once, and dealt with like others",
  ladder({ ...WORLD, resources: [...WORLD.resources!, peer("ast")] }, (net) => {
    const alice = net.phone("alice", { protocol: "tcp", port: 40_000 });
    alice.sendAuthenticated(`MESSAGE sip:${"1".repeat(LONG)}x@sip.local SIP/2.0`);
    alice.expect("404");
    const ast = net.phone("ast", { protocol: "tcp", port: 40_001 });
    const name = `"a${" ".repeat(LONG)}b"`;
    ast.sendAuthenticated(`
      MESSAGE sip:+4420@sip.local SIP/2.0
      From: ${name} <sip:ast@sip.local>;tag=a
    `);
    const asserted = header(trunkOf(net).expect("MESSAGE"), "P-Asserted-Identity");
    assert.equal(asserted.startsWith(`${name} <`), true);
  }),
);

Deno.test(
  "A Request-URI without a user goes out by no rule",
  ladder(
    {
      ...WORLD,
      resources: [
        domain("sip.local", { egressPolicy: { rule: ".*", didRef: "DID0001" } }),
        ...WORLD.resources!.slice(1),
      ],
    },
    (net) => {
      const alice = net.phone("alice");
      alice.sendAuthenticated("MESSAGE sip:sip.local:9999 SIP/2.0");
      alice.expect("404");
      trunkOf(net).expectNothing();
    },
  ),
);

/** The PBX that is a peer, with a call of somebody who is nobody here, up to the first answer. */
function foreignCall(ast: Phone): string {
  ast.send(`MESSAGE sip:+4420@sip.local SIP/2.0\n${FOREIGN}`);
  return ast.expect("");
}

const FOREIGN = "From: <sip:+49301@elsewhere.example>;tag=x";
const WITH_PEER = { ...WORLD, resources: [...WORLD.resources!, peer("ast")] };

Deno.test(
  "A peer that asks which bindings it has is known as a peer still",
  ladder(WITH_PEER, (net) => {
    const ast = net.phone("ast", { address: "192.0.2.50" });
    assert.match(foreignCall(ast), /^SIP\/2\.0 403 /);
    ast.register();
    assert.match(foreignCall(ast), /^SIP\/2\.0 407 /);
    ast.register("Supported: path");
    assert.match(foreignCall(ast), /^SIP\/2\.0 407 /);
  }),
);

Deno.test(
  "Of two peers behind one address, one that leaves does not take the other with it",
  ladder({ ...WORLD, resources: [...WITH_PEER.resources, peer("pbx")] }, (net) => {
    const ast = net.phone("ast", { address: "192.0.2.50" });
    const pbx = net.phone("pbx", { address: "192.0.2.50", port: 5070 });
    ast.register();
    pbx.register();
    pbx.register(`Contact: <${pbx.uri}>;expires=0`);
    assert.match(foreignCall(ast), /^SIP\/2\.0 407 /);
  }),
);

Deno.test(
  "A peer at a gateway's address calls as a peer where it gives its password, which has to be right",
  ladder(WITH_PEER, (net) => {
    const ast = net.phone("ast", { address: TRUNK, port: 5070 });
    const own = ast.send("MESSAGE sip:+4420@sip.local SIP/2.0");
    const asked = ast.expect("407");
    const signed = (secret: string) =>
      `MESSAGE sip:+4420@sip.local SIP/2.0\n${FOREIGN}\n${
        credentialsLine(own, asked, { username: "ast", secret })
      }`;
    ast.send(signed("wrong"));
    ast.expect("407");
    trunkOf(net).expectNothing();
    ast.send(signed(ast.secret));
    const message = trunkOf(net).expect("MESSAGE sip:+4420@203.0.113.1 SIP/2.0");
    assert.equal(hasHeader(message, "Proxy-Authorization"), false);
  }),
);

Deno.test(
  "Two requests of a dialog that are challenged at once, and the BYE behind them, have a number each that was not used",
  ladder(WORLD, (net) => {
    const { alice, trunk, invite, arrived, ok } = establish(net);
    const cseq = cseqOf(invite);
    alice.send(fromCaller("INFO", { invite, ok, cseq: cseq + 1 }));
    alice.send(fromCaller("INFO", { invite, ok, cseq: cseq + 2 }));
    const [first, second] = [trunk.expect("INFO "), trunk.expect("INFO ")];
    const numbers = [arrived, first, second].map(cseqOf);
    for (const [i, info] of [first, second].entries()) {
      trunk.answer(info, "407 Proxy Authentication Required", {
        lines: `Proxy-Authenticate: ${challenge(`n${i + 2}`)}`,
      });
      const again = trunk.expect("INFO ");
      numbers.push(cseqOf(again));
      trunk.answer(again, "200 OK");
      assert.equal(cseqOf(alice.expect("200")), cseq + 1 + i);
    }
    alice.send(fromCaller("BYE", { invite, ok, cseq: cseq + 3 }));
    numbers.push(cseqOf(trunk.expect("BYE ")));
    assert.deepEqual(numbers, [...new Set(numbers)].sort((a, b) => a - b));
  }),
);

Deno.test(
  "A gateway's first address asks for the password and refuses then: the second is tried, which asks for itself",
  ladder({
    ...WORLD,
    names: { "sip.provider.example": [TRUNK, "203.0.113.2"] },
    resources: [WORLD.resources![0], gatewayAt("sip.provider.example"), WORLD.resources![2]],
  }, async (net) => {
    await net.settle();
    const alice = net.phone("alice");
    const [first, second] = [trunkOf(net), trunkOf(net, "203.0.113.2")];
    const invite = alice.invite("sip:+4420@sip.local");
    await net.settle();
    const again = challengeOnce(first, first.expect("INVITE "));
    first.answer(again, "503 Service Unavailable");
    first.expect("ACK ");
    const there = second.expect("INVITE ");
    assert.equal(hasHeader(there, "Proxy-Authorization"), false);
    assert.ok(cseqOf(there) >= cseqOf(again));
    second.accept(challengeOnce(second, there, { nonce: "n2" }));
    expectOwn(alice.expect("200"), invite);
  }),
);

Deno.test(
  "Nobody finds out the trunk's password here: with a nonce of one's own the right one is answered like a wrong one",
  ladder(WORLD, (net) => {
    const mallory = net.phone("x", { address: "198.51.100.66", domain: TRUNK });
    const answers = ["trunk-secret", "wrong"].map((secret) => {
      const request = mallory.send("INVITE sip:bob@sip.local SIP/2.0");
      mallory.authenticate(request, mallory.expect("407"), {
        username: "trunk-user",
        secret,
        nonce: "a-b-c",
      });
      return mallory.expect("407").replace(/(nonce|tag|branch|CSeq|Call-ID).*/g, "");
    });
    assert.equal(answers[0], answers[1]);
    const { routr_strange_nonces_total } = net.server.metrics.snapshot();
    assert.equal(routr_strange_nonces_total, 2);
    // From an address that nobody knows the password makes the gateway.
    const bob = net.registered("bob");
    const call = mallory.send(`MESSAGE sip:${NUMBER}@sip.local SIP/2.0`);
    mallory.authenticate(call, mallory.expect("407"), { username: "trunk-user", secret: "trunk-secret" });
    bob.expect("MESSAGE");
  }),
);
