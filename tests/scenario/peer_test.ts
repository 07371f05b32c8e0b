/** Peers: PBXs and media servers that register here, and by which names they are reached. */
import assert from "node:assert/strict";
import type { Phone } from "../support/phone.ts";
import { gateway, peer } from "../support/resources.ts";
import { ladder, type LadderOptions, type Network, SERVER } from "../support/scenario.ts";
import { header, headers, uriIn } from "../support/sip_text.ts";

const ADDRESS = "192.0.2.20";

const GATEWAYS = [
  gateway("GW1", "203.0.113.1", {
    credentials: { username: "trunk-user", secret: "trunk-secret" },
    sendRegister: false,
  }),
];

/** A server with a peer called ast. */
function world(spec: object): LadderOptions {
  return { resources: [peer("ast", spec)] };
}

/** The peer, as it registers with this server by its address. */
function asterisk(net: Network, domain: string, address = ADDRESS): Phone {
  return net.phone("ast", { address, domain, registrar: SERVER });
}

/** Returns the Request-URI with which a MESSAGE of alice arrives, or the status of the answer. */
function outcome(net: Network, target: string, phone: Phone): string {
  const alice = net.phone("alice");
  alice.sendAuthenticated(`MESSAGE ${target} SIP/2.0`);
  const [arrived] = phone.takeAll();
  if (arrived === undefined) return alice.expect("").split(" ")[1];
  alice.expectNothing();
  return arrived.split(" ")[1];
}

Deno.test(
  "A peer with a device is reached as user@device, and by no other name",
  ladder(world({ device: "astserver" }), (net) => {
    const ast = asterisk(net, "astserver");
    assert.equal(outcome(net, "sip:ast@astserver", ast), "480");
    ast.register();
    for (
      const target of ["sip:ast@astserver", "sip:ast@ASTSERVER:5060", "sip:%61st@astserver;transport=tcp"]
    ) {
      assert.equal(outcome(net, target, ast), ast.uri);
    }
    assert.equal(outcome(net, `sip:ast@${ADDRESS}`, ast), "403");
    assert.equal(outcome(net, "sip:other@astserver", ast), "403");
    assert.equal(outcome(net, "sip:ast@sip.local", ast), "404");
  }),
);

Deno.test(
  "A peer with a device registers with any name of this server in To and is bound to its device",
  ladder(world({ device: "astserver" }), (net) => {
    for (
      const [domain, registrar] of [["astserver", "sip.local"], ["sip.local", "sip.local"], [SERVER, SERVER]]
    ) {
      const ast = net.phone("ast", { address: ADDRESS, domain, registrar });
      ast.register();
      assert.equal(outcome(net, "sip:ast@astserver", ast), ast.uri);
      ast.register(`Contact: <${ast.uri}>;expires=0`);
      assert.equal(outcome(net, "sip:ast@astserver", ast), "480");
    }
  }),
);

Deno.test(
  "A peer without a device is reached by the address it registers from, and by the host it registers at",
  ladder(world({}), (net) => {
    const ast = asterisk(net, SERVER);
    ast.register();
    assert.equal(outcome(net, `sip:ast@${ADDRESS}`, ast), ast.uri);
    assert.equal(outcome(net, `sip:ast@${SERVER}`, ast), ast.uri);
    assert.equal(outcome(net, "sip:ast@192.0.2.21", ast), "403");
  }),
);

Deno.test(
  "A peer without a device that registers in a domain is reached there as well",
  ladder(world({}), (net) => {
    const ast = net.phone("ast", { address: ADDRESS });
    ast.register();
    assert.equal(outcome(net, "sip:ast@sip.local", ast), ast.uri);
    assert.equal(outcome(net, `sip:ast@${ADDRESS}`, ast), ast.uri);
  }),
);

Deno.test(
  "§10.3: what one address-of-record of a peer refuses changes none of them",
  ladder(world({}), (net) => {
    const ast = asterisk(net, SERVER);
    ast.register();
    ast.register();
    // Its Call-ID is the same, and its CSeq begins anew.
    const again = net.phone("ast", { address: ADDRESS });
    assert.match(again.tryRegister(`Contact: <${ast.uri}>`), /^SIP\/2\.0 400 CSeq Is Out Of Order/);
    assert.equal(outcome(net, "sip:ast@sip.local", ast), "480");
    assert.equal(outcome(net, `sip:ast@${ADDRESS}`, ast), ast.uri);
  }),
);

