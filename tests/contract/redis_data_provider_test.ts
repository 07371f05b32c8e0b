import assert from "node:assert/strict";
import { type DataProvider, type Source, WriteRefused } from "../../src/data/data_provider.ts";
import { formatFault } from "../../src/data/fault.ts";
import { LiveDirectory } from "../../src/data/live_directory.ts";
import type { RedisDataProvider } from "../../src/data/redis_data_provider.ts";
import type { Resource } from "../../src/data/resource.ts";
import { freePort } from "../support/ports.ts";
import { SlowProxy } from "../support/slow_proxy.ts";
import {
  agentDocument,
  type Document,
  domainDocument,
  gatewayDocument,
  peerDocument,
} from "../support/resources.ts";
import { testDataProvider } from "./data_provider_contract.ts";
import { testDataProviderWrites } from "./data_provider_writes_contract.ts";
import { RedisStorage, type RedisStorageOptions } from "./redis_storage.ts";

/** A second, and the allowance for a busy machine. */
const ALLOWED_MS = 3000;
const NOTIFYING = ["--notify-keyspace-events", "K$sg"];
const USER = { name: "routr", password: "of the user", rules: ["~*", "&*", "+@all"] };
/** A user with the fewest possible rights. */
const PLAIN_USER = {
  ...USER,
  rules: ["~*", "&*", "+@read", "+@connection", "+info", "+subscribe", "+psubscribe"],
};
const CLUSTER = [
  ...["--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1"],
  ...["--cluster-port", String(freePort())],
];

const PLACES: Readonly<Record<string, RedisStorageOptions>> = {
  "redis that notifies": { server: { args: NOTIFYING } },
  "redis that may not be told to notify": {
    server: { user: { ...USER, rules: [...USER.rules, "-config"] } },
  },
  "redis with a password": { server: { password: "of the server", args: NOTIFYING } },
  "redis with an ACL user": { server: { user: USER, args: NOTIFYING } },
};

for (const [name, options] of Object.entries(PLACES)) {
  testDataProvider(name, () => RedisStorage.start(options));
  testDataProviderWrites(name, () => RedisStorage.start(options));
}

