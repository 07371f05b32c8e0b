// Knot DNS: the way from a domain to its servers (RFC 3263), with name servers that are dead, slow or lie beside it.

import assert from "node:assert/strict";
import { systemClock } from "../../src/runtime/clock.ts";
import type { Destination, NextHop } from "../../src/transport/dns/destination.ts";
import { Resolver } from "../../src/transport/dns/resolver.ts";
import { ServerLocator } from "../../src/transport/dns/server_locator.ts";
import type { TransportProtocol } from "../../src/transport/transport.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { freePort } from "../support/ports.ts";
import { a, FakeNameServer } from "../unit/transport/dns/fake_name_server.ts";
import { type Knot, startKnot } from "./dns/knot.ts";

const ALL: readonly TransportProtocol[] = ["udp", "tcp", "tls", "sctp", "ws", "wss"];

function newResolver(nameServers: readonly string[], clock = systemClock): Resolver {
  return new Resolver(clock, { nameServers, hostsFile: "/nonexistent", lookup: () => Promise.resolve([]) });
}

function newLocator(knot: Knot, protocols: readonly TransportProtocol[] = ALL): ServerLocator {
  return new ServerLocator({
    resolver: newResolver([knot.address]),
    clock: systemClock,
    canReach: () => true,
    serves: (protocol) => protocols.includes(protocol),
  });
}

function hop(host: string, rest: Partial<NextHop> = {}): NextHop {
  return { host, port: undefined, protocol: undefined, isSecure: false, ...rest };
}

function format({ protocol, address, port }: Destination): string {
  return `${protocol} ${address}:${port}`;
}

async function locate(locator: ServerLocator, wanted: NextHop): Promise<string[]> {
  return (await locator.locate(wanted)).map(format);
}

/** Returns the time of some work in milliseconds, and its result. */
async function timed<T>(work: Promise<T> | T): Promise<[number, T]> {
  const begun = performance.now();
  const value = await work;
  return [performance.now() - begun, value];
}

Deno.test("From NAPTR by SRV to addresses, as each URI wants it", async () => {
  await using knot = await startKnot();
  const locator = newLocator(knot);
  assert.deepEqual(await locate(locator, hop("routr.test")), ["tls [::1]:5061", "tls 127.0.0.11:5061"]);
  assert.deepEqual(await locate(locator, hop("routr.test", { isSecure: true })), [
    "tls [::1]:5061",
    "tls 127.0.0.11:5061",
  ]);
  assert.deepEqual(await locate(locator, hop("routr.test", { protocol: "tcp" })), ["tcp 127.0.0.12:5060"]);
  assert.deepEqual(await locate(newLocator(knot, ["tcp"]), hop("routr.test")), ["tcp 127.0.0.12:5060"]);
  assert.deepEqual(await locate(locator, hop("plain.routr.test")), ["tcp 127.0.0.12:5062"]);
  assert.deepEqual(await locate(locator, hop("bare.routr.test")), ["udp 127.0.0.21:5060"]);
  assert.deepEqual(await locate(locator, hop("bare.routr.test", { isSecure: true })), [
    "tls 127.0.0.21:5061",
  ]);
  assert.deepEqual(await locate(locator, hop("routr.test", { protocol: "udp", port: 5999 })), []);
  assert.deepEqual(await locate(locator, hop("one.routr.test", { port: 5999 })), [
    "udp [::1]:5999",
    "udp 127.0.0.11:5999",
  ]);
  assert.deepEqual(await locate(locator, hop("absent.routr.test")), []);
  assert.deepEqual(await locate(locator, hop("nowhere.routr.test")), []);
});

Deno.test("Once asked, the way is known at once; weights are kept over many requests", async () => {
  await using knot = await startKnot();
  const locator = newLocator(knot, ["udp"]);
  await locator.locate(hop("routr.test"));
  const firsts = new Map<number, number>();
  const requests = 6000;
  for (let i = 0; i < requests; i++) {
    const found = locator.locate(hop("routr.test"));
    assert.ok(!(found instanceof Promise));
    assert.equal(found.at(-1)?.port, 5090);
    firsts.set(found[0].port, (firsts.get(found[0].port) ?? 0) + 1);
  }
  for (const [port, share] of [[5060, 0.6], [5070, 0.3], [5080, 0.1]]) {
    const found = (firsts.get(port) ?? 0) / requests;
    assert.ok(Math.abs(found - share) < 0.05, `port ${port} came first in ${found}`);
  }
});

Deno.test("What a zone changes is seen after the TTL, not before", async () => {
  await using knot = await startKnot();
  const clock = new FakeClock();
  const resolver = newResolver([knot.address], clock);
  const ask = () => resolver.query("short.routr.test", "A");
  assert.deepEqual(await ask(), { kind: "answer", records: ["127.0.0.31"] });
  await knot.change(
    "routr.test",
    (text) => text.replace(" 1 3600", " 2 3600").replace("127.0.0.31", "127.0.0.32"),
  );
  clock.advance(1999);
  assert.deepEqual(ask(), { kind: "answer", records: ["127.0.0.31"] });
  clock.advance(1);
  assert.deepEqual(await ask(), { kind: "answer", records: ["127.0.0.32"] });
});

