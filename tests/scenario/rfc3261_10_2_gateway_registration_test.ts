/** Registrations with gateways (§10.2): what a provider's registrar sees of us, and what we make of its answers. */
import assert from "node:assert/strict";
import { logged } from "../support/log_lines.ts";
import { branchOf, header, headers, startLine, tagOf, uriIn } from "../support/sip_text.ts";
import { gateway } from "../unit/core/trunk/gateways.ts";
import { FIRST, isAuthenticated, SECOND, TrunkRig } from "../unit/core/trunk/trunk_rig.ts";

const TWO_ADDRESSES = { hosts: { "sip.provider.com": [FIRST, SECOND] } };

function cseqOf(request: string): number {
  return parseInt(header(request, "CSeq"));
}

Deno.test("§10.2: a gateway with credentials gets a REGISTER at start", async () => {
  const rig = await TrunkRig.start();
  const register = rig.register();
  assert.equal(startLine(register), "REGISTER sip:sip.provider.com SIP/2.0");
  assert.match(header(register, "Via"), /^SIP\/2\.0\/UDP 192\.0\.2\.1:5060;branch=z9hG4bK\w+;rport$/);
  assert.equal(uriIn(header(register, "From")), "sip:trunk@sip.provider.com");
  assert.notEqual(tagOf(header(register, "From")), "");
  assert.equal(uriIn(header(register, "To")), "sip:trunk@sip.provider.com");
  assert.equal(uriIn(header(register, "Contact")), "sip:trunk@192.0.2.1:5060");
  assert.equal(header(register, "Expires"), "3600");
  assert.equal(header(register, "User-Agent"), "Routr v1.0");
  assert.equal(header(register, "Supported"), "path");
  assert.equal(header(register, "Max-Forwards"), "70");
  assert.ok(!register.includes("GW1"), "The reference of a gateway stays inside");
  assert.equal(rig.status.state, "registering");
});

Deno.test("§10.2.4: a 200 makes it registered for the lifetime that is granted", async () => {
  const rig = await TrunkRig.start();
  await rig.accept("Contact: <sip:trunk@192.0.2.1:5060>;expires=1800");
  const now = rig.clock.wallTime();
  assert.deepEqual(rig.registrations.list(), [{
    gwRef: "GW1",
    host: "sip.provider.com",
    port: 5060,
    username: "trunk",
    state: "registered",
    lastStatus: 200,
    reason: "",
    address: `${FIRST}:5060`,
    expires: 1800,
    registeredOn: now,
    nextAttempt: now + 1440_000,
  }]);
  assert.deepEqual(rig.accepted, [`GW1 ${FIRST}`]);
  assert.equal(rig.metrics.snapshot()["routr_registered_gateways"], 1);
  assert.equal(rig.metrics.snapshot()["routr_gateway_registration_failures_total"], 0);
});

Deno.test("§10.2.4: it is refreshed before its end, under the same Call-ID with a higher CSeq", async () => {
  const rig = await TrunkRig.start();
  const first = await rig.accept("Expires: 600");
  await rig.pass(479_000);
  assert.deepEqual(rig.taken(), []);
  await rig.pass(1_100);
  const second = await rig.accept("Expires: 600");
  assert.equal(header(second, "Call-ID"), header(first, "Call-ID"));
  assert.equal(header(second, "From"), header(first, "From"));
  assert.equal(cseqOf(second), cseqOf(first) + 1);
  assert.notEqual(branchOf(second), branchOf(first));
  rig.random = 0.999;
  await rig.pass(480_000);
  await rig.accept("Expires: 600");
  await rig.pass(539_000);
  assert.deepEqual(rig.taken(), []);
  await rig.pass(1_000);
  rig.register();
  assert.equal(rig.status.state, "registered");
});

Deno.test("§22.2: a challenge is answered, in a request of its own", async () => {
  const rig = await TrunkRig.start();
  const first = rig.register();
  const challenge = `WWW-Authenticate: Digest realm="asterisk", nonce="n1", qop="auth", algorithm=MD5`;
  await rig.answer(first, "401 Unauthorized", challenge);
  const second = rig.register();
  assert.ok(isAuthenticated(second, challenge));
  assert.equal(cseqOf(second), cseqOf(first) + 1);
  assert.equal(header(second, "Call-ID"), header(first, "Call-ID"));
  assert.notEqual(branchOf(second), branchOf(first));
  await rig.answer(second, "200 OK");
  assert.equal(rig.status.state, "registered");
});

