/** Many registrations together, in a configuration that changes, behind routers, on connections that break. */
import assert from "node:assert/strict";
import { configureLogging } from "../../../../src/runtime/log.ts";
import { header, headers, startLine, uriIn } from "../../../support/sip_text.ts";
import { gateway } from "./gateways.ts";
import { FIRST, isAuthenticated, SECOND, TrunkRig } from "./trunk_rig.ts";

const KEEP_ALIVE = "\r\n\r\n";
const BEHIND_NAT = { seenAs: "=40000;received=203.0.113.7" };

function contactsOf(register: string): string[] {
  return headers(register, "Contact").join(",").split(",").map((contact) => contact.trim());
}

/** A hundred gateways, each at an address of its own. */
function hundred() {
  return Array.from({ length: 100 }, (_, i) => gateway({ host: `198.51.100.${i + 1}` }, `GW${i}`));
}

function reached(rig: TrunkRig): number {
  return rig.transports.udp.flows.filter(({ sent }) => sent.length > 0).length;
}

Deno.test("The hosts of registries are registered at as well, each once", async () => {
  const rig = await TrunkRig.start({
    gateways: [gateway({ registries: [SECOND, "sip.provider.com", `${SECOND}:5080`, SECOND] })],
  });
  await rig.pass(200);
  const first = await rig.accept();
  assert.equal(startLine(first), "REGISTER sip:sip.provider.com SIP/2.0");
  assert.equal(startLine(await rig.accept("", { address: SECOND })), `REGISTER sip:${SECOND} SIP/2.0`);
  assert.equal(rig.taken(SECOND, "udp", 5080).length, 1);
  assert.deepEqual(
    rig.registrations.list().map(({ host, port, state }) => `${host}:${port} ${state}`),
    ["sip.provider.com:5060 registered", `${SECOND}:5060 registered`, `${SECOND}:5080 registering`],
  );
});

Deno.test("expires 0 stands for the usual hour; no credentials or sendRegister false for no registration", async () => {
  const rig = await TrunkRig.start({
    gateways: [
      gateway({ expires: 0 }),
      gateway({ host: SECOND, sendRegister: false }, "GW2"),
      gateway({ host: SECOND, credentials: undefined }, "GW3"),
    ],
  });
  await rig.pass(200);
  assert.equal(header(rig.register(), "Expires"), "3600");
  assert.deepEqual(rig.taken(SECOND), []);
  assert.deepEqual(rig.registrations.list().map(({ gwRef }) => gwRef), ["GW1"]);
});

Deno.test("Registrations begin at once, and then twenty a second", async () => {
  const rig = await TrunkRig.start({ gateways: hundred() });
  assert.equal(reached(rig), 1);
  await rig.pass(960);
  assert.equal(reached(rig), 20);
  await rig.pass(4_000);
  assert.equal(reached(rig), 100);
});

Deno.test("A reload has the same pace, and leaves unchanged gateways alone", async () => {
  const rig = await TrunkRig.start();
  await rig.accept();
  await rig.pass(60);
  await rig.reload(gateway(), ...hundred().map((each, i) => ({ ...each, ref: `R${i}` })));
  assert.equal(reached(rig), 1);
  await rig.pass(960);
  assert.equal(reached(rig), 20);
  assert.deepEqual(rig.taken(), []);
  assert.equal(rig.registrations.list()[0].state, "registered");
});

Deno.test("A waiting gateway that is removed from the configuration is not registered", async () => {
  const rig = await TrunkRig.start({ gateways: hundred() });
  await rig.reload();
  await rig.pass(10_000);
  assert.equal(reached(rig), 1);
  assert.deepEqual(rig.registrations.list(), []);
});

Deno.test("A look-up that never ends delays nobody else", async () => {
  const rig = await TrunkRig.start({
    gateways: [gateway({ host: "silent.example" }), gateway({ host: FIRST }, "GW2")],
    silentHosts: ["silent.example"],
  });
  await rig.pass(60);
  await rig.accept();
  assert.deepEqual(rig.registrations.list().map(({ state }) => state), ["registering", "registered"]);
  await rig.pass(5_000);
  assert.equal(rig.registrations.list()[0].state, "failed");
});

Deno.test("A gateway that is taken out is un-registered, and no more listed", async () => {
  const rig = await TrunkRig.start();
  await rig.accept();
  await rig.reload();
  const register = rig.register();
  assert.equal(header(register, "Expires"), "0");
  assert.deepEqual(rig.registrations.list(), []);
  await rig.answer(register, "200 OK");
  await rig.pass(10_000_000);
  assert.deepEqual(rig.taken(), []);
});

