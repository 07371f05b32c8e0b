import assert from "node:assert/strict";
import { Resolver, type ResolverOptions } from "../../../../src/transport/dns/resolver.ts";
import { WatchedClock } from "../../runtime/watched_clock.ts";
import {
  a,
  aaaa,
  type Asked,
  cname,
  FakeNameServer,
  NAME_ERROR,
  naptr,
  type Said,
  SOA,
  srv,
  zone,
} from "./fake_name_server.ts";
import { pause } from "../../../support/pause.ts";

const NO_FILE = "/nonexistent/hosts";

/** A resolver that knows this server only, or none, and whose system knows nothing unless told. */
function newResolver(server: FakeNameServer | undefined, options: ResolverOptions = {}) {
  const clock = new WatchedClock();
  const lookups: string[] = [];
  const resolver = new Resolver(clock, {
    nameServers: server ? [server.address] : [],
    hostsFile: NO_FILE,
    lookup: (name) => {
      lookups.push(name);
      return Promise.resolve([]);
    },
    ...options,
  });
  return { clock, lookups, resolver };
}

/** A server that can be switched off. */
function newMoody(answer: (asked: Asked) => Said) {
  const mood = { isSilent: false };
  const server = new FakeNameServer((asked) => mood.isSilent ? undefined : answer(asked));
  return { mood, server };
}

/** Runs the clock through a question that nobody answers. */
async function giveUp(clock: WatchedClock, server: FakeNameServer, questions: number): Promise<void> {
  await server.whenAsked(questions);
  clock.advance(4000);
}

const RECORDS = [
  a("pbx.example", "192.0.2.1", 10),
  aaaa("six.example", "2001:db8::1"),
  a("both.example", "192.0.2.2"),
  aaaa("both.example", "2001:db8::2"),
  srv("_sip._udp.example", "pbx.example", 5080, 1, 2),
  naptr("example", "SIP+D2U", "_sip._udp.example"),
];

Deno.test("Records of each type, at once when they are known", async () => {
  await using server = new FakeNameServer(zone(RECORDS));
  const { resolver } = newResolver(server);
  const expected = {
    A: ["pbx.example", "192.0.2.1"],
    AAAA: ["six.example", "[2001:db8::1]"],
    SRV: ["_sip._udp.example", { priority: 1, weight: 2, port: 5080, target: "pbx.example" }],
    NAPTR: ["example", {
      order: 10,
      preference: 10,
      flags: "s",
      service: "SIP+D2U",
      regexp: "",
      replacement: "_sip._udp.example",
    }],
  } as const;
  for (const type of ["A", "AAAA", "SRV", "NAPTR"] as const) {
    const [name, record] = expected[type];
    const asked = resolver.query(name, type);
    assert.ok(asked instanceof Promise);
    assert.deepEqual(await asked, { kind: "answer", records: [record] });
    assert.deepEqual(resolver.query(name, type), { kind: "answer", records: [record] });
  }
  assert.equal(server.questions.length, 4);
});

Deno.test("All who ask at the same time share one question", async () => {
  await using server = new FakeNameServer(zone(RECORDS));
  const { resolver } = newResolver(server);
  const asked = await Promise.all(Array.from({ length: 100 }, () => resolver.query("pbx.example", "A")));
  assert.ok(asked.every((resolution) => resolution.kind === "answer"));
  assert.equal(server.questions.length, 1);
});

for (
  const [title, ttl, lifetime] of [["its TTL", 10, 10], ["a second at least", 0, 1], [
    "a day at most",
    1e6,
    86_400,
  ]] as const
) {
  Deno.test(`An answer is kept for ${title}`, async () => {
    await using server = new FakeNameServer(zone([a("pbx.example", "192.0.2.1", ttl)]));
    const { clock, resolver } = newResolver(server);
    await resolver.query("pbx.example", "A");
    clock.advance(lifetime * 1000 - 1);
    assert.ok(!(resolver.query("pbx.example", "A") instanceof Promise));
    clock.advance(1);
    assert.ok(resolver.query("pbx.example", "A") instanceof Promise);
    await server.whenAsked(2);
    await resolver.query("pbx.example", "A");
  });
}

