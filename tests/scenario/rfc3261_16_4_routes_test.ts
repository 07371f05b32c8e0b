/** §16.4: Route headers of requests that begin something, and what strict routers make of ours. */
import assert from "node:assert/strict";
import { gateway, peer } from "../support/resources.ts";
import { ladder } from "../support/scenario.ts";
import { fromCallee, fromCaller, hasHeader, header, headers, uriIn } from "../support/sip_text.ts";

for (
  const route of [
    "<sip:192.0.2.1;lr>",
    "<sip:192.0.2.1:5060;lr>",
    "<sip:sip.local;lr>",
    "<sip:sip.local:5060;transport=udp;lr>",
    "<sip:192.0.2.1:5061;transport=tls;lr>",
    "<sip:192.0.2.1;lr>, <sip:192.0.2.1;lr;transport=tcp>",
  ]
) {
  Deno.test(
    `§16.4: a preloaded Route that names us is taken off: ${route}`,
    ladder((net) => {
      const alice = net.phone("alice");
      const bob = net.registered("bob");
      alice.invite("sip:bob@sip.local", `Route: ${route}`);
      assert.ok(!hasHeader(bob.expect("INVITE sip:bob@192.0.2.12:5060 SIP/2.0"), "Route"));
    }),
  );
}

Deno.test(
  "§16.4: a REGISTER may come with a preloaded Route to us",
  ladder((net) => {
    net.phone("alice").register("Route: <sip:192.0.2.1;lr>\nContact: <sip:alice@192.0.2.11>");
    assert.equal(net.server.location.size, 1);
  }),
);

for (
  const route of [
    "<sip:198.51.100.9;lr>",
    "<sip:192.0.2.1;lr>, <sip:198.51.100.9;lr>",
    "<sip:192.0.2.1:5070;lr>",
    "<sip:192.0.2.12:5060;lr>",
  ]
) {
  Deno.test(
    `design, no open relay: a Route to somewhere else is answered 403: ${route}`,
    ladder((net) => {
      const alice = net.phone("alice");
      net.registered("bob");
      alice.sendAuthenticated(`INVITE sip:bob@sip.local SIP/2.0\nRoute: ${route}`);
      alice.expect("403");
    }),
  );
}

Deno.test(
  "design, no open relay: a Route to somewhere else is no way around the password",
  ladder((net) => {
    const alice = net.phone("alice");
    alice.send("INVITE sip:bob@sip.local SIP/2.0\nRoute: <sip:198.51.100.9;lr>");
    alice.expect("407");
  }),
);

Deno.test(
  "§16.4: a strict router's request is put right: Request-URI from the end of Route",
  ladder({ spec: { recordRoute: true } }, (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local");
    bob.accept(bob.expect("INVITE"));
    const ok = alice.expect("200");
    const ours = uriIn(header(ok, "Record-Route"));
    const [, ...rest] = fromCaller("BYE", { invite, ok, cseq: 9 }).split("\n");
    alice.send(
      [
        `BYE ${ours} SIP/2.0`,
        "Route: <sip:bob@192.0.2.12:5060>",
        ...rest.filter((line) => !/^Route/.test(line)),
      ]
        .join("\n"),
    );
    assert.ok(!hasHeader(bob.expect("BYE sip:bob@192.0.2.12:5060 SIP/2.0"), "Route"));
  }),
);

Deno.test(
  "§16.4: after a strict router, the Routes before the last stay",
  ladder({ spec: { recordRoute: true } }, (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local");
    bob.accept(bob.expect("INVITE"));
    const ok = alice.expect("200");
    const ours = uriIn(header(ok, "Record-Route"));
    const [, ...rest] = fromCaller("BYE", { invite, ok, cseq: 9 }).split("\n");
    alice.send([
      `BYE ${ours} SIP/2.0`,
      "Route: <sip:192.0.2.50;lr>, <sip:bob@192.0.2.12:5060>",
      ...rest.filter((line) => !/^Route/.test(line)),
    ].join("\n"));
    const bye = bob.expect("BYE sip:bob@192.0.2.12:5060 SIP/2.0");
    assert.deepEqual(headers(bye, "Route"), ["<sip:192.0.2.50;lr>"]);
  }),
);

