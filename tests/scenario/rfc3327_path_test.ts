/** RFC 3327: Path, the way back to a device behind other proxies. */
import assert from "node:assert/strict";
import { ladder } from "../support/scenario.ts";
import { hasHeader, header, headers } from "../support/sip_text.ts";

Deno.test(
  "RFC 3327 §5.3: Path is stored when the device supports it, and copied into the 200",
  ladder((net) => {
    const bob = net.phone("bob");
    const ok = bob.register(`
      Contact: <sip:bob@10.0.0.9>
      Supported: gruu, Path
      Path: <sip:first.example;lr>
      Path: <sip:second.example;lr>, <sip:third.example;lr>
    `);
    assert.equal(
      headers(ok, "Path").join(", "),
      "<sip:first.example;lr>, <sip:second.example;lr>, <sip:third.example;lr>",
    );
  }),
);

Deno.test(
  "RFC 3327 §5.4: a call goes along the Path: its values are the Routes, the Request-URI is the Contact",
  ladder((net) => {
    const alice = net.phone("alice");
    const edge = net.phone("edge", { address: "192.0.2.50" });
    const bob = net.phone("bob");
    bob.register(`
      Contact: <sip:bob@10.0.0.9>
      Supported: path
      Path: <sip:192.0.2.50;lr>, <sip:inner.example;lr>
    `);
    alice.invite("sip:bob@sip.local");
    const invite = edge.expect("INVITE sip:bob@10.0.0.9 SIP/2.0");
    assert.deepEqual(headers(invite, "Route"), ["<sip:192.0.2.50;lr>", "<sip:inner.example;lr>"]);
    bob.expectNothing();
  }),
);

Deno.test(
  "RFC 3327 §5.3: Path of a device that does not say it supports it is not used",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.phone("bob");
    const ok = bob.register(`
      Contact: <sip:bob@192.0.2.12:5060>
      Path: <sip:192.0.2.50;lr>
    `);
    assert.ok(!hasHeader(ok, "Path"));
    alice.invite("sip:bob@sip.local");
    assert.ok(!hasHeader(bob.expect("INVITE sip:bob@192.0.2.12:5060 SIP/2.0"), "Route"));
  }),
);

Deno.test(
  "RFC 3327: a later REGISTER without Path takes the Path away",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.phone("bob");
    bob.register("Contact: <sip:bob@192.0.2.12:5060>\nSupported: path\nPath: <sip:192.0.2.50;lr>");
    bob.register("Contact: <sip:bob@192.0.2.12:5060>\nSupported: path");
    alice.invite("sip:bob@sip.local");
    assert.ok(!hasHeader(bob.expect("INVITE"), "Route"));
  }),
);

Deno.test(
  "§16.6 step 6: a strict router on the Path finds itself in the Request-URI, and the Contact at the end of Route",
  ladder((net) => {
    const alice = net.phone("alice");
    const edge = net.phone("edge", { address: "192.0.2.50" });
    net.phone("bob").register(`
      Contact: <sip:bob@10.0.0.9>
      Supported: path
      Path: <sip:192.0.2.50>, <sip:inner.example;lr>
    `);
    alice.invite("sip:bob@sip.local");
    const invite = edge.expect("INVITE sip:192.0.2.50 SIP/2.0");
    assert.deepEqual(headers(invite, "Route"), ["<sip:inner.example;lr>", "<sip:bob@10.0.0.9>"]);
  }),
);

Deno.test(
  "RFC 3263 §4: a Path that names a host goes to its address, and the port it names",
  ladder({ names: { "edge.example": ["192.0.2.50"] } }, async (net) => {
    const alice = net.phone("alice");
    const edge = net.phone("edge", { address: "192.0.2.50", port: 5070 });
    net.phone("bob").register(`
      Contact: <sip:bob@10.0.0.9>
      Supported: path
      Path: <sip:edge.example:5070;lr>
    `);
    alice.invite("sip:bob@sip.local");
    edge.expectNothing();
    await net.settle();
    assert.equal(header(edge.expect("INVITE"), "Route"), "<sip:edge.example:5070;lr>");
  }),
);

Deno.test(
  "RFC 3263 §4: a Path that names a host nobody knows: the caller gets 503 at once",
  ladder(async (net) => {
    const alice = net.phone("alice");
    net.phone("bob").register(`
      Contact: <sip:bob@10.0.0.9>
      Supported: path
      Path: <sip:nowhere.example;lr>
    `);
    alice.invite("sip:bob@sip.local");
    await net.settle();
    alice.expect("503");
  }),
);