Deno.test("§22.3: a proxy and a registrar that both ask get both answers", async () => {
  const rig = await TrunkRig.start();
  const outer = `Proxy-Authenticate: Digest realm="edge", nonce="n1", algorithm=MD5`;
  const inner = `WWW-Authenticate: Digest realm="core", nonce="n2", algorithm=MD5`;
  await rig.answer(rig.register(), "407 Proxy Authentication Required", outer);
  const second = rig.register();
  assert.ok(isAuthenticated(second, outer));
  await rig.answer(second, "401 Unauthorized", inner);
  const third = rig.register();
  assert.ok(isAuthenticated(third, outer));
  assert.ok(isAuthenticated(third, inner));
  await rig.answer(third, "200 OK");
  assert.equal(rig.realms.accepts([...rig.directory.gateways()][0], "edge"), true);
  assert.equal(rig.realms.accepts([...rig.directory.gateways()][0], "core"), true);
  assert.equal(rig.realms.accepts([...rig.directory.gateways()][0], "elsewhere"), false);
});

Deno.test("§22.2: a new nonce without stale=true means that the password is wrong: it is not sent again", async () => {
  const rig = await TrunkRig.start();
  const second = await rig.challenge(rig.register(), `realm="r", nonce="n1"`);
  await rig.answer(second, "401 Unauthorized", `WWW-Authenticate: Digest realm="r", nonce="n2", stale=false`);
  assert.deepEqual(rig.taken(), []);
  assert.equal(rig.status.state, "failed");
  assert.equal(rig.status.lastStatus, 401);
  assert.equal(rig.status.reason, "wrong username or password");
  await rig.pass(14_900);
  assert.deepEqual(rig.taken(), []);
  // The next attempt begins anew, once as well, and the one after it comes later.
  await rig.pass(200);
  await rig.challenge(rig.register(), `realm="r", nonce="n3"`).then((again) =>
    rig.answer(again, "401 Unauthorized", `WWW-Authenticate: Digest realm="r", nonce="n4"`)
  );
  assert.deepEqual(rig.taken(), []);
  assert.equal(Math.round(rig.delay), 30);
});

Deno.test("§22.2: a wrong password has one line in the log, however often it is refused", async () => {
  const lines = await logged("info", async () => {
    const rig = await TrunkRig.start();
    for (let attempt = 0; attempt < 3; attempt++) {
      const signed = await rig.challenge(rig.register());
      await rig.answer(signed, "401 Unauthorized", `WWW-Authenticate: Digest realm="asterisk", nonce="n2"`);
      await rig.pass(rig.delay * 1000 + 20);
    }
    rig.register();
  });
  assert.deepEqual(lines, [
    "warning trunk: Gateway GW1 has not registered us at sip.provider.com: 401 wrong username or password, " +
    "next attempt in 15 s",
  ]);
});

Deno.test("§22.2: a stale nonce says nothing of the password: there are three answers", async () => {
  const rig = await TrunkRig.start();
  let request = await rig.challenge(rig.register(), `realm="r", nonce="n1"`);
  for (const nonce of ["n1", "n2"]) {
    request = await rig.challenge(request, `realm="r", nonce="${nonce}", stale=TRUE`);
    assert.ok(
      isAuthenticated(request, `WWW-Authenticate: Digest realm="r", nonce="${nonce}", algorithm=MD5`),
    );
    assert.equal(headers(request, "Authorization").length, 1);
  }
  await rig.answer(request, "401 Unauthorized", `WWW-Authenticate: Digest realm="r", nonce="n4", stale=true`);
  assert.deepEqual(rig.taken(), []);
  assert.equal(rig.status.reason, "credentials are asked for again and again");
});

Deno.test("§22.3: a proxy that refuses what it was given is not answered again, whatever the registrar asks", async () => {
  const rig = await TrunkRig.start();
  const outer = (nonce: string) => `Proxy-Authenticate: Digest realm="edge", nonce="${nonce}", algorithm=MD5`;
  const inner = `WWW-Authenticate: Digest realm="core", nonce="n2", algorithm=MD5`;
  await rig.answer(rig.register(), "401 Unauthorized", `${inner}\n${outer("n1")}`);
  const both = rig.register();
  assert.ok(isAuthenticated(both, outer("n1")));
  assert.ok(isAuthenticated(both, inner));
  await rig.answer(both, "407 Proxy Authentication Required", outer("n3"));
  assert.deepEqual(rig.taken(), []);
  assert.equal(rig.status.reason, "wrong username or password");
});

