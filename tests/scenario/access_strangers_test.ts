/** What strangers may do, and what is done to them, by the defaults of `spec.access` and its presets. */
import assert from "node:assert/strict";
import { configurationSchema } from "../../src/config/configuration.ts";
import { challengeFor, guess, guesser, guessOn, guessWith } from "../support/guesser.ts";
import { secretOf } from "../support/phone.ts";
import { ladder, type Network } from "../support/scenario.ts";
import { fromCaller } from "../support/sip_text.ts";

const STRANGER = "198.51.100.7";

Deno.test(
  "1,000 addresses that guess at one account are slowed together; its phone goes on, and gets in from where it is known",
  ladder((net) => {
    const events = net.listen("account.");
    const bob = net.registered("bob", { address: "203.0.113.12" });
    let tried = 0;
    const failures = () => valueOf(net, "routr_authentication_failures_total");
    for (let i = 0; i < 1000; i++) {
      net.clock.advance(10);
      const mallory = guesser(net, { address: `198.18.${i >> 8}.${i & 255}`, username: "bob" });
      if (guess(mallory, `wrong ${i}`) !== undefined) tried++;
      if (i % 100 === 0) bob.register();
    }
    assert.equal(tried, 1000, "all are answered alike");
    assert.deepEqual(events.map(({ type }) => type), ["account.guessed"]);
    // 100, and one a second of the nine seconds after them.
    assert.ok(failures() >= 100 && failures() <= 110, `${failures()} passwords were tried`);
    // The right password from a new address is not told from a wrong one but once a second.
    const lucky = guesser(net, { address: "198.19.0.1", username: "bob" });
    guess(guesser(net, { address: "198.19.0.2", username: "bob" }));
    assert.match(guess(lucky, secretOf("bob"))!, /^SIP\/2\.0 401 /);
    // His own phone, from another port of an address where it is known.
    net.registered("bob", { address: "203.0.113.12", port: 5099 });
  }),
);

Deno.test(
  "scanners hear nothing, whatever they send, in any case of their name",
  ladder((net) => {
    for (const protocol of ["udp", "tcp"] as const) {
      const scanner = net.phone("x", { address: protocol === "udp" ? STRANGER : "198.51.100.8", protocol });
      for (const name of ["friendly-scanner", "sipcli/v1.8", "SIPVicious 0.3", "my VaxSIP thing"]) {
        for (const method of ["OPTIONS", "REGISTER", "INVITE", "SUBSCRIBE"]) {
          scanner.send(`${method} sip:sip.local SIP/2.0\nUser-Agent: ${name}`);
        }
      }
      scanner.expectNothing();
    }
  }),
);

Deno.test(
  "a connection is banned for one scan; datagrams with a scanner's name ban nobody",
  ladder((net) => {
    const events = net.listen("address.");
    const scan = "OPTIONS sip:sip.local SIP/2.0\nUser-Agent: friendly-scanner";
    const forged = net.phone("alice", { address: "198.51.100.9" });
    for (let i = 0; i < 40; i++) forged.send(scan);
    forged.register();
    assert.equal(events.length, 0);
    net.phone("x", { address: STRANGER, protocol: "tcp" }).send(scan);
    assert.equal(events.length, 1);
    const later = net.phone("x", { address: STRANGER });
    later.send("OPTIONS sip:sip.local SIP/2.0");
    later.expectNothing();
  }),
);