Deno.test(
  "§16.4: a Request-URI that only looks like our Record-Route is not rewritten",
  ladder((net) => {
    const alice = net.phone("alice");
    net.registered("bob");
    alice.sendAuthenticated(`
      INVITE sip:0123456789abcdef.u7f000001-13c4.@192.0.2.1;lr SIP/2.0
      Route: <sip:bob@198.51.100.9>
    `);
    alice.expect("403");
  }),
);

Deno.test(
  "§16.12: a Request-URI that names us by address means the caller's own domain",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    for (const uri of ["sip:bob@192.0.2.1", "sip:bob@192.0.2.1:5060", "sip:bob@192.0.2.1;transport=udp"]) {
      alice.invite(uri);
      bob.expect("INVITE sip:bob@192.0.2.12:5060 SIP/2.0");
    }
  }),
);

const NAMES = { "pbx.lan": ["192.0.2.1"], "provider.example": ["192.0.2.1"] };

Deno.test(
  "§16.4: a Route whose name resolves to this server is ours, for calls too",
  ladder({ names: NAMES }, async (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    for (const method of ["INVITE", "MESSAGE"]) {
      alice.sendAuthenticated(
        `${method} sip:bob@sip.local SIP/2.0\nRoute: <sip:pbx.lan;lr>\nContact: <${alice.uri}>`,
      );
      await net.settle();
      if (method === "INVITE") alice.expect("100");
      assert.ok(!hasHeader(bob.expect(method), "Route"));
    }
  }),
);

Deno.test(
  "§16.4: a Route that a phone has registered by is ours: the address of a port forward",
  ladder({ isKept: true }, async (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const route = "Route: <sip:198.51.100.1:5080;lr>";
    alice.sendAuthenticated(`INVITE sip:bob@sip.local SIP/2.0\n${route}`);
    alice.expect("403");
    alice.register(`${route}\nContact: <${alice.uri}>`);
    alice.invite("sip:bob@sip.local", route);
    const arrived = bob.expect("INVITE");
    assert.ok(!hasHeader(arrived, "Route"));
    bob.accept(arrived);
    alice.expect("200");
    await net.restart();
    alice.invite("sip:bob@sip.local", route);
    bob.expect("INVITE");
  }),
);

Deno.test(
  "design, no open relay: a Route by which nobody has registered, or with two entries, or to a gateway is not ours",
  ladder({ names: NAMES, resources: [gateway("GW1", "provider.example")] }, async (net) => {
    const alice = net.phone("alice");
    net.registered("bob");
    for (
      const route of [
        "<sip:nowhere.example;lr>",
        "<sip:pbx.lan;lr>, <sip:198.51.100.9;lr>",
        "<sip:provider.example;lr>",
      ]
    ) {
      alice.register(`Route: ${route}\nContact: <${alice.uri}>`.replace("nowhere", "else"));
      alice.sendAuthenticated(`INVITE sip:bob@sip.local SIP/2.0\nRoute: ${route}`);
      await net.settle();
      // The name is looked up meanwhile.
      if (!route.includes(",")) alice.expect("100");
      alice.expect("403");
    }
  }),
);