Deno.test("§10.2.4: what a registrar has made of our Contact is refreshed before it ends", async () => {
  const rig = await TrunkRig.start();
  await rig.accept("Contact: <sip:trunk@203.0.113.9:40000>;expires=20");
  assert.equal(rig.status.expires, 20);
  await rig.pass(15_100);
  await rig.accept("Contact: <sip:other@192.0.2.1>;expires=600\nExpires: 900");
  assert.equal(rig.status.expires, 600);
});

Deno.test("CVE-2021-41158: once registered, a challenge of another realm is not answered", async () => {
  const rig = await TrunkRig.start();
  await rig.answer(await rig.challenge(rig.register()), "200 OK", "Expires: 60");
  await rig.pass(48_100);
  await rig.answer(
    rig.register(),
    "401 Unauthorized",
    `WWW-Authenticate: Digest realm="victim", nonce="n2"`,
  );
  assert.deepEqual(rig.taken(), []);
  assert.match(rig.status.reason, /realm "victim" is not one of its own/);
});

Deno.test("A challenge that is not understood is a failure, and so is one without any", async () => {
  const rig = await TrunkRig.start();
  await rig.answer(rig.register(), "401 Unauthorized", `WWW-Authenticate: Basic realm="x"`);
  assert.equal(rig.status.reason, "credentials are asked for in an unsupported way");
  await rig.pass(15_100);
  await rig.answer(rig.register(), "407 Proxy Authentication Required");
  assert.equal(rig.status.lastStatus, 407);
});

Deno.test("§10.2.8: a 423 is followed by what it asks for, then and later", async () => {
  const rig = await TrunkRig.start({ gateways: [gateway({ expires: 60 })] });
  const first = rig.register();
  assert.equal(header(first, "Expires"), "60");
  await rig.answer(first, "423 Interval Too Brief", "Min-Expires: 300");
  assert.equal(header(await rig.accept(), "Expires"), "300");
  assert.equal(rig.status.expires, 300);
  await rig.pass(240_100);
  assert.equal(header(rig.register(), "Expires"), "300");
});

Deno.test("§10.2.8: credentials that were used once do not go with the longer lifetime", async () => {
  const rig = await TrunkRig.start();
  const signed = await rig.challenge(rig.register());
  await rig.answer(signed, "423 Interval Too Brief", "Min-Expires: 7200");
  const longer = rig.register();
  assert.deepEqual(headers(longer, "Authorization"), []);
  const signedAgain = await rig.challenge(longer);
  assert.equal(header(signedAgain, "Expires"), "7200");
  await rig.answer(signedAgain, "200 OK");
  assert.equal(rig.status.state, "registered");
});

Deno.test("A 423 that asks for nothing longer is a failure, and one that asks again and again", async () => {
  const rig = await TrunkRig.start();
  await rig.answer(rig.register(), "423 Interval Too Brief", "Min-Expires: 60");
  assert.equal(rig.status.state, "failed");
  await rig.pass(15_100);
  await rig.answer(rig.register(), "423 Interval Too Brief", "Min-Expires: 4000");
  await rig.answer(rig.register(), "423 Interval Too Brief", "Min-Expires: 5000");
  await rig.answer(rig.register(), "423 Interval Too Brief", "Min-Expires: 6000");
  assert.deepEqual(rig.taken(), []);
  assert.equal(rig.status.state, "failed");
});

Deno.test("§8.1.3.4: a redirect is followed to its Contact, the account stays the same", async () => {
  const rig = await TrunkRig.start();
  await rig.answer(
    rig.register(),
    "302 Moved Temporarily",
    `Contact: <sip:trunk@${SECOND}:5060;transport=tcp>`,
  );
  const register = rig.register(SECOND, "tcp");
  assert.equal(startLine(register), `REGISTER sip:${SECOND}:5060;transport=tcp SIP/2.0`);
  assert.equal(uriIn(header(register, "To")), "sip:trunk@sip.provider.com");
  assert.equal(uriIn(header(register, "Contact")), "sip:trunk@192.0.2.1:5060;transport=tcp");
  await rig.answer(register, "200 OK", "Expires: 60", { address: SECOND, protocol: "tcp" });
  assert.equal(rig.status.address, `${SECOND}:5060`);
  await rig.pass(48_100);
  assert.equal(startLine(rig.register()), "REGISTER sip:sip.provider.com SIP/2.0");
});