Deno.test("A gateway that changes is un-registered as it was, and then registered as it is", async () => {
  const rig = await TrunkRig.start();
  const before = await rig.accept();
  const challenge = `WWW-Authenticate: Digest realm="r", nonce="n1", algorithm=MD5`;
  await rig.reload(gateway({ credentials: { username: "trunk", secret: "changed" } }));
  const farewell = rig.register();
  assert.equal(header(farewell, "Expires"), "0");
  assert.equal(header(farewell, "Call-ID"), header(before, "Call-ID"));
  await rig.answer(farewell, "401 Unauthorized", challenge);
  const signed = rig.register();
  assert.ok(isAuthenticated(signed, challenge));
  // Both are about the same binding, so that the new one has to come second.
  await rig.pass(1_000);
  assert.deepEqual(rig.taken().filter((text) => text !== signed), []);
  await rig.answer(signed, "200 OK");
  const after = rig.register();
  assert.equal(header(after, "Expires"), "3600");
  assert.notEqual(header(after, "Call-ID"), header(before, "Call-ID"));
  await rig.answer(after, "401 Unauthorized", challenge);
  assert.ok(isAuthenticated(rig.register(), challenge, "changed"));
});

Deno.test("A registrar that does not answer holds up a changed gateway for ten seconds", async () => {
  const rig = await TrunkRig.start();
  await rig.accept();
  await rig.reload(gateway({ expires: 600 }));
  await rig.pass(9_900);
  assert.ok(rig.taken().every((text) => header(text, "Expires") === "0"));
  await rig.pass(200);
  assert.equal(header(rig.register(), "Expires"), "600");
});

Deno.test("Changes in quick succession end in the last one", async () => {
  const rig = await TrunkRig.start();
  await rig.accept();
  await rig.pass(60);
  await rig.reload(gateway({ expires: 600 }));
  await rig.reload(gateway({ expires: 700 }));
  await rig.reload(gateway({ expires: 800 }));
  const farewell = rig.register();
  assert.equal(header(farewell, "Expires"), "0");
  await rig.answer(farewell, "200 OK");
  await rig.pass(200);
  assert.equal(header(await rig.accept(), "Expires"), "800");
  await rig.pass(100_000);
  assert.deepEqual(rig.taken(), []);
});

Deno.test("A change to another host need not wait for the old one", async () => {
  const rig = await TrunkRig.start();
  await rig.accept();
  await rig.pass(60);
  await rig.reload(gateway({ host: SECOND }));
  assert.equal(header(rig.register(SECOND), "Expires"), "3600");
  assert.equal(header(rig.register(FIRST), "Expires"), "0");
});

Deno.test("What is taken out while the server stops is waited for like the others", async () => {
  const rig = await TrunkRig.start();
  await rig.accept();
  await rig.reload();
  let isStopped = false;
  rig.registrations.stop().then(() => isStopped = true);
  await rig.pass(1_900);
  assert.equal(isStopped, false);
  await rig.pass(200);
  assert.equal(isStopped, true);
  rig.taken();
  await rig.reload(gateway({ expires: 60 }));
  await rig.pass(60_000);
  assert.deepEqual(rig.taken(), []);
});

Deno.test("RFC 3581: a registrar that sees us at another address gets that as our Contact, in place of the old one", async () => {
  const rig = await TrunkRig.start({ learnsAddress: true });
  const first = await rig.accept("Expires: 600", BEHIND_NAT);
  assert.deepEqual(contactsOf(first), ["<sip:trunk@192.0.2.1:5060>"]);
  const second = await rig.accept("Expires: 600", BEHIND_NAT);
  assert.deepEqual(contactsOf(second), [
    "<sip:trunk@203.0.113.7:40000>",
    "<sip:trunk@192.0.2.1:5060>;expires=0",
  ]);
  assert.match(header(second, "Via"), /^SIP\/2\.0\/UDP 192\.0\.2\.1:5060;/);
  assert.deepEqual(rig.taken(), []);
  await rig.pass(480_100);
  const refresh = rig.taken().at(-1)!;
  assert.deepEqual(contactsOf(refresh), ["<sip:trunk@203.0.113.7:40000>"]);
  await rig.answer(refresh, "200 OK", "Expires: 600", BEHIND_NAT);
  rig.registrations.stop();
  const farewell = rig.register();
  assert.deepEqual(contactsOf(farewell), ["<sip:trunk@203.0.113.7:40000>"]);
});