Deno.test(
  "§16.4: a call that passes twice has an entry for each time, and each takes off its own",
  ladder({ spec: { recordRoute: true }, resources: [peer("pbx", { device: "pbxserver" })] }, (net) => {
    const pbx = net.registered("pbx", {
      address: "192.0.2.20",
      domain: "pbxserver",
      registrar: "192.0.2.1",
    });
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:pbx@pbxserver");
    // The peer is a proxy that does not record its route, and sends the call back in for bob.
    const away = pbx.expect("INVITE ");
    const back = (message: string, uri: string, branch: string) =>
      pbx.sendAsIs(
        message.replace(/ \S+ SIP/, ` ${uri} SIP`).replace(
          "\r\n",
          `\r\nVia: SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bK-${branch}\r\n`,
        ),
      );
    const refused = back(away, "sip:bob@sip.local", "pbx-1");
    const challenge = pbx.expect("407");
    pbx.authenticate(refused, challenge, { username: "alice", secret: alice.secret });
    pbx.expect("100");
    const arrived = bob.expect("INVITE ");
    assert.equal(headers(arrived, "Record-Route").length, 2);
    const accepted = bob.accept(arrived);
    const upstream = (message: string) => pbx.sendAsIs(message.replace(/^Via: .*\r\n/m, ""));
    upstream(pbx.expect("200"));
    const ok = alice.expect("200");
    // ACK and BYE go the same way: by the peer, and by us once more.
    for (const method of ["ACK", "BYE"]) {
      alice.send(fromCaller(method, { invite, ok, cseq: 9 }));
      const passing = pbx.expect(`${method} ${bob.uri} `);
      assert.equal(headers(passing, "Route").length, 1);
      back(passing, bob.uri, `pbx-${method}`);
      const last = bob.expect(`${method} ${bob.uri} `);
      assert.equal(headers(last, "Route").length, 0);
      if (method === "BYE") {
        bob.answer(last, "200 OK");
        upstream(pbx.expect("200"));
        alice.expect("200");
      }
    }
    bob.send(fromCallee("OPTIONS", { invite: arrived, ok: accepted }));
    bob.expect("481");
  }),
);

Deno.test(
  "§16.4: a maddr that is this server is taken off the Request-URI, with port and transport",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.invite("sip:bob@sip.local:5060;transport=udp;maddr=192.0.2.1");
    bob.expect("INVITE ");
  }),
);

Deno.test(
  "§16.5, no open relay: a maddr that is somebody else leads nowhere",
  ladder((net) => {
    const alice = net.phone("alice");
    net.registered("bob");
    alice.sendAuthenticated("INVITE sip:bob@sip.local;maddr=198.51.100.9 SIP/2.0");
    alice.expect("403");
    alice.sendAuthenticated("INVITE sip:bob@sip.local SIP/2.0\nRoute: <sip:sip.local;maddr=198.51.100.9;lr>");
    alice.expect("403");
  }),
);

Deno.test(
  "RFC 7118 §5.2: a Contact that is registered now is called by its flow: an attended transfer between browsers",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.phone("bob", { protocol: "tcp", port: 40001 });
    bob.register("Contact: <sip:k4jd7@d83n.invalid;transport=ws;ob>");
    alice.invite("sip:k4jd7@d83n.invalid;transport=ws", "Replaces: abc;to-tag=1;from-tag=2");
    bob.expect("INVITE sip:k4jd7@d83n.invalid;transport=ws;ob SIP/2.0");
    bob.register("Contact: *\nExpires: 0");
    alice.sendAuthenticated("INVITE sip:k4jd7@d83n.invalid;transport=ws SIP/2.0");
    alice.expect("403");
  }),
);

Deno.test(
  "design: a caller that may not call an agent does not reach its Contact either",
  ladder({
    domains: ["sip.local", "other.local"],
    agents: [{ username: "alice", domains: ["other.local"] }, { username: "bob", domains: ["sip.local"] }],
  }, (net) => {
    net.phone("bob").register("Contact: <sip:bob@192.0.2.12>");
    const alice = net.phone("alice", { domain: "other.local" });
    alice.sendAuthenticated("INVITE sip:bob@192.0.2.12 SIP/2.0");
    alice.expect("403");
    const stranger = net.phone("mallory", { domain: "elsewhere.example" });
    stranger.send("INVITE sip:bob@192.0.2.12 SIP/2.0");
    stranger.expect("403");
  }),
);