Deno.test("Redirects in a circle end after three", async () => {
  const rig = await TrunkRig.start();
  for (let redirect = 0; redirect < 4; redirect++) {
    await rig.answer(rig.register(), "301 Moved Permanently", `Contact: <sip:${FIRST}>`);
  }
  assert.deepEqual(rig.taken(), []);
  assert.equal(rig.status.reason, "Redirects too often");
});

Deno.test("A redirect out of TLS is not followed", async () => {
  const rig = await TrunkRig.start({ gateways: [gateway({ transport: "tls" })] });
  const place = { protocol: "tls" } as const;
  const register = rig.register(FIRST, "tls");
  await rig.answer(register, "302 Moved Temporarily", `Contact: <sip:${SECOND};transport=tcp>`, place);
  assert.deepEqual(rig.taken(SECOND, "tcp"), []);
  assert.equal(rig.status.reason, "Redirects to an unusable target");
  assert.equal(rig.status.lastStatus, 302);
});

Deno.test("By TCP and TLS, Request-URI and Contact name the transport", async () => {
  const rig = await TrunkRig.start({
    gateways: [
      gateway({ transport: "tcp", port: 5060 }),
      gateway({ transport: "tls", host: "secure.provider.com" }, "GW2"),
    ],
    hosts: { "sip.provider.com": [FIRST], "secure.provider.com": [SECOND] },
  });
  await rig.pass(100);
  const byTcp = await rig.accept("", { protocol: "tcp" });
  assert.equal(startLine(byTcp), "REGISTER sip:sip.provider.com:5060;transport=tcp SIP/2.0");
  assert.match(header(byTcp, "Via"), /^SIP\/2\.0\/TCP 192\.0\.2\.1:5060;/);
  assert.equal(uriIn(header(byTcp, "Contact")), "sip:trunk@192.0.2.1:5060;transport=tcp");
  const byTls = await rig.accept("", { address: SECOND, protocol: "tls" });
  assert.equal(startLine(byTls), "REGISTER sip:secure.provider.com;transport=tls SIP/2.0");
  assert.match(header(byTls, "Via"), /^SIP\/2\.0\/TLS 192\.0\.2\.1:5061;/);
  assert.equal(uriIn(header(byTls, "Contact")), "sip:trunk@192.0.2.1:5061;transport=tls");
  assert.deepEqual(rig.registrations.list().map(({ port, state }) => `${port} ${state}`), [
    "5060 registered",
    "5061 registered",
  ]);
});

Deno.test("RFC 3263 §4.3: an address that cannot be sent to is followed by the next, which stays in use", async () => {
  const rig = await TrunkRig.start({ ...TWO_ADDRESSES, gateways: [] });
  rig.transports.udp.unreachable.add(`${FIRST}:5060`);
  await rig.reload(gateway());
  await rig.accept("Expires: 600", { address: SECOND });
  assert.equal(rig.status.address, `${SECOND}:5060`);
  rig.transports.udp.unreachable.clear();
  await rig.pass(480_100);
  assert.deepEqual(rig.taken(FIRST), []);
  await rig.accept("", { address: SECOND });
});

Deno.test("RFC 3263 §4.3: so is one that stays silent for six seconds, or answers 503", async () => {
  const rig = await TrunkRig.start(TWO_ADDRESSES);
  rig.taken(FIRST);
  await rig.pass(5_900);
  assert.deepEqual(rig.taken(SECOND), []);
  await rig.pass(200);
  await rig.answer(rig.register(SECOND), "503 Service Unavailable", "Retry-After: 77", { address: SECOND });
  assert.equal(rig.status.state, "failed");
  assert.equal(Math.round(rig.delay), 77);
  rig.taken(FIRST);
  await rig.pass(77_100);
  assert.equal(rig.taken(FIRST).length, 1);
});

