/** §16.4: Route headers of requests that begin something, and what strict routers make of ours. */
import assert from "node:assert/strict";
import { ladder } from "../support/scenario.ts";
import { fromCaller, hasHeader, header, headers, uriIn } from "../support/sip_text.ts";

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