for (
  const [title, minimum, lifetime] of [
    ["as long as SOA says", 20, 20],
    ["a second at least", 0, 1],
    ["a minute at most", 3600, 60],
    ["five seconds without SOA", undefined, 5],
  ] as const
) {
  Deno.test(`That there is no such name is kept for ${title}`, async () => {
    const soa = { ...SOA, data: { mname: "ns.example", rname: "root.example", minimum } } as typeof SOA;
    const authorities = minimum === undefined ? [] : [soa];
    await using server = new FakeNameServer(() => ({ flags: NAME_ERROR, authorities }));
    const { clock, resolver } = newResolver(server);
    assert.deepEqual(await resolver.query("no.example", "SRV"), { kind: "none" });
    clock.advance(lifetime * 1000 - 1);
    assert.deepEqual(resolver.query("no.example", "SRV"), { kind: "none" });
    clock.advance(1);
    assert.ok(resolver.query("no.example", "SRV") instanceof Promise);
    await resolver.query("no.example", "SRV");
  });
}

Deno.test("A failure is kept for two seconds", async () => {
  const { mood, server } = newMoody(zone(RECORDS));
  await using _ = server;
  mood.isSilent = true;
  const { clock, resolver } = newResolver(server);
  const asked = resolver.query("pbx.example", "A");
  await giveUp(clock, server, 1);
  assert.deepEqual(await asked, { kind: "failure" });
  clock.advance(1999);
  assert.deepEqual(resolver.query("pbx.example", "A"), { kind: "failure" });
  mood.isSilent = false;
  clock.advance(1);
  assert.equal((await resolver.query("pbx.example", "A")).kind, "answer");
  assert.equal(clock.pending, 0);
});

Deno.test("A stale answer is given after 1.8 s, then at once for 30 s, and for an hour in all (RFC 8767)", async () => {
  const { mood, server } = newMoody(zone(RECORDS));
  await using _ = server;
  const { clock, resolver } = newResolver(server);
  const answer = await resolver.query("pbx.example", "A");
  mood.isSilent = true;
  clock.advance(10_000);
  const stale = resolver.query("pbx.example", "A");
  assert.ok(stale instanceof Promise);
  await server.whenAsked(2);
  clock.advance(1800);
  assert.deepEqual(await stale, answer);
  clock.advance(2200);
  await pause(0);
  assert.deepEqual(resolver.query("pbx.example", "A"), answer);
  clock.advance(29_999);
  assert.deepEqual(resolver.query("pbx.example", "A"), answer);
  clock.advance(3_600_000 - 33_999);
  const dead = resolver.query("pbx.example", "A");
  await giveUp(clock, server, server.questions.length + 1);
  assert.deepEqual(await dead, { kind: "failure" });
});

Deno.test("A fresh answer replaces the stale one, also when it says that the name is gone", async () => {
  let answer = zone([a("pbx.example", "192.0.2.1", 10)]);
  await using server = new FakeNameServer((asked) => answer(asked));
  const { clock, resolver } = newResolver(server);
  await resolver.query("pbx.example", "A");
  answer = zone([a("pbx.example", "192.0.2.9", 10)]);
  clock.advance(10_000);
  assert.deepEqual(await resolver.query("pbx.example", "A"), { kind: "answer", records: ["192.0.2.9"] });
  answer = zone([]);
  clock.advance(10_000);
  assert.deepEqual(await resolver.query("pbx.example", "A"), { kind: "none" });
  assert.equal(clock.pending, 0);
});