Deno.test(
  "a nonce of an open connection is good on no other, and on any after that is closed",
  ladder((net) => {
    const [one, other] = [1, 2].map((i) =>
      guesser(net, { address: STRANGER, port: 40000 + i, protocol: "tcp" })
    );
    const { challenge } = challengeFor(one)!;
    assert.match(guessWith(other, challenge, secretOf("bob"))!, /^SIP\/2\.0 401 [^]*stale="?true/i);
    one.hangUpConnection();
    assert.match(guessWith(other, challenge, secretOf("bob"))!, /^SIP\/2\.0 200 /);
  }),
);

Deno.test(
  "within a call that a stranger is in, his flow is not limited; responses and keep-alives of others are",
  ladder((net) => {
    net.clock.advance(1000);
    const alice = net.registered("alice", { address: "203.0.113.11" });
    const bob = net.registered("bob", { address: "203.0.113.12" });
    const invite = alice.invite("sip:bob@sip.local");
    bob.accept(bob.expect("INVITE"));
    const ok = alice.expect("200");
    alice.send(fromCaller("ACK", { invite, ok }));
    bob.expect("ACK");
    for (let i = 0; i < 200; i++) {
      alice.send(fromCaller("INFO", { invite, ok, cseq: 100 + i }));
      bob.answer(bob.expect("INFO"), "200 OK");
      alice.expect("200");
    }
    const stranger = net.phone("x", { address: STRANGER });
    const before = valueOf(net, "routr_limited_messages_total");
    for (let i = 0; i < 100; i++) {
      stranger.sendAsIs("\r\n\r\n");
      stranger.sendAsIs(ok);
    }
    // A burst of 60.
    assert.equal(valueOf(net, "routr_limited_messages_total") - before, 140);
    stranger.takeAll();
  }),
);

Deno.test(
  "addresses of an IPv6 /64 are one guesser; another /64 is another",
  ladder((net) => {
    const at = (address: string) => guesser(net, { address });
    let answered = 0;
    for (let i = 1; i <= 30; i++) {
      if (guess(at(`[2001:db8:1:1::${i.toString(16)}]`)) !== undefined) answered++;
    }
    assert.equal(answered, 10);
    assert.ok(guess(at("[2001:db8:1:2::1]")));
    assert.deepEqual(net.server.access.bans.list().map(({ network }) => network), ["2001:db8:1:1::/64"]);
  }),
);

for (
  const [preset, tries, burst, seconds] of [
    ["strict", 5, 30, 14_400],
    ["normal", 10, 60, 3600],
    ["relaxed", 30, 300, 600],
  ] as const
) {
  Deno.test(
    `preset ${preset}: silence after ${tries} passwords for ${seconds} s, ${burst} messages at once`,
    ladder({ spec: { access: { preset } } }, (net) => {
      const mallory = guesser(net, { address: STRANGER });
      assert.equal(guessOn(mallory, 100, () => net.clock.advance(200)), tries);
      net.clock.advance(seconds * 1000 - 300);
      assert.equal(guess(mallory), undefined);
      net.clock.advance(1000);
      assert.ok(guess(mallory));
      const stranger = net.phone("x", { address: "198.51.100.8" });
      for (let i = 0; i < 400; i++) stranger.send("OPTIONS sip:sip.local SIP/2.0");
      assert.equal(stranger.takeAll().length, burst);
    }),
  );
}

Deno.test(
  "preset off: nobody is limited, banned or ignored",
  ladder({ spec: { access: { preset: "off" } } }, (net) => {
    const mallory = guesser(net, { address: STRANGER });
    assert.equal(guessOn(mallory, 300), 300);
    const scanner = net.phone("x", { address: STRANGER });
    scanner.send("OPTIONS sip:sip.local SIP/2.0\nUser-Agent: friendly-scanner");
    scanner.expect("200");
  }),
);

Deno.test(
  "changed settings hold at once, and bans in force go on",
  ladder((net) => {
    const mallory = guesser(net, { address: STRANGER });
    assert.equal(guessOn(mallory, 30), 10);
    change(net, { ban: { points: 3 } });
    assert.equal(guess(mallory), undefined);
    assert.equal(guessOn(guesser(net, { address: "198.51.100.8" }), 30), 3);
    change(net, { trusted: [`${STRANGER}/32`] });
    assert.ok(guess(mallory));
    change(net, { preset: "off" });
    assert.ok(guess(guesser(net, { address: "198.51.100.8" })));
  }),
);

Deno.test(
  "trusted networks guess without an end, and their users are not slowed",
  ladder({ spec: { access: { trusted: ["198.51.100.0/24"] } } }, (net) => {
    const events = net.listen("address.");
    assert.equal(guessOn(guesser(net, { address: STRANGER }), 90), 90);
    assert.deepEqual(events, []);
  }),
);

function change(net: Network, access: Record<string, unknown>): void {
  net.server.access.change(configurationSchema.parse({ apiVersion: "v1beta1", spec: { access } }).access);
}

function valueOf(net: Network, name: string): number {
  return net.server.metrics.snapshot()[name];
}
