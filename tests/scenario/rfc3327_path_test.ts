/** RFC 3327: Path, the way back to a device behind other proxies. */
import assert from "node:assert/strict";
import type { Phone } from "../support/phone.ts";
import { ladder, type Network } from "../support/scenario.ts";
import { fromCallee, fromCaller, hasHeader, headers } from "../support/sip_text.ts";

/** The edge proxy that bob's device at 10.0.0.9 is behind; it passes his REGISTER on with these lines. */
function edgeOfBob(net: Network, lines: string): { edge: Phone; ok: string } {
  const edge = net.phone("bob", { address: "192.0.2.50" });
  return { edge, ok: edge.register(`Contact: <sip:bob@10.0.0.9>\n${lines}`) };
}

Deno.test(
  "RFC 3327 §5.3: Path is stored when the device supports it, and copied into the 200",
  ladder((net) => {
    const { ok } = edgeOfBob(
      net,
      "Supported: gruu, Path\nPath: <sip:192.0.2.50;lr>\nPath: <sip:second.example;lr>, <sip:third.example;lr>",
    );
    assert.equal(
      headers(ok, "Path").join(", "),
      "<sip:192.0.2.50;lr>, <sip:second.example;lr>, <sip:third.example;lr>",
    );
  }),
);

Deno.test(
  "RFC 3327 §5.4: a call goes along the Path: its values are the Routes, the Request-URI is the Contact",
  ladder((net) => {
    const alice = net.phone("alice");
    const { edge } = edgeOfBob(net, "Supported: path\nPath: <sip:192.0.2.50;lr>, <sip:inner.example;lr>");
    alice.invite("sip:bob@sip.local");
    const invite = edge.expect("INVITE sip:bob@10.0.0.9 SIP/2.0");
    assert.deepEqual(headers(invite, "Route"), ["<sip:192.0.2.50;lr>", "<sip:inner.example;lr>"]);
  }),
);

Deno.test(
  "design: a Path that names somebody else sends nothing there: a call goes where the REGISTER came from",
  ladder((net) => {
    const alice = net.phone("alice");
    const { edge } = edgeOfBob(net, "Supported: path\nPath: <sip:198.51.100.7;lr>");
    alice.invite("sip:bob@sip.local");
    assert.deepEqual(headers(edge.expect("INVITE"), "Route"), ["<sip:198.51.100.7;lr>"]);
  }),
);

Deno.test(
  "RFC 3327 §5.3: Path of a device that does not say it supports it is kept and used, and not told to it",
  ladder((net) => {
    const alice = net.phone("alice");
    const { edge, ok } = edgeOfBob(net, "Path: <sip:192.0.2.50;lr>");
    assert.ok(!hasHeader(ok, "Path"));
    alice.invite("sip:bob@sip.local");
    assert.deepEqual(headers(edge.expect("INVITE sip:bob@10.0.0.9 SIP/2.0"), "Route"), [
      "<sip:192.0.2.50;lr>",
    ]);
  }),
);

Deno.test(
  "RFC 3327: a later REGISTER without Path takes the Path away",
  ladder((net) => {
    const alice = net.phone("alice");
    const { edge } = edgeOfBob(net, "Supported: path\nPath: <sip:192.0.2.50;lr>");
    edge.register("Contact: <sip:bob@10.0.0.9>\nSupported: path");
    alice.invite("sip:bob@sip.local");
    assert.ok(!hasHeader(edge.expect("INVITE"), "Route"));
  }),
);

Deno.test(
  "a Path of many kilobytes is refused",
  ladder((net) => {
    const edge = net.phone("bob", { address: "192.0.2.50" });
    const path = Array.from({ length: 60 }, (_, i) => `<sip:${"x".repeat(40)}${i}.example;lr>`).join(", ");
    const answer = edge.tryRegister(`Contact: <sip:bob@10.0.0.9>\nSupported: path\nPath: ${path}`);
    assert.match(answer, /^SIP\/2\.0 4\d\d /);
    assert.equal(net.server.location.size, 0);
  }),
);

Deno.test(
  "§16.6 step 6: a strict router on the Path finds itself in the Request-URI, and the Contact at the end of Route",
  ladder((net) => {
    const alice = net.phone("alice");
    const { edge } = edgeOfBob(net, "Supported: path\nPath: <sip:192.0.2.50>, <sip:inner.example;lr>");
    alice.invite("sip:bob@sip.local");
    const invite = edge.expect("INVITE sip:192.0.2.50 SIP/2.0");
    assert.deepEqual(headers(invite, "Route"), ["<sip:inner.example;lr>", "<sip:bob@10.0.0.9>"]);
  }),
);

Deno.test(
  "§12.2: the dialog goes on by way of the edge, from either side",
  ladder({ spec: { recordRoute: true } }, (net) => {
    const alice = net.phone("alice");
    const { edge } = edgeOfBob(net, "Supported: path\nPath: <sip:192.0.2.50;lr>");
    const invite = alice.invite("sip:bob@sip.local");
    const atEdge = edge.expect("INVITE");
    const [ours] = headers(atEdge, "Record-Route");
    // The edge has put its own entry on top of ours, and bob has answered.
    const answer = { lines: "Contact: <sip:bob@10.0.0.9>" };
    const sentOk = edge.sendAsIs(
      edge.textOf(atEdge, "200 OK", answer).replace(
        "Record-Route:",
        "Record-Route: <sip:192.0.2.50;lr>\r\nRecord-Route:",
      ),
    );
    const ok = alice.expect("200");
    alice.send(fromCaller("INFO", { invite, ok, cseq: 50 }));
    const info = edge.expect("INFO sip:bob@10.0.0.9 SIP/2.0");
    assert.deepEqual(headers(info, "Route"), ["<sip:192.0.2.50;lr>"]);
    edge.answer(info, "200 OK");
    alice.expect("200");
    const [start, , ...rest] = fromCallee("BYE", { invite: atEdge, ok: sentOk }).split("\n");
    edge.send([start, `Route: ${ours}`, ...rest].join("\n"));
    assert.ok(!hasHeader(alice.expect("BYE sip:alice@192.0.2.11:5060 SIP/2.0"), "Route"));
  }),
);
