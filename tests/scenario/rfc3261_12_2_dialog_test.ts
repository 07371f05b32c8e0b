/** §12.2 through the proxy: requests within a dialog go by our Record-Route, from either side, and nobody else's do. */
import assert from "node:assert/strict";
import { callBob } from "../support/calls.ts";
import type { Phone } from "../support/phone.ts";
import { ladder } from "../support/scenario.ts";
import {
  credentialsLine,
  fromCallee,
  fromCaller,
  hasHeader,
  header,
  headers,
  requestUri,
  startLine,
  uriIn,
} from "../support/sip_text.ts";

const RECORD_ROUTE = { spec: { recordRoute: true } };

/** Lets `from` send a request that `to` must get, and answers it. */
function pass(from: Phone, to: Phone, text: string): string {
  from.send(text);
  if (text.startsWith("INVITE")) from.expect("100");
  const arrived = to.expect(text.slice(0, text.indexOf(" ")));
  to.accept(arrived);
  from.expect("200");
  return arrived;
}

Deno.test(
  "§12.2: BYE of the caller",
  ladder(RECORD_ROUTE, (net) => {
    const { alice, bob, caller } = callBob(net);
    const bye = pass(alice, bob, fromCaller("BYE", caller));
    assert.equal(requestUri(bye), "sip:bob@192.0.2.12:5060");
    assert.ok(!hasHeader(bye, "Route"));
  }),
);

Deno.test(
  "§12.2: BYE of the callee",
  ladder(RECORD_ROUTE, (net) => {
    const { alice, bob, callee } = callBob(net);
    const bye = pass(bob, alice, fromCallee("BYE", callee));
    assert.equal(requestUri(bye), "sip:alice@192.0.2.11:5060");
    assert.ok(!hasHeader(bye, "Route"));
  }),
);

for (const method of ["INVITE", "UPDATE", "INFO", "REFER", "NOTIFY", "PRACK", "FOO"]) {
  Deno.test(
    `design: ${method} within a dialog needs no password, from neither side`,
    ladder(RECORD_ROUTE, (net) => {
      const { alice, bob, caller, callee } = callBob(net);
      pass(alice, bob, `${fromCaller(method, caller)}\nContact: <${alice.uri}>`);
      pass(bob, alice, `${fromCallee(method, callee)}\nContact: <${bob.uri}>`);
    }),
  );
}

Deno.test(
  "§12.2: a re-INVITE goes to the Contact of the dialog, whatever is registered by now",
  ladder(RECORD_ROUTE, (net) => {
    const { alice, bob, caller } = callBob(net);
    bob.register("Contact: *\nExpires: 0");
    pass(alice, bob, `${fromCaller("INVITE", caller)}\nContact: <${alice.uri}>`);
  }),
);

Deno.test(
  "§12.2: the dialog goes on after hours without a word",
  ladder(RECORD_ROUTE, (net) => {
    const { alice, bob, caller, callee } = callBob(net);
    net.clock.advance(12 * 3_600_000);
    pass(alice, bob, `${fromCaller("INVITE", caller)}\nContact: <${alice.uri}>`);
    pass(bob, alice, fromCallee("BYE", callee));
  }),
);

Deno.test(
  "§12.2: a caller behind NAT is reached by the address its INVITE came from",
  ladder((net) => {
    const alice = net.phone("alice", { address: "203.0.113.5", port: 31337 });
    const bob = net.registered("bob");
    alice.sendAuthenticated("INVITE sip:bob@sip.local SIP/2.0\nContact: <sip:alice@10.0.0.7:5060>");
    alice.expect("100");
    const invite = bob.expect("INVITE");
    const ok = bob.accept(invite);
    alice.expect("200");
    bob.send(fromCallee("BYE", { invite, ok }));
    alice.expect("BYE sip:alice@10.0.0.7:5060 SIP/2.0");
  }),
);