Deno.test(
  "A peer that has moved is reached at its new address, by its device",
  ladder(world({ device: "astserver", maxContacts: 1 }), (net) => {
    asterisk(net, "astserver").register();
    const moved = asterisk(net, "astserver", "192.0.2.21");
    moved.register();
    assert.equal(outcome(net, "sip:ast@astserver", moved), moved.uri);
  }),
);

Deno.test(
  "maxContacts bounds the bindings of a peer, the oldest make room",
  ladder(world({ device: "astserver", maxContacts: 2 }), (net) => {
    const ast = asterisk(net, "astserver");
    for (const port of [5060, 5062, 5064]) {
      net.clock.advance(1000);
      ast.register(`Contact: <sip:ast@192.0.2.20:${port}>`);
    }
    assert.deepEqual(headers(ast.register("Expires: 600"), "Contact").map(uriIn).sort(), [
      "sip:ast@192.0.2.20:5062",
      "sip:ast@192.0.2.20:5064",
    ]);
    const tooMany = ast.tryRegister(
      "Contact: <sip:a@192.0.2.20>, <sip:b@192.0.2.20>, <sip:c@192.0.2.20>",
    );
    assert.match(tooMany, /^SIP\/2\.0 403 /);
  }),
);

Deno.test(
  "ex_maxContact is the same",
  ladder(world({ device: "astserver", ex_maxContact: 1 }), (net) => {
    const ast = asterisk(net, "astserver");
    ast.register("Contact: <sip:ast@192.0.2.20:5060>");
    net.clock.advance(1000);
    const answer = ast.register("Contact: <sip:ast@192.0.2.20:5062>");
    assert.deepEqual(headers(answer, "Contact").map(uriIn), ["sip:ast@192.0.2.20:5062"]);
  }),
);

for (
  const [contactAddr, uri, address, port] of [
    ["192.0.2.40:6060", "sip:ast@192.0.2.40:6060", "192.0.2.40", 6060],
    ["192.0.2.40", "sip:ast@192.0.2.40:5060", "192.0.2.40", 5060],
  ] as const
) {
  Deno.test(
    `contactAddr ${contactAddr} takes the place of what the peer registers, and requests go there`,
    ladder(world({ device: "astserver", contactAddr }), (net) => {
      const ast = asterisk(net, "astserver");
      const answer = ast.register();
      assert.equal(uriIn(header(answer, "Contact")), uri);
      const there = net.phone("ast", { address, port });
      assert.equal(outcome(net, "sip:ast@astserver", there), uri);
      // Un-registering names the Contact that the peer knows.
      const bare = ast.register(`Contact: <${ast.uri}>;expires=0`);
      assert.deepEqual(headers(bare, "Contact"), []);
      assert.equal(outcome(net, "sip:ast@astserver", there), "480");
    }),
  );
}

Deno.test(
  "contactAddr keeps the transport of the Contact",
  ladder(world({ device: "astserver", contactAddr: "192.0.2.40:6060" }), (net) => {
    const ast = net.phone("ast", {
      address: ADDRESS,
      domain: "astserver",
      registrar: SERVER,
      protocol: "tcp",
    });
    ast.register();
    const there = net.phone("ast", { address: "192.0.2.40", port: 6060, protocol: "tcp" });
    assert.equal(outcome(net, "sip:ast@astserver", there), "sip:ast@192.0.2.40:6060;transport=tcp");
  }),
);

Deno.test(
  "contactAddr may be a name",
  ladder({
    ...world({ device: "astserver", contactAddr: "pbx.example" }),
    names: { "pbx.example": ["192.0.2.41"] },
  }, async (net) => {
    asterisk(net, "astserver").register();
    const alice = net.phone("alice");
    alice.sendAuthenticated("MESSAGE sip:ast@astserver SIP/2.0");
    await net.settle();
    net.phone("ast", { address: "192.0.2.41" }).expect("MESSAGE sip:ast@pbx.example:5060 SIP/2.0");
  }),
);

Deno.test(
  "A peer's password is its own: no agent registers as it, and it registers as no agent",
  ladder(world({ device: "astserver" }), (net) => {
    const ast = asterisk(net, "astserver");
    const alice = net.phone("alice", { domain: "astserver", registrar: SERVER });
    const request = alice.send(
      `REGISTER sip:${SERVER} SIP/2.0\nTo: <sip:ast@astserver>\nContact: <${alice.uri}>`,
    );
    alice.authenticate(request, alice.expect("401"));
    alice.expect("401");
    const theft = ast.send(
      `REGISTER sip:sip.local SIP/2.0\nTo: <sip:alice@sip.local>\nContact: <${ast.uri}>`,
    );
    ast.authenticate(theft, ast.expect("401"));
    ast.expect("403");
  }),
);