Deno.test("A router that changes our address for every packet is followed once for each refresh", async () => {
  const rig = await TrunkRig.start({ learnsAddress: true });
  await rig.accept("Expires: 600", { seenAs: "=1;received=203.0.113.7" });
  await rig.accept("Expires: 600", { seenAs: "=2;received=203.0.113.7" });
  assert.deepEqual(rig.taken(), []);
  await rig.pass(480_100);
  const refresh = rig.taken().at(-1)!;
  assert.deepEqual(contactsOf(refresh), ["<sip:trunk@203.0.113.7:2>"]);
  await rig.answer(refresh, "200 OK", "Expires: 600", { seenAs: "=3;received=203.0.113.7" });
  await rig.accept("Expires: 600", { seenAs: "=4;received=203.0.113.7" });
  assert.deepEqual(rig.taken(), []);
});

Deno.test("A correction of the Contact that is refused is tried again without the old one", async () => {
  const rig = await TrunkRig.start({ learnsAddress: true });
  await rig.accept("", BEHIND_NAT);
  await rig.answer(rig.register(), "400 Too Many Contacts");
  assert.equal(rig.status.state, "failed");
  await rig.pass(15_100);
  assert.deepEqual(contactsOf(rig.register()), ["<sip:trunk@203.0.113.7:40000>"]);
});

Deno.test("With a configured address for the outside, the Contact stays as it is", async () => {
  const rig = await TrunkRig.start({ learnsAddress: false });
  await rig.accept("", BEHIND_NAT);
  assert.deepEqual(rig.taken(), []);
});

Deno.test("RFC 5626 §4.4.2: behind a NAT a keep-alive goes out every 25 seconds, elsewhere none", async () => {
  const rig = await TrunkRig.start({ gateways: [gateway(), gateway({ host: SECOND }, "GW2")] });
  await rig.pass(60);
  await rig.accept("", BEHIND_NAT);
  await rig.accept("", { address: SECOND, seenAs: "=5060;received=192.0.2.1" });
  await rig.pass(24_900);
  assert.deepEqual(rig.taken(), []);
  await rig.pass(200);
  assert.deepEqual(rig.taken(), [KEEP_ALIVE]);
  await rig.pass(75_000);
  assert.deepEqual(rig.taken(), [KEEP_ALIVE, KEEP_ALIVE, KEEP_ALIVE]);
  assert.deepEqual(rig.taken(SECOND), []);
});

Deno.test("Keep-alives end with the binding, and with the registration", async () => {
  const rig = await TrunkRig.start();
  await rig.accept("Expires: 60", BEHIND_NAT);
  await rig.pass(90_000);
  rig.taken();
  await rig.pass(5_000);
  assert.ok(!rig.taken().includes(KEEP_ALIVE));
  const other = await TrunkRig.start();
  await other.accept("", BEHIND_NAT);
  await other.reload();
  await other.answer(other.register(), "200 OK");
  await other.pass(100_000);
  assert.deepEqual(other.taken(), []);
});

Deno.test("While it un-registers, and once there is no NAT any more, no keep-alive goes out", async () => {
  const rig = await TrunkRig.start();
  await rig.accept("Expires: 30", BEHIND_NAT);
  await rig.pass(24_100);
  await rig.accept("Expires: 60", { seenAs: "=5060;received=192.0.2.1" });
  await rig.pass(45_000);
  assert.deepEqual(rig.taken(), []);
  const other = await TrunkRig.start();
  await other.accept("", BEHIND_NAT);
  await other.pass(20_000);
  await other.reload();
  await other.pass(9_000);
  assert.ok(!other.taken().includes(KEEP_ALIVE));
});

Deno.test("How a connection is seen says nothing of where we listen", async () => {
  const rig = await TrunkRig.start({ learnsAddress: true, gateways: [gateway({ transport: "tcp" })] });
  await rig.accept("Expires: 600", { ...BEHIND_NAT, protocol: "tcp" });
  await rig.pass(470_000);
  assert.deepEqual(rig.taken(FIRST, "tcp"), []);
  await rig.pass(10_100);
  assert.deepEqual(contactsOf(rig.register(FIRST, "tcp")), ["<sip:trunk@192.0.2.1:5060;transport=tcp>"]);
});

Deno.test("A connection that is lost is made again one to five seconds later", async () => {
  const rig = await TrunkRig.start({ gateways: [gateway({ transport: "tcp" })] });
  await rig.accept("", { protocol: "tcp" });
  rig.random = 0.5;
  rig.transports.tcp.closeConnection(FIRST, 5060);
  await rig.pass(2_900);
  assert.deepEqual(rig.taken(FIRST, "tcp"), []);
  await rig.pass(200);
  await rig.accept("", { protocol: "tcp" });
  assert.equal(rig.status.state, "registered");
});