async function until(condition: () => boolean | Promise<boolean>, within = 10_000): Promise<void> {
  const end = performance.now() + within;
  while (!(await condition())) {
    assert.ok(performance.now() < end, "Not in time");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function resources(sources: readonly Source[]): Resource[] {
  return sources.flatMap((source) => source.resources.filter((resource) => resource !== undefined));
}

function refs(sources: readonly Source[]): string[] {
  return resources(sources).map(({ ref }) => ref);
}

function faults(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => source.faults.map(formatFault));
}

/** Loads and watches a provider; `refs` are those of the last load. */
async function followed(
  provider: RedisDataProvider,
): Promise<{ readonly refs: string[]; readonly changes: number }> {
  const state = { refs: refs(await provider.load()), changes: 0 };
  provider.watch(async () => {
    state.changes++;
    state.refs = refs(await provider.load());
  });
  return state;
}

async function refusalOf(change: Promise<unknown>): Promise<WriteRefused> {
  const error = await change.then(() => undefined, (error) => error);
  assert.ok(error instanceof WriteRefused, String(error));
  return error;
}

function createAgent(provider: DataProvider, ref: string): Promise<string> {
  const document = { ...agentDocument(ref), metadata: { name: ref, ref } };
  return provider.write({ action: "create", kind: "Agent", ref, document });
}

Deno.test("redis: what Routr v1 wrote is read as it is", async () => {
  await using storage = await RedisStorage.start();
  const ref = "507f1f77bcf86cd799439011";
  const times = { createdOn: "2020-01-01T00:00:00Z", modifiedOn: "2020-01-01T00:00:00Z" };
  const put = async (collection: string, document: Document, key: string) => {
    await storage.run("SET", key, JSON.stringify(document));
    await storage.run("SADD", collection, key);
  };
  await put("gateways", {
    apiVersion: "v1beta1",
    kind: "Gateway",
    metadata: { name: "Provider", ref, ...times },
    spec: {
      host: "sip.provider.net",
      transport: "tcp",
      credentials: { username: "a", secret: "b" },
      expires: 600,
    },
  }, ref);
  await put("numbers", {
    apiVersion: "v1beta1",
    kind: "Number",
    metadata: { ref: `${ref}2`, gwRef: ref, geoInfo: { city: "Columbus" }, ...times },
    spec: { location: { telUrl: "tel:+17066041487", aorLink: "sip:1001@sip.local" } },
  }, `${ref}2`);
  await put("dids", {
    apiVersion: "v1beta1",
    kind: "DID",
    metadata: { ref: `${ref}3`, gwRef: ref },
    spec: { location: { telUrl: "tel:0000000000", aorLink: "sip:1001@sip.local" } },
  }, `${ref}3`);
  await storage.run("SET", "config", '{"spec":{}}');
  const sources = await storage.open().load();
  assert.deepEqual(faults(sources), []);
  assert.deepEqual(refs(sources), [ref, `${ref}3`, `${ref}2`]);
  const [gateway] = resources(sources);
  assert.ok(gateway.kind === "Gateway" && gateway.host === "sip.provider.net");
});

Deno.test("redis: a document without ref has its key as ref, and null counts as absent", async () => {
  await using storage = await RedisStorage.start();
  await storage.put("peers", [{ ...peerDocument("ast"), metadata: { name: "x", createdOn: null } }]);
  const sources = await storage.open().load();
  assert.deepEqual(faults(sources), []);
  assert.deepEqual(refs(sources), ["peers-0"]);
});

Deno.test("redis: each faulty document is told with its key, and the others serve", async () => {
  await using storage = await RedisStorage.start();
  await storage.put("agents", [agentDocument("1001")]);
  await storage.run("SADD", "agents", "broken", "list", "large", "dangling");
  await storage.run("SET", "broken", "{");
  await storage.run("RPUSH", "list", "1");
  await storage.run("SETRANGE", "large", String(2 ** 20), "x");
  const name = `redis 127.0.0.1:${storage.server.port}/0 agents`;
  const sources = await storage.open().load();
  assert.deepEqual(faults(sources), [
    `${name} broken: found text that is not JSON, expected a JSON document`,
    `${name} large: found a document of 2 MiB, expected at most 1 MiB`,
    `${name} list: found a Redis list, expected a string with a JSON document`,
  ]);
  assert.deepEqual(sources.flatMap(({ warnings }) => warnings), [
    `${name}: there is no document at "dangling"`,
  ]);
  assert.deepEqual(refs(sources), ["agents-0"]);
});

Deno.test("redis: load() reads again only what changed, and then all the rest are the same objects", async () => {
  await using storage = await RedisStorage.start();
  await storage.put("agents", Array.from({ length: 600 }, (_, i) => agentDocument(String(i))));
  const provider = storage.open();
  const before = new Set(resources(await provider.load()));
  await storage.run("SET", "agents-7", JSON.stringify(agentDocument("changed")));
  await storage.run("SREM", "agents", "agents-8");
  const after = resources(await provider.load());
  assert.equal(after.length, 599);
  assert.equal(after.filter((resource) => !before.has(resource)).length, 1);
});

for (const args of [[], NOTIFYING]) {
  const how = args.length === 0 ? "without" : "with";
  Deno.test(`redis: a change by one node is known to another within a second, ${how} notifications`, async () => {
    await using storage = await RedisStorage.start({ server: { args } });
    const writer = storage.open();
    await writer.load();
    const reader = await followed(storage.open());
    await until(async () => Number(await storage.run("PUBSUB", "NUMPAT")) === 1);
    const started = performance.now();
    await createAgent(writer, "AG1");
    await until(() => reader.refs.includes("AG1"));
    assert.ok(performance.now() - started < ALLOWED_MS);
    const [source] = await writer.load();
    const stored = await writer.read({ source, index: 0 });
    assert.ok(stored);
    await writer.write({
      action: "remove",
      address: { source, index: 0 },
      ref: "AG1",
      version: stored.version,
    });
    await until(() => !reader.refs.includes("AG1"));
    assert.ok(reader.changes <= 4, `${reader.changes} changes`);
  });
}

Deno.test("redis: what concerns no resource is no change", async () => {
  await using storage = await RedisStorage.start({ server: { args: NOTIFYING } });
  await storage.put("agents", [agentDocument("1001")]);
  const state = await followed(storage.open());
  await until(async () => Number(await storage.run("PUBSUB", "NUMPAT")) === 1);
  await storage.run("SET", "routr:location:x", "y");
  await storage.run("SET", "stranger", "y");
  await storage.run("PUBLISH", "routr:changes", "no JSON");
  await storage.run("PUBLISH", "routr:changes", '{"collection":"agents","ref":7}');
  await storage.run("PUBLISH", "routr:changes", '{"collection":"__proto__","ref":"x"}');
  await storage.run("PUBLISH", "routr:changes", '{"collection":"agents","ref":"agents-0"}');
  await storage.run("SADD", "agents", "agents-1");
  await storage.run("SET", "agents-1", JSON.stringify(agentDocument("1002")));
  await until(() => state.refs.length === 2);
  assert.ok(state.changes <= 2, `${state.changes} changes`);
});

Deno.test("redis: killed and started again, it serves meanwhile, and what was changed is known afterwards", async () => {
  await using storage = await RedisStorage.start();
  await storage.put("agents", [agentDocument("1001"), agentDocument("1002")]);
  const provider = storage.open();
  const state = await followed(provider);
  await storage.server.kill();
  await until(async () => (await refusalOf(createAgent(provider, "AG1"))).reason === "unavailable");
  assert.deepEqual(refs(await provider.load()), ["agents-0", "agents-1"]);
  await storage.server.restart();
  // The provider has not yet noticed that Redis is back.
  await storage.server.run("SADD", "agents", "later");
  await storage.server.run("SET", "later", JSON.stringify(agentDocument("1003")));
  await storage.server.run("SREM", "agents", "agents-0");
  await until(() => state.refs.join() === "agents-1,later");
  await createAgent(provider, "AG1");
  await until(() => state.refs.includes("AG1"));
});

Deno.test("redis: at the start it is waited for, and with patience given up", async () => {
  await using storage = await RedisStorage.start();
  await storage.put("agents", [agentDocument("1001")]);
  await storage.server.kill();
  const patient = storage.open().load();
  const hasty = await storage.open({ patienceMs: 300 }).load();
  assert.ok(hasty.length > 0 && hasty.every(({ readable }) => !readable));
  assert.match(
    faults(hasty).join(),
    /^redis 127.*: found Cannot reach Redis at .*: connection refused, expected Redis/,
  );
  await storage.server.restart();
  assert.deepEqual(refs(await patient), ["agents-0"]);
});

Deno.test("redis: a replica is read, and changes are refused with the reason (unwritable)", async () => {
  await using storage = await RedisStorage.start();
  await storage.put("agents", [agentDocument("1001")]);
  await storage.run("REPLICAOF", "127.0.0.1", String(freePort()));
  const provider = storage.open({ initialSecret: "1" });
  const sources = await provider.load();
  assert.deepEqual(refs(sources), ["agents-0"]);
  const { reason, message } = await refusalOf(createAgent(provider, "AG1"));
  assert.deepEqual([reason, message.replace(/:\d+/, "")], [
    "unwritable",
    "Redis at 127.0.0.1 refused: it is read-only",
  ]);
  const stored = await provider.read({ source: sources[0], index: 0 });
  assert.ok(stored);
});

Deno.test("redis: too few replicas (unwritable), no memory (unavailable) and a lack of rights (unwritable) are told, and half-done is nothing", async () => {
  await using storage = await RedisStorage.start();
  const provider = storage.open();
  await provider.load();
  await storage.run("CONFIG", "SET", "min-replicas-to-write", "1");
  assert.equal((await refusalOf(createAgent(provider, "AG1"))).reason, "unwritable");
  await storage.run("CONFIG", "SET", "min-replicas-to-write", "0");
  await storage.run("CONFIG", "SET", "maxmemory", "1");
  assert.equal((await refusalOf(createAgent(provider, "AG1"))).reason, "unavailable");
  await storage.run("CONFIG", "SET", "maxmemory", "0");
  await storage.run("ACL", "SETUSER", "default", "-set");
  assert.equal((await refusalOf(createAgent(provider, "AG1"))).reason, "unwritable");
  await storage.run("ACL", "SETUSER", "default", "+@all");
  await storage.run("SET", "agents", "no set");
  assert.equal((await refusalOf(createAgent(provider, "AG1"))).reason, "unwritable");
  assert.equal(await storage.run("EXISTS", "AG1"), 0);
});

Deno.test("redis: a user who may only read will do, even without scripts", async () => {
  await using storage = await RedisStorage.start();
  await storage.put("agents", [agentDocument("1001")]);
  await storage.run("ACL", "SETUSER", PLAIN_USER.name, "on", `>${PLAIN_USER.password}`, ...PLAIN_USER.rules);
  const provider = storage.open({}, { username: PLAIN_USER.name, secret: PLAIN_USER.password });
  const [before] = resources(await provider.load());
  assert.equal(resources(await provider.load())[0], before);
  await storage.run("SET", "agents-0", JSON.stringify(agentDocument("1002")));
  assert.notEqual(resources(await provider.load())[0], before);
  assert.equal((await refusalOf(createAgent(provider, "AG1"))).reason, "unwritable");
});

Deno.test("redis: a collection that may not be read is told, and keeps its last content if it had one", async () => {
  await using storage = await RedisStorage.start();
  await storage.put("agents", [agentDocument("1001")]);
  const rules = ["on", `>${USER.password}`, "+@all", "&*", "~*"];
  await storage.run("ACL", "SETUSER", USER.name, ...rules);
  const credentials = { username: USER.name, secret: USER.password };
  const provider = storage.open({}, credentials);
  await provider.load();
  await storage.run("ACL", "SETUSER", USER.name, "resetkeys", "~domains*", "~routr*");
  assert.deepEqual(refs(await provider.load()), ["agents-0"]);
  const late = await storage.open({}, credentials).load();
  const agents = late.find(({ kind }) => kind === "Agent");
  assert.equal(agents?.readable, false);
  assert.match(
    faults(late).at(-1) ?? "",
    /agents: found a collection that cannot be read \(this user has no permission\)/,
  );
});

Deno.test("redis: a slow link only makes it slower", async () => {
  await using storage = await RedisStorage.start();
  using proxy = new SlowProxy(storage.server.port);
  await storage.put("agents", Array.from({ length: 300 }, (_, i) => agentDocument(String(i))));
  proxy.delay = 30;
  const provider = storage.open({}, { port: proxy.port });
  assert.equal(resources(await provider.load()).length, 300);
  await createAgent(provider, "AG1");
  assert.equal(resources(await provider.load()).length, 301);
});

Deno.test("redis: a connection that is cut in the middle of a load is made again, and the load goes on", async () => {
  await using storage = await RedisStorage.start();
  using proxy = new SlowProxy(storage.server.port);
  await storage.put("agents", Array.from({ length: 2000 }, (_, i) => agentDocument(String(i))));
  proxy.cutAfter = 200_000;
  const provider = storage.open({}, { port: proxy.port });
  assert.equal(resources(await provider.load()).length, 2000);
  assert.equal(proxy.cutAfter, undefined);
  const state = await followed(provider);
  await storage.run("SET", "agents-7", JSON.stringify(peerDocument("x")));
  await storage.run("SREM", "agents", "agents-8");
  proxy.cut();
  await until(() => state.changes > 0 && state.refs.length === 1998);
});

Deno.test("redis: the first user is made once, by one of two nodes that start at once, and never again", async () => {
  await using storage = await RedisStorage.start();
  const nodes = [storage.open({ initialSecret: "first" }), storage.open({ initialSecret: "second" })];
  const [one, other] = (await Promise.all(nodes.map((node) => node.load()))).map(resources);
  assert.deepEqual([one.length, other.length], [1, 1]);
  assert.deepEqual(one, other);
  const [user] = one;
  assert.ok(user.kind === "User" && user.name === "Default" && user.username === "admin");
  const [late] = resources(await storage.open({ initialSecret: "third" }).load());
  assert.deepEqual(late, user);
  await using another = await RedisStorage.start();
  const [shipped] = resources(await another.open({ initialSecret: undefined }).load());
  assert.ok(shipped.kind === "User" && shipped.secret === "changeit");
});

Deno.test("redis: a cluster is read and written", async () => {
  await using storage = await RedisStorage.start({ server: { args: CLUSTER }, isCluster: true });
  await storage.put("agents", Array.from({ length: 300 }, (_, i) => agentDocument(String(i))));
  await storage.run("RPUSH", "list", "1");
  await storage.run("SADD", "agents", "list", "dangling");
  const [provider, other] = [storage.open({ initialSecret: "1" }), storage.open({ initialSecret: "2" })];
  const state = await followed(other);
  assert.equal(state.refs.length, 301);
  const before = await provider.load();
  assert.match(
    faults(before).join(),
    /^redis 127.0.0.1:\d+ agents list: found a Redis list, expected a string/,
  );
  assert.deepEqual(resources(await provider.load()), resources(before));
  await until(async () => Number(await storage.run("PUBSUB", "NUMPAT")) === 1);
  await createAgent(provider, "AG1");
  assert.equal((await refusalOf(createAgent(provider, "AG1"))).reason, "conflict");
  assert.equal((await refusalOf(createAgent(provider, "list"))).reason, "conflict");
  assert.equal(await storage.run("SISMEMBER", "agents", "AG1"), 1);
  await until(() => state.refs.includes("AG1"));
  const sources = await provider.load();
  const source = sources.find(({ kind }) => kind === "Agent");
  assert.ok(source);
  const at = { source, index: source.resources.findIndex((resource) => resource?.ref === "AG1") };
  const stored = await provider.read(at);
  assert.ok(stored);
  const remove = { action: "remove", address: at, ref: "AG1" } as const;
  assert.equal((await refusalOf(provider.write({ ...remove, version: "other" }))).reason, "conflict");
  await provider.write({ ...remove, version: stored.version });
  assert.equal((await refusalOf(provider.write({ ...remove, version: stored.version }))).reason, "missing");
  assert.equal(await storage.run("SISMEMBER", "agents", "AG1"), 0);
  await until(() => !state.refs.includes("AG1"));
});

Deno.test("redis: keys that mean something else cannot be refs", async () => {
  await using storage = await RedisStorage.start();
  const provider = storage.open();
  for (const ref of ["numbers", "location", "routr:changes"]) {
    assert.equal((await refusalOf(createAgent(provider, ref))).reason, "conflict");
  }
});

Deno.test("redis: a Number is kept among the numbers, and a DID among the dids", async () => {
  await using storage = await RedisStorage.start();
  const provider = storage.open();
  const document = (kind: string, ref: string) => ({
    apiVersion: "v1beta1",
    kind,
    metadata: { ref, gwRef: "GW1" },
    spec: { location: { telUrl: "tel:1", aorLink: "sip:1001@sip.local" } },
  });
  await provider.write({ action: "create", kind: "DID", ref: "N1", document: document("Number", "N1") });
  await provider.write({ action: "create", kind: "DID", ref: "D1", document: document("DID", "D1") });
  assert.deepEqual(await storage.run("SMEMBERS", "numbers"), ["N1"]);
  assert.deepEqual(await storage.run("SMEMBERS", "dids"), ["D1"]);
});

Deno.test("redis: the directory is what is in Redis, and faults of how resources go together are told", async () => {
  await using storage = await RedisStorage.start({ server: { args: NOTIFYING } });
  await storage.put("domains", [domainDocument("sip.local")]);
  await storage.put("gateways", [gatewayDocument("GW1")]);
  await storage.put("agents", [agentDocument("1001"), agentDocument("1002", { domains: ["sip.other"] })]);
  const live = new LiveDirectory(storage.open());
  const report = await live.load();
  assert.equal(report.faults.length, 1);
  assert.equal(live.directory.agent("1001", "sip.local")?.ref, "agents-0");
});

Deno.test("redis: a document that becomes faulty is left out, and all other changes are in force", async () => {
  await using storage = await RedisStorage.start();
  await storage.put("domains", [domainDocument("sip.local")]);
  await storage.put("agents", [agentDocument("1001"), agentDocument("1002")]);
  const live = new LiveDirectory(storage.open());
  await live.load();
  await storage.put("agents", [
    agentDocument("1001", { privacy: "some" }),
    agentDocument("1002"),
    agentDocument("1003"),
  ]);
  const { faults, rejected } = await live.load();
  assert.equal(faults.length, 1);
  assert.deepEqual(rejected, []);
  const names = ["1001", "1002", "1003"].filter((name) => live.directory.agent(name, "sip.local"));
  assert.deepEqual(names, ["1002", "1003"]);
});

Deno.test("redis: a hundred thousand agents load by commands of half a second at most, and one change reads little", async () => {
  await using storage = await RedisStorage.start();
  using proxy = new SlowProxy(storage.server.port);
  const count = 100_000;
  for (let begin = 0; begin < count; begin += 1000) {
    const agents = Array.from({ length: 1000 }, (_, i) => String(begin + i));
    await storage.run(
      "MSET",
      ...agents.flatMap((name) => [`AG${name}`, JSON.stringify(agentDocument(name))]),
    );
    await storage.run("SADD", "agents", ...agents.map((name) => `AG${name}`));
  }
  const provider = storage.open({}, { port: proxy.port, timeout: 500 });
  assert.equal(resources(await provider.load()).length, count);

  const state = await followed(provider);
  await until(async () => Number(await storage.run("PUBSUB", "NUMPAT")) === 1);
  await provider.load();
  const before = proxy.received;
  const writer = storage.open();
  await createAgent(writer, "AGnew");
  await until(() => state.refs.length === count + 1);
  assert.ok(proxy.received - before < 10_000, `${proxy.received - before} bytes`);
});