Deno.test("§22.1: every server has challenges of its own, and as many answers as the one before it", async () => {
  const rig = await TrunkRig.start(TWO_ADDRESSES);
  let request = rig.register(FIRST);
  for (const nonce of ["n1", "n2", "n3"]) {
    request = await rig.challenge(request, `realm="asterisk", nonce="${nonce}", stale=true`);
  }
  await rig.answer(request, "500 Server Internal Error");
  const second = rig.register(SECOND);
  assert.deepEqual(headers(second, "Authorization"), []);
  const challenge = `WWW-Authenticate: Digest realm="asterisk", nonce="n3", algorithm=MD5`;
  await rig.answer(second, "401 Unauthorized", challenge, { address: SECOND });
  assert.ok(isAuthenticated(rig.register(SECOND), challenge));
});

Deno.test("An address that is at work is given the time it takes", async () => {
  const rig = await TrunkRig.start(TWO_ADDRESSES);
  const register = rig.taken(FIRST)[0];
  await rig.answer(register, "100 Trying");
  await rig.pass(20_000);
  assert.deepEqual(rig.taken(SECOND), []);
  await rig.answer(register, "200 OK");
  assert.equal(rig.status.state, "registered");
});

Deno.test("A refusal is not carried from one address to the next", async () => {
  const rig = await TrunkRig.start(TWO_ADDRESSES);
  await rig.answer(rig.register(FIRST), "403 Forbidden");
  assert.deepEqual(rig.taken(SECOND), []);
  assert.equal(rig.status.lastStatus, 403);
  assert.equal(rig.status.reason, "Forbidden");
});

Deno.test("RFC 5626 §4.5: failures are followed by longer and longer pauses, until one attempt succeeds", async () => {
  const rig = await TrunkRig.start();
  const delays: number[] = [];
  for (let failure = 0; failure < 8; failure++) {
    await rig.answer(rig.register(), "403 Forbidden");
    delays.push(Math.round(rig.delay));
    await rig.pass(rig.delay * 1000 + 20);
  }
  assert.deepEqual(delays, [15, 30, 60, 120, 240, 480, 900, 900]);
  await rig.accept("Expires: 60");
  await rig.pass(48_100);
  await rig.answer(rig.register(), "403 Forbidden");
  assert.equal(Math.round(rig.delay), 15);
  assert.equal(rig.metrics.snapshot()["routr_gateway_registration_failures_total"], 9);
});

Deno.test("Silence is a failure after Timer F, and so is a host without address", async () => {
  const rig = await TrunkRig.start();
  await rig.pass(31_900);
  assert.equal(rig.status.state, "registering");
  await rig.pass(200);
  assert.equal(rig.status.state, "failed");
  assert.equal(rig.status.lastStatus, 408);
  await rig.reload(gateway({ host: "nowhere.example" }));
  assert.equal(rig.status.lastStatus, 503);
  assert.equal(rig.status.reason, "No address of nowhere.example in DNS");
});

Deno.test("Retry-After is waited out, with any failure", async () => {
  const rig = await TrunkRig.start();
  await rig.answer(rig.register(), "486 Busy Here", "Retry-After: 120");
  await rig.pass(119_000);
  assert.deepEqual(rig.taken(), []);
  await rig.pass(1_100);
  await rig.answer(rig.register(), "480 Temporarily Unavailable", "Retry-After: 99999");
  assert.equal(Math.round(rig.delay), 3600);
});

Deno.test("A 200 that says the binding is gone is a failure", async () => {
  const rig = await TrunkRig.start();
  await rig.accept("Contact: <sip:trunk@192.0.2.1:5060>;expires=0");
  assert.equal(rig.status.state, "failed");
  assert.deepEqual(rig.accepted, []);
});

Deno.test("A provider that comes back knows us again after the next attempt", async () => {
  const rig = await TrunkRig.start();
  await rig.accept("Expires: 60");
  await rig.pass(48_100);
  rig.taken();
  await rig.pass(32_100);
  rig.taken();
  assert.equal(rig.status.state, "failed");
  assert.equal(rig.status.address, "", "The binding has run out by now");
  await rig.pass(15_100);
  await rig.answer(await rig.challenge(rig.register(), `realm="r", nonce="n9"`), "200 OK");
  assert.equal(rig.status.state, "registered");
  assert.equal(rig.status.reason, "");
});