Deno.test(
  "A peer registers at its own device, and at any other name that leads here, and is bound to its device",
  ladder(world({ device: "astserver" }), (net) => {
    for (const registrar of ["astserver", "ASTSERVER:5060", "pbx.lan", "192.0.2.250"]) {
      for (const domain of ["astserver", "pbx.lan"]) {
        const ast = net.phone("ast", { address: ADDRESS, domain, registrar });
        const answer = ast.register();
        assert.equal(uriIn(header(answer, "Contact")), ast.uri);
        assert.equal(outcome(net, "sip:ast@astserver", ast), ast.uri);
        ast.register(`Contact: <${ast.uri}>;expires=0`);
        assert.equal(outcome(net, "sip:ast@astserver", ast), "480");
      }
    }
  }),
);

Deno.test(
  "The realm of a peer that registers at another name is that name, and a wrong password is refused there",
  ladder(world({ device: "astserver" }), (net) => {
    const ast = net.phone("ast", { address: ADDRESS, domain: "pbx.lan" });
    const request = ast.send(`REGISTER sip:pbx.lan SIP/2.0\nContact: <${ast.uri}>`);
    const challenge = ast.expect("401");
    assert.match(header(challenge, "WWW-Authenticate"), /realm="pbx\.lan"/);
    ast.authenticate(request, challenge, { secret: "wrong" });
    ast.expect("401");
    assert.equal(net.server.location.size, 0);
  }),
);

Deno.test(
  "A peer without a device is reached at the name that it registered at",
  ladder(world({}), (net) => {
    const ast = net.phone("ast", { address: ADDRESS, domain: "pbx.lan" });
    ast.register();
    assert.equal(outcome(net, "sip:ast@pbx.lan", ast), ast.uri);
    assert.equal(outcome(net, `sip:ast@${ADDRESS}`, ast), ast.uri);
  }),
);

Deno.test(
  "Only peers register at a host that is not ours: neither agents nor unknown users do, and nothing is passed on",
  ladder(world({ device: "astserver" }), (net) => {
    for (const username of ["alice", "nobody"]) {
      const phone = net.phone(username, { domain: "elsewhere.example" });
      phone.send(`REGISTER sip:elsewhere.example SIP/2.0\nContact: <${phone.uri}>`);
      phone.expect("403");
      const atDevice = net.phone(username, { domain: "astserver" });
      const request = atDevice.send(`REGISTER sip:astserver SIP/2.0\nContact: <${atDevice.uri}>`);
      atDevice.authenticate(request, atDevice.expect("401"));
      atDevice.expect("401");
    }
    assert.equal(net.server.location.size, 0);
  }),
);

/** Returns the answer to a request with a claimed identity, without the challenge's nonce. */
function answerTo(net: Network, request: string): string {
  const stranger = net.phone("mallory", { address: "203.0.113.66", domain: "elsewhere.example" });
  stranger.send(request);
  return stranger.expect("").replace(/nonce="[^"]*"/g, "").replace(
    /tag=[^\s;]*|branch=[^\s;]*|Call-ID: .*|CSeq: .*/g,
    "",
  );
}

for (const place of ["astserver", SERVER, "sip.local", "elsewhere.example", "203.0.113.1"]) {
  Deno.test(
    `Answers do not tell which names peers have: a call from ${place} is answered alike, whatever the user`,
    ladder({ resources: [peer("ast", { device: "astserver" }), ...GATEWAYS] }, (net) => {
      const from = (name: string) =>
        answerTo(net, `INVITE sip:alice@sip.local SIP/2.0\nFrom: <sip:${name}@${place}>;tag=1`)
          .replaceAll(`${name}@`, "NAME@");
      assert.equal(from("ast"), from("abc"));
      assert.equal(from("trunk-user"), from("other-user"));
    }),
  );

  Deno.test(
    `Answers do not tell which names peers have: credentials of a user at ${place} are answered alike, whatever the user`,
    ladder({ resources: [peer("ast", { device: "astserver" }), ...GATEWAYS] }, (net) => {
      const signed = (name: string) =>
        answerTo(
          net,
          `INVITE sip:alice@sip.local SIP/2.0\nFrom: <sip:x@${place}>;tag=1\n` +
            `Proxy-Authorization: Digest username="${name}", realm="sip.local", nonce="1", uri="sip:alice@sip.local", response="2"`,
        ).replaceAll(`${name}@`, "NAME@");
      assert.equal(signed("ast"), signed("abc"));
    }),
  );
}