Deno.test(
  "§12.2: a callee behind NAT is reached by the address its REGISTER came from",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.phone("bob", { address: "203.0.113.5", port: 31337 });
    bob.register("Contact: <sip:bob@10.0.0.9:5060>");
    const invite = alice.invite("sip:bob@sip.local");
    bob.answer(bob.expect("INVITE"), "200 OK", { lines: "Contact: <sip:bob@10.0.0.9:5060>" });
    const ok = alice.expect("200");
    alice.send(fromCaller("ACK", { invite, ok }));
    bob.expect("ACK sip:bob@10.0.0.9:5060 SIP/2.0");
    alice.send(fromCaller("BYE", { invite, ok, cseq: 9 }));
    bob.expect("BYE sip:bob@10.0.0.9:5060 SIP/2.0");
  }),
);

Deno.test(
  "RFC 5626 §5.3.1: the connection to the callee is gone: the caller's BYE is answered 430",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.phone("bob", { protocol: "tcp", port: 40001 });
    bob.register("Contact: <sip:bob@10.0.0.9:5060;transport=tcp>");
    const invite = alice.invite("sip:bob@sip.local");
    bob.accept(bob.expect("INVITE"));
    const caller = { invite, ok: alice.expect("200"), cseq: 50 };
    bob.hangUpConnection();
    alice.send(fromCaller("BYE", caller));
    alice.expect("430");
    const { routr_calls_active, routr_dialogs } = net.server.metrics.snapshot();
    assert.deepEqual([routr_calls_active, routr_dialogs], [0, 0]);
    alice.send(fromCaller("ACK", caller));
    alice.expectNothing();
  }),
);

Deno.test(
  "§18.1.1: a callee whose Contact is its connection's address is reached over that connection",
  ladder((net) => {
    const { alice, bob, caller } = callBob(net, { bob: { protocol: "tcp", port: 40001 } });
    pass(alice, bob, fromCaller("BYE", caller));
    assert.equal(net.transports.tcp.flows.length, 1);
  }),
);

Deno.test(
  "RFC 5626 §5.3.1: the connection to the caller is gone: the callee's BYE is answered 430",
  ladder((net) => {
    const { alice, bob, callee } = callBob(net, { alice: { protocol: "tcp", port: 40001 } });
    alice.hangUpConnection();
    bob.send(fromCallee("BYE", callee));
    bob.expect("430");
  }),
);

const FORGED: readonly (readonly [name: string, change: (bye: string) => string])[] = [
  ["an altered seal", (bye) => bye.replace(/<sip:(.)/, (_, c) => `<sip:${c === "0" ? "1" : "0"}`)],
  ["another flow", (bye) => bye.replace(/<sip:([^@]*)@/, "<sip:$1u7f000001-13c4@")],
  ["another Call-ID", (bye) => bye.replace(/Call-ID: .*/, "Call-ID: another")],
  ["another tag of the caller", (bye) => bye.replace("tag=tag-of-alice", "tag=another")],
];

for (const [name, change] of FORGED) {
  Deno.test(
    `§12.2.2: a Route with ${name} belongs to no dialog: 481`,
    ladder(RECORD_ROUTE, (net) => {
      const { alice, bob, caller } = callBob(net);
      alice.send(change(fromCaller("BYE", caller)));
      alice.expect("481");
      bob.expectNothing();
    }),
  );
}

Deno.test(
  "design: a Route to this server that names no dialog: the request is asked for a password like any other",
  ladder(RECORD_ROUTE, (net) => {
    const { alice, bob, caller } = callBob(net);
    alice.send(fromCaller("BYE", caller).replace(/<sip:[^@]*@/, "<sip:"));
    alice.expect("407");
    bob.expectNothing();
  }),
);

Deno.test(
  "design: a forged Route gives no access: 403",
  ladder(RECORD_ROUTE, (net) => {
    const { caller } = callBob(net);
    const route = header(caller.ok, "Record-Route").replace(
      /<sip:(.)/,
      (_, c) => `<sip:${c === "0" ? "1" : "0"}`,
    );
    const mallory = net.phone("mallory", { domain: "elsewhere.example" });
    mallory.send(`INVITE sip:victim@198.51.100.7 SIP/2.0\nRoute: ${route}`);
    mallory.expect("403");
  }),
);

