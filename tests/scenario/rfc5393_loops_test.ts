/** RFC 5393: loops, spirals, and how many branches a request may have. */
import assert from "node:assert/strict";
import type { Phone } from "../support/phone.ts";
import { ladder, SERVER } from "../support/scenario.ts";
import { header, headers, startLine } from "../support/sip_text.ts";

/** Sends a request on as another proxy would: its own Via on top, everything else as it came. */
function passBack(phone: Phone, request: string, requestUri: string): string {
  const [, ...rest] = request.split("\r\n");
  const [method] = startLine(request).split(" ");
  const address = phone.uri.replace(/^sip:\w+@/, "");
  const via = `Via: SIP/2.0/UDP ${address};branch=z9hG4bK-other-${headers(request, "Via").length}`;
  return phone.sendAsIs([`${method} ${requestUri} SIP/2.0`, via, ...rest].join("\r\n"));
}

Deno.test(
  "RFC 5393 §4.2: a request that comes back as it was is a loop: 482",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.invite("sip:bob@sip.local");
    passBack(bob, bob.expect("INVITE"), "sip:bob@sip.local");
    bob.expect("482");
  }),
);

Deno.test(
  "RFC 5393 §4.2: a loop through several elements is one, too",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const carol = net.phone("carol");
    alice.invite("sip:bob@sip.local");
    const first = passBack(bob, bob.expect("INVITE"), "sip:bob@sip.local");
    bob.expect("482");
    passBack(carol, first, "sip:bob@sip.local");
    carol.expect("482");
  }),
);

Deno.test(
  "RFC 5393 §4.2: a spiral, which comes back for somebody else, is forwarded",
  ladder({ spec: { allowUnauthenticatedCalls: true } }, (net) => {
    const stranger = net.phone("stranger", { domain: "elsewhere.example" });
    const bob = net.registered("bob");
    const carol = net.registered("carol");
    stranger.send("INVITE sip:bob@sip.local SIP/2.0");
    stranger.expect("100");
    passBack(bob, bob.expect("INVITE"), "sip:carol@sip.local");
    bob.expect("100");
    const spiral = carol.expect("INVITE sip:carol@192.0.2.13:5060 SIP/2.0");
    assert.equal(headers(spiral, "Via").length, 4);
    // And once more for bob: now it has been here before.
    passBack(carol, spiral, "sip:bob@sip.local");
    carol.expect("482");
  }),
);

Deno.test(
  "RFC 5393 §4.2: Vias of other ports of our address, and of other hosts, are nobody's loop",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.invite("sip:bob@sip.local");
    const branch = /branch=(\S+?);/.exec(header(bob.expect("INVITE"), "Via"))![1];
    alice.sendAuthenticated([
      "INVITE sip:bob@sip.local SIP/2.0",
      "Via: SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bKalice-again",
      `Via: SIP/2.0/UDP ${SERVER}:5070;branch=${branch}`,
      `Via: SIP/2.0/UDP 192.0.2.77:5060;branch=${branch}`,
    ].join("\n"));
    alice.expect("100");
    bob.expect("INVITE");
  }),
);

Deno.test(
  "RFC 5393 §5.3.3: a request without Max-Breadth goes on with 60",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.invite("sip:bob@sip.local");
    assert.deepEqual(headers(bob.expect("INVITE"), "Max-Breadth"), ["60"]);
  }),
);

Deno.test(
  "RFC 5393 §5.3.3: Max-Breadth is shared among the branches that run together",
  ladder((net) => {
    const alice = net.phone("alice");
    const devices = [31, 32, 33].map((host) => net.registered("bob", { address: `192.0.2.${host}` }));
    alice.invite("sip:bob@sip.local", "Max-Breadth: 10");
    const shares = devices.map((device) => Number(header(device.expect("INVITE"), "Max-Breadth")));
    assert.ok(shares.every((share) => share >= 1) && shares.reduce((a, b) => a + b) <= 10, String(shares));
  }),
);

Deno.test(
  "RFC 5393 §5.3.3: too little Max-Breadth for the branches: they run in turns",
  ladder((net) => {
    const alice = net.phone("alice");
    const devices = [31, 32, 33].map((host) => net.registered("bob", { address: `192.0.2.${host}` }));
    alice.invite("sip:bob@sip.local", "Max-Breadth: 2");
    const invites = devices.map((device) => device.takeAll()[0]);
    const ringing = devices.filter((_, i) => invites[i] !== undefined);
    assert.equal(ringing.length, 2);
    for (const [i, device] of devices.entries()) {
      if (invites[i] === undefined) continue;
      assert.equal(header(invites[i], "Max-Breadth"), "1");
      device.answer(invites[i], "480 Temporarily Unavailable");
      device.expect("ACK");
    }
    const last = devices.find((device) => !ringing.includes(device))!;
    assert.equal(header(last.expect("INVITE"), "Max-Breadth"), "2");
  }),
);

Deno.test(
  "RFC 5393 §5.3.3: branches that run one after the other need no breadth of their own",
  ladder((net) => {
    const alice = net.phone("alice");
    const first = net.phone("bob", { address: "192.0.2.31" });
    const second = net.phone("bob", { address: "192.0.2.32" });
    first.register(`Contact: <${first.uri}>;q=1.0`);
    second.register(`Contact: <${second.uri}>;q=0.5`);
    alice.invite("sip:bob@sip.local", "Max-Breadth: 1");
    const invite = first.expect("INVITE");
    assert.equal(header(invite, "Max-Breadth"), "1");
    first.answer(invite, "480 Temporarily Unavailable");
    first.expect("ACK");
    assert.equal(header(second.expect("INVITE"), "Max-Breadth"), "1");
  }),
);

Deno.test(
  "RFC 5393 §5.3.3: Max-Breadth 0 is answered 440",
  ladder((net) => {
    const alice = net.phone("alice");
    net.registered("bob");
    alice.sendAuthenticated("MESSAGE sip:bob@sip.local SIP/2.0\nMax-Breadth: 0");
    alice.expect("440");
  }),
);