Deno.test("That there is no such name or record is kept as long as the zone says", async () => {
  await using knot = await startKnot();
  const clock = new FakeClock();
  const resolver = newResolver([knot.address], clock);
  for (const name of ["nowhere.routr.test", "text.routr.test"]) {
    assert.deepEqual(await resolver.query(name, "A"), { kind: "none" });
    clock.advance(29_999);
    assert.deepEqual(resolver.query(name, "A"), { kind: "none" });
    clock.advance(1);
    assert.ok(resolver.query(name, "A") instanceof Promise);
    await resolver.query(name, "A");
  }
});

Deno.test("An answer that is too long for a datagram comes over TCP", async () => {
  await using knot = await startKnot();
  const resolution = await newResolver([knot.address]).query("_sip._udp.many.routr.test", "SRV");
  assert.ok(resolution.kind === "answer");
  assert.deepEqual(
    resolution.records.map(({ priority }) => priority),
    Array.from({ length: 40 }, (_, i) => i + 1),
  );
});

Deno.test("Aliases, within a zone and into another; names with IPv6 only", async () => {
  await using knot = await startKnot();
  const resolver = newResolver([knot.address]);
  assert.deepEqual(await resolver.resolve("alias.routr.test"), ["[::1]", "127.0.0.11"]);
  assert.deepEqual(await resolver.resolve("abroad.routr.test"), ["127.0.0.41"]);
  assert.deepEqual(await resolver.resolve("six.routr.test"), ["[::1]"]);
});

Deno.test("A name server that is not there, or is silent, costs a second, once", async () => {
  await using knot = await startKnot();
  await using blackHole = new FakeNameServer(() => undefined);
  for (const dead of [`127.0.0.1:${freePort()}`, blackHole.address]) {
    const resolver = newResolver([dead, knot.address]);
    const [first, resolution] = await timed(resolver.query("one.routr.test", "A"));
    assert.deepEqual(resolution, { kind: "answer", records: ["127.0.0.11"] });
    assert.ok(first > 900 && first < 2000, `${first} ms`);
    const [second] = await timed(resolver.query("two.routr.test", "A"));
    assert.ok(second < 500, `${second} ms`);
  }
});

Deno.test("When no name server answers, a request waits four seconds, and the next not at all", async () => {
  await using blackHole = new FakeNameServer(() => undefined);
  const locator = new ServerLocator({
    resolver: newResolver([blackHole.address]),
    clock: systemClock,
    canReach: () => true,
    serves: () => true,
  });
  const [milliseconds, found] = await timed(locator.locate(hop("routr.test")));
  assert.deepEqual(found, []);
  assert.ok(milliseconds > 3500 && milliseconds < 5000, `${milliseconds} ms`);
  assert.deepEqual(locator.locate(hop("routr.test")), []);
});

Deno.test("A slow name server is waited for, and delays nobody else", async () => {
  const delay = 1500;
  await using slow = new FakeNameServer(async ({ name }) => {
    if (name.startsWith("slow")) await new Promise((resolve) => setTimeout(resolve, delay));
    return { answers: [a(name, "127.0.0.50")] };
  });
  const resolver = newResolver([slow.address]);
  const late = timed(resolver.query("slow.routr.test", "A"));
  const [quick, resolution] = await timed(resolver.query("quick.routr.test", "A"));
  assert.deepEqual(resolution, { kind: "answer", records: ["127.0.0.50"] });
  assert.ok(quick < 500, `${quick} ms`);
  const [milliseconds, lateResolution] = await late;
  assert.deepEqual(lateResolution, { kind: "answer", records: ["127.0.0.50"] });
  assert.ok(milliseconds < 3000, `${milliseconds} ms`);
});

Deno.test("A name server that answers with another id, from elsewhere, or to another question is not believed", async () => {
  await using knot = await startKnot();
  const stranger = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const forged = [a("one.routr.test", "203.0.113.66")];
  await using liar = new FakeNameServer(({ id, port }) => {
    const bytes = new Uint8Array(12);
    bytes.set([id >> 8, id & 255, 0x84]);
    void stranger.send(bytes, { transport: "udp", hostname: "127.0.0.1", port });
    return [
      { id: id ^ 0x8000, answers: forged },
      { questions: [{ type: "A", name: "other.test" }], answers: forged },
    ];
  });
  const resolver = newResolver([liar.address, knot.address]);
  assert.deepEqual(await resolver.query("one.routr.test", "A"), { kind: "answer", records: ["127.0.0.11"] });
  assert.equal(liar.questions.length, 1);
  stranger.close();
});
