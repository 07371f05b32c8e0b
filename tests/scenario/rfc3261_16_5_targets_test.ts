/** §16.5: who may call whom, and where a call within our domains goes. */
import assert from "node:assert/strict";
import { ladder, type LadderOptions } from "../support/scenario.ts";
import { hasHeader, header, headers, parameter } from "../support/sip_text.ts";

Deno.test(
  "§16.5: an agent calls an agent of the same domain",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.invite("sip:bob@sip.local");
    bob.expect("INVITE sip:bob@192.0.2.12:5060 SIP/2.0");
  }),
);

Deno.test(
  "§16.5: the user is compared unescaped, the domain without case, port and parameters do not matter",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    for (const uri of ["sip:%62ob@SIP.LOCAL", "sip:bob@sip.local:5060;user=phone", "sip:bob:pw@sip.local"]) {
      alice.invite(uri);
      bob.expect("INVITE sip:bob@192.0.2.12:5060 SIP/2.0");
    }
  }),
);

Deno.test(
  "§16.5: an unknown user is 404, a user without a device is 480",
  ladder((net) => {
    const alice = net.phone("alice");
    alice.sendAuthenticated("INVITE sip:nobody@sip.local SIP/2.0");
    alice.expect("404");
    alice.sendAuthenticated("INVITE sip:bob@sip.local SIP/2.0");
    alice.expect("480");
    alice.sendAuthenticated("INVITE tel:+15551234 SIP/2.0");
    alice.expect("404");
  }),
);

Deno.test(
  "design, no open relay: a domain that is not ours is answered 403",
  ladder((net) => {
    const alice = net.phone("alice");
    for (const uri of ["sip:bob@elsewhere.example", "sip:bob@198.51.100.7", "sip:bob@192.0.2.1:5099"]) {
      alice.sendAuthenticated(`INVITE ${uri} SIP/2.0`);
      alice.expect("403");
    }
  }),
);

Deno.test(
  "§26.2.2, RFC 5630 §5.3: a sips URI is for devices with TLS and a sips Contact only",
  ladder((net) => {
    const alice = net.phone("alice", { protocol: "tls", port: 40002 });
    net.registered("bob");
    net.phone("bob", { protocol: "tls", port: 40003 }).register(
      "Contact: <sip:bob@192.0.2.12:40003;transport=tls>",
    );
    alice.sendAuthenticated("INVITE sips:bob@sip.local SIP/2.0");
    alice.expect("480");
    const secure = net.phone("bob", { protocol: "tls", port: 40001 });
    secure.register("Contact: <sips:bob@192.0.2.12:40001>");
    alice.invite("sips:bob@sip.local");
    const invite = secure.expect("INVITE sips:bob@192.0.2.12:40001 SIP/2.0");
    for (const entry of headers(invite, "Record-Route")) assert.match(entry, /^<sips:[^;]+;lr>$/);
  }),
);

Deno.test(
  "§26.2.2: a sips URI that did not come by TLS is refused",
  ladder((net) => {
    const secure = net.phone("bob", { protocol: "tls", port: 40001 });
    secure.register("Contact: <sips:bob@192.0.2.12:40001>");
    const alice = net.phone("alice");
    alice.send("INVITE sips:bob@sip.local SIP/2.0");
    alice.expect("403 SIPS Needs TLS");
  }),
);

Deno.test(
  "§22.3: a From of ours without credentials is challenged, whether such a user exists or not",
  ladder((net) => {
    net.registered("bob");
    for (const username of ["alice", "mallory"]) {
      const caller = net.phone(username, { address: "192.0.2.66" });
      caller.send("INVITE sip:bob@sip.local SIP/2.0");
      const challenge = caller.expect("407");
      for (const offer of headers(challenge, "Proxy-Authenticate")) {
        assert.equal(parameter(offer, "realm"), "sip.local");
      }
    }
  }),
);

Deno.test(
  "§22.3: the callee is not named before the caller is known: no 404 and no 480 without a password",
  ladder((net) => {
    const alice = net.phone("alice");
    for (const uri of ["sip:bob@sip.local", "sip:nobody@sip.local", "sip:bob@elsewhere.example"]) {
      alice.send(`INVITE ${uri} SIP/2.0`);
      alice.expect("407");
    }
  }),
);