Deno.test("Aliases are followed beyond the answer, eight of them", async () => {
  const hops = (count: number) => [
    ...Array.from({ length: count }, (_, i) => cname(`h${i}.example`, `h${i + 1}.example`, 50)),
    a(`h${count}.example`, "192.0.2.1"),
  ];
  const oneByOne = (records: ReturnType<typeof hops>) => ({ name }: { name: string }) => ({
    answers: records.filter((record) => record.name === name),
  });
  for (const [count, kind] of [[8, "answer"], [9, "failure"]] as const) {
    await using server = new FakeNameServer(oneByOne(hops(count)));
    const { clock, resolver } = newResolver(server);
    assert.equal((await resolver.query("h0.example", "A")).kind, kind);
    assert.equal(server.questions.length, 9);
    if (kind === "failure") continue;
    clock.advance(49_999);
    assert.ok(!(resolver.query("h0.example", "A") instanceof Promise));
  }
});

Deno.test("4096 names are kept, the oldest is forgotten", async () => {
  await using server = new FakeNameServer(({ name }) => ({ answers: [a(name, "192.0.2.1")] }));
  const { resolver } = newResolver(server);
  for (let i = 0; i < 4097; i += 17) {
    await Promise.all(
      Array.from({ length: Math.min(17, 4097 - i) }, (_, j) => resolver.query(`h${i + j}`, "A")),
    );
  }
  assert.ok(!(resolver.query("h4096", "A") instanceof Promise));
  assert.ok(!(resolver.query("h17", "A") instanceof Promise));
  const asked = [...Array(17).keys()].filter((i) => resolver.query(`h${i}`, "A") instanceof Promise);
  assert.equal(asked.length, 1);
  await Promise.all([...Array(17).keys()].map((i) => resolver.query(`h${i}`, "A")));
});

Deno.test("Addresses of both families, IPv6 first", async () => {
  await using server = new FakeNameServer(zone(RECORDS));
  const { resolver, lookups } = newResolver(server);
  const asked = resolver.resolve("both.example");
  assert.ok(asked instanceof Promise);
  assert.deepEqual(await asked, ["[2001:db8::2]", "192.0.2.2"]);
  assert.deepEqual(resolver.resolve("both.example"), ["[2001:db8::2]", "192.0.2.2"]);
  assert.deepEqual(await resolver.resolve("six.example"), ["[2001:db8::1]"]);
  assert.deepEqual(await resolver.resolve("pbx.example"), ["192.0.2.1"]);
  assert.deepEqual(lookups, []);
});

for (
  const [late, name, address] of [["AAAA", "pbx.example", "192.0.2.1"], [
    "A",
    "six.example",
    "[2001:db8::1]",
  ]] as const
) {
  Deno.test(`Addresses wait 0.3 s for a server that keeps quiet about ${late}`, async () => {
    await using server = new FakeNameServer((asked) =>
      asked.type === late ? undefined : zone(RECORDS)(asked)
    );
    const { clock, resolver } = newResolver(server);
    const asked = Promise.resolve(resolver.resolve(name));
    await resolver.query(name, late === "A" ? "AAAA" : "A");
    await pause(0);
    clock.advance(300);
    assert.deepEqual(await asked, [address]);
    clock.advance(4000);
  });
}

Deno.test("An address is itself", () => {
  const { resolver } = newResolver(undefined);
  for (const address of ["192.0.2.1", "[2001:db8::1]"]) {
    assert.deepEqual(resolver.resolve(address), [address]);
  }
});

Deno.test("Localhost is this machine and nothing is in .invalid; nobody is asked", async () => {
  await using server = new FakeNameServer(() => ({ answers: [a("localhost", "203.0.113.66")] }));
  const { lookups, resolver } = newResolver(server);
  for (const name of ["localhost", "pbx.localhost"]) {
    assert.deepEqual(resolver.resolve(name), ["127.0.0.1", "[::1]"]);
    assert.ok(resolver.isLocal(name));
  }
  assert.deepEqual(resolver.resolve("df7jal23ls0d.invalid"), []);
  assert.deepEqual(resolver.query("_sip._udp.a.invalid", "SRV"), { kind: "none" });
  assert.deepEqual([server.asked, lookups], [[], []]);
  assert.ok(!resolver.isLocal("notlocalhost") && !resolver.isLocal("example"));
});