Deno.test(
  "§12.2: a request without To tag is in no dialog, even with a Route entry of ours: it needs the password",
  ladder(RECORD_ROUTE, (net) => {
    const { bob, caller, callee } = callBob(net);
    const carol = net.registered("carol");
    // All that bob knows of alice's dialog, used to call carol in her name.
    bob.send([
      "INVITE sip:carol@192.0.2.13:5060 SIP/2.0",
      `Route: ${header(callee.invite, "Record-Route")}`,
      `From: ${header(caller.invite, "From")}`,
      "To: <sip:carol@sip.local>",
      `Call-ID: ${header(caller.invite, "Call-ID")}`,
      `Contact: <${bob.uri}>`,
    ].join("\n"));
    bob.expect("407");
    carol.expectNothing();
  }),
);

Deno.test(
  "§22.3: credentials for our realm go no further within a dialog either: the far side could use them",
  ladder(RECORD_ROUTE, (net) => {
    const { alice, bob, caller } = callBob(net);
    const probe = alice.send("INVITE sip:bob@sip.local SIP/2.0");
    const challenge = alice.expect("407");
    const credentials = credentialsLine(probe, challenge, { username: "alice", secret: alice.secret });
    const invite = pass(
      alice,
      bob,
      `${fromCaller("INVITE", caller)}\nContact: <${alice.uri}>\n${credentials}`,
    );
    assert.deepEqual(headers(invite, "Proxy-Authorization"), []);
  }),
);

Deno.test(
  "§16.6: re-INVITEs are not record-routed again",
  ladder(RECORD_ROUTE, (net) => {
    const { alice, bob, caller } = callBob(net);
    const again = pass(alice, bob, `${fromCaller("INVITE", caller)}\nContact: <${alice.uri}>`);
    assert.ok(!hasHeader(again, "Record-Route"));
    assert.match(startLine(again), /^INVITE sip:bob@192\.0\.2\.12:5060 /);
  }),
);

Deno.test(
  "§12.2: the Record-Route of two forked branches each lead to their own device",
  ladder((net) => {
    const alice = net.phone("alice");
    const devices = [31, 32].map((host) => net.phone("bob", { address: "203.0.113.5", port: 31_000 + host }));
    for (const [i, device] of devices.entries()) device.register(`Contact: <sip:bob@10.0.0.${i}:5060>`);
    const invite = alice.invite("sip:bob@sip.local");
    for (const device of devices) {
      device.answer(device.expect("INVITE"), "200 OK", {
        tag: device.uri.replace(/\W/g, "-"),
        lines: "Contact: <sip:bob@10.0.0.1:5060>",
      });
      const ok = alice.expect("200");
      alice.send(fromCaller("BYE", { invite, ok, cseq: 9 }));
      assert.equal(uriIn(header(device.expect("BYE"), "To")), "sip:bob@sip.local");
    }
  }),
);

Deno.test(
  "§12.2.2: after a re-INVITE with another Contact requests go to that one: a phone may move to another network",
  ladder(RECORD_ROUTE, (net) => {
    const { alice, bob, caller, callee } = callBob(net);
    const moved = net.phone("alice", { address: "192.0.2.77" });
    const invite = moved.sendAuthenticated(`${fromCaller("INVITE", caller)}\nContact: <${moved.uri}>`);
    moved.expect("100");
    bob.accept(bob.expect("INVITE"));
    assert.equal(hasHeader(invite, "Proxy-Authorization"), true);
    moved.expect("200");
    const [, ...rest] = fromCallee("BYE", callee).split("\n");
    bob.send([`BYE ${moved.uri} SIP/2.0`, ...rest].join("\n"));
    alice.expectNothing();
    moved.expect("BYE sip:alice@192.0.2.77:5060 SIP/2.0");
  }),
);