Deno.test(
  "§22.3: a wrong password is challenged again",
  ladder((net) => {
    const alice = net.phone("alice");
    net.registered("bob");
    const invite = alice.send("INVITE sip:bob@sip.local SIP/2.0");
    alice.authenticate(invite, alice.expect("407"), { secret: "wrong" });
    alice.expect("407");
  }),
);

Deno.test(
  "design: a From that is not the caller's is answered 403",
  ladder((net) => {
    const alice = net.phone("alice");
    net.registered("bob");
    const invite = alice.send("INVITE sip:bob@sip.local SIP/2.0\nFrom: <sip:carol@sip.local>;tag=1");
    alice.authenticate(invite, alice.expect("407"));
    alice.expect("403");
  }),
);

const STRANGERS = [
  "<sip:stranger@elsewhere.example>",
  "<sip:alice@192.0.2.11>",
  "<tel:+15551234>",
  "<sip:sip.local.>",
];

for (const from of STRANGERS) {
  Deno.test(
    `design, no open relay: an unknown caller is answered 403: From: ${from}`,
    ladder((net) => {
      const stranger = net.phone("stranger");
      net.registered("bob");
      for (const uri of ["sip:bob@sip.local", "sip:nobody@sip.local", "sip:x@elsewhere.example"]) {
        stranger.send(`INVITE ${uri} SIP/2.0\nFrom: ${from};tag=1`);
        assert.ok(!hasHeader(stranger.expect("403"), "Proxy-Authenticate"));
      }
    }),
  );
}

for (const method of ["MESSAGE", "OPTIONS", "SUBSCRIBE", "REFER", "BYE"]) {
  Deno.test(
    `design: ${method} outside of a dialog needs the password like INVITE`,
    ladder((net) => {
      const alice = net.phone("alice");
      const bob = net.registered("bob");
      alice.sendAuthenticated(`${method} sip:bob@sip.local SIP/2.0`);
      bob.answer(bob.expect(`${method} sip:bob@192.0.2.12:5060 SIP/2.0`), "200 OK");
      alice.expect("200");
    }),
  );
}

Deno.test(
  "allowUnauthenticatedCalls: unknown callers may call our users, and no others",
  ladder({ spec: { allowUnauthenticatedCalls: true } }, (net) => {
    const stranger = net.phone("stranger", { domain: "elsewhere.example" });
    const bob = net.registered("bob");
    stranger.send("INVITE sip:bob@sip.local SIP/2.0");
    stranger.expect("100");
    bob.expect("INVITE sip:bob@192.0.2.12:5060 SIP/2.0");
    stranger.send("INVITE sip:nobody@sip.local SIP/2.0");
    stranger.expect("404");
    for (const uri of ["sip:x@198.51.100.7", "sip:bob@192.0.2.1", "tel:+1555"]) {
      stranger.send(`INVITE ${uri} SIP/2.0`);
      stranger.expect("40");
    }
  }),
);

Deno.test(
  "allowUnauthenticatedCalls: agents call without a password, too, as with Routr v1",
  ladder({ spec: { allowUnauthenticatedCalls: true } }, (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.send("INVITE sip:bob@sip.local SIP/2.0");
    alice.expect("100");
    bob.expect("INVITE");
  }),
);

Deno.test(
  "allowUnauthenticatedCalls: registrations are authenticated all the same",
  ladder({ spec: { allowUnauthenticatedCalls: true } }, (net) => {
    const alice = net.phone("alice");
    alice.send("REGISTER sip:sip.local SIP/2.0\nContact: <sip:alice@192.0.2.11>");
    alice.expect("401");
  }),
);

const TWO_DOMAINS: LadderOptions = {
  domains: ["red.example", "blue.example"],
  agents: [
    { username: "alice", domains: ["red.example"] },
    { username: "bob", domains: ["blue.example"] },
    { username: "carol", domains: ["red.example", "blue.example"] },
  ],
};

Deno.test(
  "design: an agent does not call other local domains than its own: 403",
  ladder(TWO_DOMAINS, (net) => {
    const alice = net.phone("alice", { domain: "red.example" });
    net.registered("bob", { domain: "blue.example" });
    alice.sendAuthenticated("INVITE sip:bob@blue.example SIP/2.0");
    alice.expect("403");
    alice.sendAuthenticated("INVITE sip:nobody@blue.example SIP/2.0");
    alice.expect("403");
  }),
);