Deno.test("The hosts file comes first; it cannot make localhost another machine", async () => {
  await using server = new FakeNameServer(zone(RECORDS));
  const hostsFile = await Deno.makeTempFile();
  await Deno.writeTextFile(hostsFile, "192.0.2.77 pbx.example localhost\n127.0.0.9 localhost\n");
  const { resolver } = newResolver(server, { hostsFile });
  assert.deepEqual(resolver.resolve("pbx.example"), ["192.0.2.77"]);
  assert.deepEqual(resolver.resolve("localhost"), ["127.0.0.9"]);
  assert.ok(resolver.isLocal("pbx.example"));
  assert.equal(server.questions.length, 0);
  await Deno.remove(hostsFile);
});

Deno.test("The system is asked for names that name servers do not know, and believed for a minute", async () => {
  await using server = new FakeNameServer(zone(RECORDS));
  const lookups: string[] = [];
  const { clock, resolver } = newResolver(server, {
    lookup: (name) => {
      lookups.push(name);
      return Promise.resolve(["192.0.2.50"]);
    },
  });
  assert.deepEqual(await resolver.resolve("printer"), ["192.0.2.50"]);
  assert.deepEqual(resolver.resolve("printer"), ["192.0.2.50"]);
  clock.advance(60_000);
  assert.deepEqual(await resolver.resolve("printer"), ["192.0.2.50"]);
  assert.deepEqual(lookups, ["printer", "printer"]);
});

Deno.test("The system is not asked when name servers fail", async () => {
  await using server = new FakeNameServer(() => undefined);
  const { clock, lookups, resolver } = newResolver(server);
  const asked = Promise.resolve(resolver.resolve("pbx.example"));
  await giveUp(clock, server, 2);
  assert.deepEqual(await asked, []);
  assert.deepEqual(lookups, []);
});

Deno.test("Without name servers only the system is asked", async () => {
  const { lookups, resolver } = newResolver(undefined, {
    lookup: () => Promise.resolve(["::1", "192.0.2.1"]),
  });
  assert.deepEqual(await resolver.resolve("pbx.example"), ["[::1]", "192.0.2.1"]);
  assert.deepEqual(resolver.query("example", "NAPTR"), { kind: "failure" });
  assert.deepEqual(lookups, []);
});

Deno.test("What is no name is not asked for", async () => {
  await using server = new FakeNameServer(zone(RECORDS));
  const { lookups, resolver } = newResolver(server);
  for (const name of ["", ".", "a b", "a\0b", "a..b", "x".repeat(64)]) {
    assert.deepEqual(resolver.resolve(name), []);
    assert.deepEqual(resolver.query(name, "SRV"), { kind: "none" });
  }
  assert.deepEqual([server.asked, lookups], [[], []]);
});

Deno.test("A question that nobody answers delays no other", async () => {
  await using server = new FakeNameServer((asked) =>
    asked.name === "slow.example" ? undefined : zone(RECORDS)(asked)
  );
  const { clock, resolver } = newResolver(server);
  const slow = resolver.query("slow.example", "A");
  assert.equal((await resolver.query("pbx.example", "A")).kind, "answer");
  await giveUp(clock, server, 2);
  assert.deepEqual(await slow, { kind: "failure" });
  assert.equal(resolver.query("pbx.example", "A") instanceof Promise, false);
});

Deno.test("The name servers of the system are those of resolv.conf as it is now", async () => {
  await using server = new FakeNameServer(zone(RECORDS));
  const resolverConfiguration = await Deno.makeTempFile();
  const { clock, resolver } = newResolver(undefined, { nameServers: undefined, resolverConfiguration });
  assert.deepEqual(resolver.query("example", "NAPTR"), { kind: "failure" });
  await Deno.writeTextFile(resolverConfiguration, `search example\nnameserver 127.0.0.1:${server.port}\n`);
  assert.deepEqual(resolver.query("example", "NAPTR"), { kind: "failure" });
  clock.advance(5000);
  assert.equal((await resolver.query("example", "NAPTR")).kind, "answer");
  await Deno.remove(resolverConfiguration);
});