Deno.test("§10.2.2: stop() un-registers what is registered, and answers one challenge", async () => {
  const rig = await TrunkRig.start();
  await rig.answer(await rig.challenge(rig.register()), "200 OK");
  let isStopped = false;
  const stopped = rig.registrations.stop().then(() => isStopped = true);
  const first = rig.register();
  assert.equal(header(first, "Expires"), "0");
  assert.equal(uriIn(header(first, "Contact")), "sip:trunk@192.0.2.1:5060");
  const second = await rig.challenge(first, `realm="asterisk", nonce="n2"`);
  assert.ok(isAuthenticated(second, `WWW-Authenticate: Digest realm="asterisk", nonce="n2", algorithm=MD5`));
  assert.equal(isStopped, false);
  await rig.answer(second, "200 OK");
  await stopped;
  assert.equal(rig.status.state, "unregistered");
  assert.equal(rig.status.nextAttempt, 0);
  await rig.pass(10_000_000);
  assert.deepEqual(rig.taken(), []);
});

Deno.test("Nobody waits for registrars for more than two seconds at the end", async () => {
  const rig = await TrunkRig.start({ gateways: [gateway(), gateway({ host: SECOND }, "GW2")] });
  await rig.pass(60);
  await rig.accept();
  await rig.accept("", { address: SECOND });
  let isStopped = false;
  rig.registrations.stop().then(() => isStopped = true);
  await rig.answer(rig.register(), "200 OK");
  rig.taken(SECOND);
  await rig.pass(1_900);
  assert.equal(isStopped, false);
  await rig.pass(200);
  assert.equal(isStopped, true);
  rig.taken(SECOND);
  await rig.pass(40_000);
  assert.deepEqual(rig.taken(SECOND), []);
});

Deno.test("Without a registration there is nothing to un-register", async () => {
  const rig = await TrunkRig.start();
  rig.taken();
  await rig.registrations.stop();
  assert.deepEqual(rig.taken(), []);
  assert.equal(rig.status.state, "unregistered");
  await rig.pass(100_000);
  assert.deepEqual(rig.taken(), []);
});

Deno.test("A response with another branch than our request is ignored", async () => {
  const rig = await TrunkRig.start();
  const register = rig.register();
  await rig.answer(register.replace(branchOf(register), "z9hG4bKguessed"), "200 OK");
  assert.equal(rig.status.state, "registering");
  assert.deepEqual(rig.accepted, []);
});

Deno.test("Answers full of nonsense neither throw nor end the attempts", async () => {
  const rig = await TrunkRig.start();
  const nonsense: [status: string, lines: string][] = [
    ["200 OK", "Contact: <<>>;expires=x, ,;\nExpires: -1"],
    ["301 Moved Permanently", "Contact: *"],
    ["302 Moved Temporarily", "Contact: <sip:>, <sip:a@b;transport=\x01>, tel:1"],
    ["401 Unauthorized", `WWW-Authenticate: ${'x="'.repeat(500)}`],
    ["423 Interval Too Brief", "Min-Expires: 99999999999999999999"],
    ["503 Service Unavailable", "Retry-After: -5"],
    ["699", "Retry-After: ()"],
  ];
  for (const [status, lines] of nonsense) {
    await rig.answer(rig.register(), status, lines);
    assert.ok(rig.delay > 0, status);
    await rig.pass(rig.delay * 1000 + 20);
  }
  rig.register();
  assert.equal(rig.metrics.snapshot()["routr_internal_errors_total"], 0);
});

Deno.test("IPv6 gateways and usernames that need escapes make well-formed URIs", async () => {
  const rig = await TrunkRig.start({
    gateways: [
      gateway({ host: "[2001:db8::50]:5070", credentials: { username: "me@home", secret: "x" } }),
      gateway({ host: FIRST, credentials: { username: "me@home", secret: "x" } }, "GW2"),
    ],
  });
  assert.equal(rig.registrations.list()[0].reason, "No listener reaches [2001:db8::50]");
  await rig.pass(60);
  const register = rig.register();
  assert.equal(uriIn(header(register, "From")), `sip:me%40home@${FIRST}`);
  assert.equal(uriIn(header(register, "Contact")), "sip:me%40home@192.0.2.1:5060");
  await rig.answer(register, "401 Unauthorized", `WWW-Authenticate: Digest realm="r", nonce="n"`);
  assert.match(header(rig.register(), "Authorization"), /username="me@home"/);
});