Deno.test(
  "interDomainCalls: then it does",
  ladder({ ...TWO_DOMAINS, spec: { interDomainCalls: true } }, (net) => {
    const alice = net.phone("alice", { domain: "red.example" });
    const bob = net.registered("bob", { domain: "blue.example" });
    alice.invite("sip:bob@blue.example");
    bob.expect("INVITE");
  }),
);

Deno.test(
  "design: an agent of two domains calls in both, and is reached in each by what it registered in either",
  ladder(TWO_DOMAINS, (net) => {
    const carol = net.registered("carol", { domain: "blue.example" });
    const bob = net.registered("bob", { domain: "blue.example" });
    const alice = net.phone("alice", { domain: "red.example" });
    net.phone("carol", { domain: "red.example" }).invite("sip:bob@blue.example");
    bob.expect("INVITE");
    bob.invite("sip:carol@blue.example");
    carol.expect("INVITE");
    alice.invite("sip:carol@red.example");
    carol.expect("INVITE");
    const inRed = net.registered("carol", { domain: "red.example", address: "192.0.2.33" });
    alice.invite("sip:carol@red.example");
    inRed.expect("INVITE");
  }),
);

Deno.test(
  "design: a peer calls with its own password, in any domain of ours, in the name of the server's address",
  ladder({ peers: ["ast"] }, (net) => {
    const peer = net.phone("ast", { domain: "192.0.2.1" });
    const bob = net.registered("bob");
    const invite = peer.send("INVITE sip:bob@sip.local SIP/2.0");
    const challenge = peer.expect("407");
    assert.equal(parameter(header(challenge, "Proxy-Authenticate"), "realm"), "192.0.2.1");
    peer.authenticate(invite, challenge);
    peer.expect("100");
    assert.ok(!hasHeader(bob.expect("INVITE"), "Proxy-Authorization"));
  }),
);

Deno.test(
  "design: a peer calls in the name of one of our domains, too",
  ladder({ peers: ["ast"] }, (net) => {
    const peer = net.phone("ast");
    const bob = net.registered("bob");
    peer.invite("sip:bob@sip.local");
    bob.expect("INVITE");
  }),
);

Deno.test(
  "RFC 3325 §5: P-Asserted-Identity of a peer is passed on, that of an agent is not",
  ladder({ peers: ["ast"] }, (net) => {
    const bob = net.registered("bob");
    const identities = [net.phone("ast"), net.phone("alice")].map((caller) => {
      caller.invite("sip:bob@sip.local", "P-Asserted-Identity: <sip:president@sip.local>");
      return headers(bob.expect("INVITE"), "P-Asserted-Identity");
    });
    assert.deepEqual(identities, [["<sip:president@sip.local>"], []]);
  }),
);

Deno.test(
  "design: an agent's password is no peer's",
  ladder({ peers: ["ast"] }, (net) => {
    const alice = net.phone("alice");
    const invite = alice.send("INVITE sip:bob@sip.local SIP/2.0\nFrom: <sip:ast@192.0.2.1>;tag=1");
    alice.authenticate(invite, alice.expect("407"));
    alice.expect("407");
  }),
);

Deno.test(
  "§22.3: Authorization is no answer to a 407",
  ladder((net) => {
    const alice = net.phone("alice");
    net.registered("bob");
    const invite = alice.send("INVITE sip:bob@sip.local SIP/2.0");
    const challenge = alice.expect("407").replaceAll("Proxy-Authenticate", "WWW-Authenticate");
    alice.authenticate(invite, challenge);
    alice.expect("407");
  }),
);

Deno.test(
  "§22.1: credentials for the domain of the From, not of the Request-URI",
  ladder(TWO_DOMAINS, (net) => {
    const carol = net.phone("carol", { domain: "red.example" });
    const bob = net.registered("bob", { domain: "blue.example" });
    const invite = carol.send("INVITE sip:bob@blue.example SIP/2.0");
    const challenge = carol.expect("407");
    assert.equal(parameter(header(challenge, "Proxy-Authenticate"), "realm"), "red.example");
    carol.authenticate(invite, challenge);
    carol.expect("100");
    bob.expect("INVITE");
  }),
);