Deno.test("A connection that is lost while a REGISTER is on its way is a failure of that", async () => {
  const rig = await TrunkRig.start({ gateways: [gateway({ transport: "tcp" })] });
  rig.register(FIRST, "tcp");
  rig.transports.tcp.closeConnection(FIRST, 5060);
  await rig.settle();
  assert.equal(rig.status.state, "failed");
  assert.equal(rig.status.lastStatus, 503);
  assert.equal(rig.delay, 15);
});

Deno.test("Connections of others say nothing of ours", async () => {
  const rig = await TrunkRig.start({ gateways: [gateway({ transport: "tcp" })] });
  await rig.accept("", { protocol: "tcp" });
  const { nextAttempt } = rig.status;
  rig.transports.tcp.receive("\r\n\r\n", { address: SECOND, port: 40000 });
  rig.transports.tcp.closeConnection(SECOND, 40000);
  assert.equal(rig.status.nextAttempt, nextAttempt);
});

Deno.test("A server that closes the connection after its challenge gets the answer by a new one", async () => {
  const rig = await TrunkRig.start({ gateways: [gateway({ transport: "tcp" })] });
  const first = rig.register(FIRST, "tcp");
  const [flow] = rig.transports.tcp.flows;
  flow.isOpen = false;
  rig.transports.tcp.receive(
    first.replace(/^.*\r\n/, "SIP/2.0 401 No\r\n").replace(
      "Content-Length",
      `WWW-Authenticate: Digest realm="r", nonce="n"\r\nContent-Length`,
    ),
    { address: FIRST, port: 5060 },
  );
  const second = rig.register(FIRST, "tcp");
  assert.match(header(second, "Authorization"), /nonce="n"/);
});

Deno.test("While a refresh is on its way, a stop un-registers both Contacts that may be bound", async () => {
  const rig = await TrunkRig.start({ learnsAddress: true });
  await rig.accept("", BEHIND_NAT);
  rig.register();
  const stopped = rig.registrations.stop();
  const farewell = rig.register();
  assert.equal(header(farewell, "Expires"), "0");
  assert.deepEqual(contactsOf(farewell).map(uriIn), [
    "sip:trunk@192.0.2.1:5060",
    "sip:trunk@203.0.113.7:40000",
  ]);
  await rig.answer(farewell, "200 OK");
  await stopped;
});

Deno.test("An un-REGISTER goes to where the binding is, even when its name leads nowhere any more", async () => {
  const hosts: Record<string, readonly string[]> = { "sip.provider.com": [FIRST, SECOND] };
  const rig = await TrunkRig.start({ hosts });
  await rig.answer(rig.register(FIRST), "503 Service Unavailable");
  await rig.accept("", { address: SECOND });
  delete hosts["sip.provider.com"];
  rig.registrations.stop();
  assert.equal(startLine(rig.register(SECOND)), "REGISTER sip:sip.provider.com SIP/2.0");
  assert.deepEqual(rig.taken(FIRST), []);
});

Deno.test("The log has what is new once: warnings by their reason, successes after failures", async () => {
  const lines: string[] = [];
  const { info, warn, error, debug } = console;
  console.info =
    console.warn =
    console.error =
    console.debug =
      (...words: unknown[]) => void lines.push(words.join(" ").replace(/^\S+ (\S+) *(.*)$/, "$1 $2"));
  configureLogging({ level: "info", format: "text" });
  try {
    const rig = await TrunkRig.start();
    await rig.accept("Expires: 60");
    for (const status of ["403 Forbidden", "403 Forbidden", "500 Oops"]) {
      await rig.pass(rig.delay * 1000 + 20);
      await rig.answer(rig.register(), status);
    }
    for (let success = 0; success < 2; success++) {
      await rig.pass(rig.delay * 1000 + 20);
      await rig.accept("Expires: 60");
    }
    rig.registrations.stop();
    await rig.accept();
  } finally {
    configureLogging({ level: "error", format: "text" });
    Object.assign(console, { info, warn, error, debug });
  }
  const registered =
    "info trunk: Gateway GW1 has registered us at sip.provider.com (192.0.2.50:5060) for 60 s";
  const failed = "trunk: Gateway GW1 has not registered us at sip.provider.com:";
  assert.deepEqual(lines, [
    registered,
    `warning ${failed} 403 Forbidden, next attempt in 15 s`,
    `warning ${failed} 500 Oops, next attempt in 60 s`,
    registered,
    "info trunk: Gateway GW1 has un-registered us at sip.provider.com",
  ]);
});
