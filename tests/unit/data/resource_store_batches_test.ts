/** Many new resources in one write. */
import assert from "node:assert/strict";
import { type WriteProblem, WriteRefused } from "../../../src/data/data_provider.ts";
import { valueAt } from "../../../src/data/document_problems.ts";
import { firstGeneratedRef, laterGeneratedRef } from "../../../src/data/generated_ref.ts";
import { LiveDirectory } from "../../../src/data/live_directory.ts";
import { ResourceStore } from "../../../src/data/resource_store.ts";
import {
  agentDocument,
  didDocument,
  domainDocument,
  gatewayDocument,
  peerDocument,
  withRef,
} from "../../support/resources.ts";
import { MemoryDataProvider } from "./memory_data_provider.ts";

const NOW = Date.UTC(2026, 10, 24);
const TIME = "2026-11-24T00:00:00.000Z";

async function start(options: { hasUniqueGateways?: boolean } = {}) {
  const provider = new MemoryDataProvider({
    Gateway: [gatewayDocument("GW0001")],
    Domain: [domainDocument("sip.local")],
    Agent: [withRef("john", agentDocument("1001"))],
  });
  const live = new LiveDirectory(provider);
  assert.deepEqual((await live.load()).faults, []);
  const store = new ResourceStore({ provider, live, clock: { wallTime: () => NOW }, ...options });
  return { provider, live, store, directory: live.directory };
}

async function refusalOf(change: Promise<unknown>): Promise<WriteRefused> {
  const error = await change.then(() => undefined, (error) => error);
  assert.ok(error instanceof WriteRefused, String(error));
  return error;
}

function pointers(details: readonly WriteProblem[]): string[] {
  return details.map(({ pointer }) => pointer);
}

Deno.test("createAll(): all are in force when the promise resolves, in their order, with refs and times", async () => {
  const { store, directory, provider } = await start();
  const refs = await store.createAll("Agent", [agentDocument("2"), withRef("mine", agentDocument("3"))]);
  assert.deepEqual(refs, [firstGeneratedRef("ag", "2sip.local"), "mine"]);
  assert.deepEqual([..."23"].map((name) => directory.agent(name, "sip.local")?.ref), refs);
  assert.deepEqual(
    provider.documents.Agent!.slice(1).map((document) => [
      valueAt(document, ["metadata", "ref"]),
      valueAt(document, ["metadata", "createdOn"]),
      valueAt(document, ["metadata", "modifiedOn"]),
    ]),
    refs.map((ref) => [ref, TIME, TIME]),
  );
});

Deno.test("createAll(): the directory is loaded once, however many there are", async () => {
  const { store, directory } = await start();
  let changes = 0;
  directory.onChange(() => changes++);
  await store.createAll("Peer", [peerDocument("a"), peerDocument("b"), peerDocument("c")]);
  assert.equal(changes, 1);
  assert.equal(directory.counts.peers, 3);
});

Deno.test("createAll(): every fault of every document is told, and nothing is made", async () => {
  const { store, provider } = await start();
  const before = JSON.stringify(provider.documents);
  const { reason, message, details } = await refusalOf(store.createAll("Agent", [
    agentDocument("2"),
    agentDocument("3", { privacy: "some", "a/b": "1" }),
    { kind: "Agent", apiVersion: "v1beta1", metadata: { name: "x" }, spec: { domains: ["sip.local"] } },
  ]));
  assert.equal(reason, "invalid");
  assert.match(message, /^Unprocessable entity: Agent: \[1\]\.spec\.privacy is "some", expected one of/);
  assert.deepEqual(pointers(details), ["/1/spec/privacy", "/1/spec/a~1b", "/2/spec/credentials"]);
  assert.deepEqual(details[0], {
    pointer: "/1/spec/privacy",
    message: 'is "some", expected one of none, private',
    found: '"some"',
    expected: "one of none, private",
  });
  assert.equal(JSON.stringify(provider.documents), before);
});

Deno.test("createAll(): secrets of faulty documents are not told", async () => {
  const { store } = await start();
  const document = agentDocument("2", { credentials: { username: "2", secret: ["geheim"] } });
  const refusal = await refusalOf(store.createAll("Agent", [document]));
  assert.equal(refusal.reason, "invalid");
  assert.ok(!JSON.stringify([refusal.message, refusal.details]).includes("geheim"));
});

Deno.test("createAll(): what is there already is told with its position, and nothing is made", async () => {
  const { store, provider } = await start();
  const before = JSON.stringify(provider.documents);
  const taken = [agentDocument("2"), agentDocument("1001"), withRef("john", agentDocument("3"))];
  const { reason, message, details } = await refusalOf(store.createAll("Agent", taken));
  assert.equal(reason, "conflict");
  assert.match(message, /^An attempt was made to create an object that already exists: Agent: \[1\]/);
  assert.deepEqual(pointers(details), ["/1/spec/credentials/username", "/2/metadata/ref"]);
  assert.equal(JSON.stringify(provider.documents), before);
});

Deno.test("createAll(): two of many that claim the same are told, whatever it is", async () => {
  const { store, provider } = await start();
  const before = JSON.stringify(provider.documents);
  const agents = [agentDocument("2"), agentDocument("2"), withRef("x", agentDocument("3"))];
  const again = withRef("x", agentDocument("4"));
  assert.deepEqual(pointers((await refusalOf(store.createAll("Agent", [...agents, again]))).details), [
    "/1/spec/credentials/username",
    "/3/metadata/ref",
  ]);
  const dids = [didDocument("D1", { telUrl: "tel:+1-5" }), didDocument("D2", { telUrl: "tel:15" })];
  const { reason, details } = await refusalOf(store.createAll("DID", dids));
  assert.deepEqual([reason, pointers(details)], ["conflict", ["/1/spec/location/telUrl"]]);
  const domains = [domainDocument("a.org"), domainDocument("A.org")];
  assert.deepEqual(pointers((await refusalOf(store.createAll("Domain", domains))).details), [
    "/1/spec/context/domainUri",
  ]);
  assert.equal(JSON.stringify(provider.documents), before);
});

Deno.test("createAll(): unknown domains are told to all who name them, with what was probably meant", async () => {
  const { store } = await start();
  const documents = ["2", "3"].map((name) => agentDocument(name, { domains: ["sip.locl"] }));
  const { reason, message, details } = await refusalOf(store.createAll("Agent", documents));
  assert.equal(reason, "conflict");
  assert.match(message, /^Found one or more unfulfilled.*\(did you mean "sip\.local"\?\), Agent: \[1\]/);
  assert.deepEqual(pointers(details), ["/0/spec/domains/0", "/1/spec/domains/0"]);
});

Deno.test("createAll(): generated refs that collide become others", async () => {
  const { store, directory } = await start();
  const refs = await store.createAll("Gateway", [gatewayDocument(undefined), gatewayDocument(undefined)]);
  const host = "sip.provider.net";
  assert.deepEqual(refs, [firstGeneratedRef("gw", host), laterGeneratedRef("gw", host)]);
  assert.equal(directory.counts.gateways, 3);
});

Deno.test("createAll(): gateways of one host are refused where the configuration forbids them", async () => {
  const { store } = await start({ hasUniqueGateways: true });
  const gateways = [5080, 5090, 5080].map((port, i) => gatewayDocument(`G${i}`, { host: "a.net", port }));
  const { reason, details } = await refusalOf(store.createAll("Gateway", gateways));
  assert.deepEqual([reason, pointers(details)], ["conflict", ["/2/spec/host"]]);
  const there = await refusalOf(store.createAll("Gateway", [gatewayDocument("G1")]));
  assert.deepEqual([there.reason, pointers(there.details)], ["conflict", ["/0/spec/host"]]);
  assert.equal((await store.createAll("Gateway", gateways.slice(0, 2))).length, 2);
});

Deno.test("createAll(): another writer's document of the same moment stays, and all of these are rolled back", async () => {
  const { store, provider, directory } = await start();
  const theirs = withRef("theirs", agentDocument("3"));
  provider.beforeWrite = () => {
    provider.beforeWrite = () => {};
    provider.documents.Agent!.push(theirs);
  };
  const { reason } = await refusalOf(store.createAll("Agent", [agentDocument("2"), agentDocument("3")]));
  assert.equal(reason, "conflict");
  assert.deepEqual(provider.documents.Agent!.map((document) => valueAt(document, ["metadata", "ref"])), [
    "john",
    "theirs",
  ]);
  assert.equal(directory.agent("2", "sip.local"), undefined);
  assert.equal(directory.agent("3", "sip.local")?.ref, "theirs");
});

Deno.test("create(): what somebody else made at the same moment stays, though both have the same generated ref", async () => {
  const { store, provider, directory } = await start();
  provider.beforeWrite = () => {
    provider.beforeWrite = () => {};
    provider.documents.Agent!.push(agentDocument("3"));
  };
  await refusalOf(store.create("Agent", withRef("mine", agentDocument("3"))));
  assert.equal(provider.documents.Agent!.length, 2);
  assert.equal(directory.agent("3", "sip.local")?.ref, firstGeneratedRef("ag", "3sip.local"));
});

Deno.test("createAll(): of endless faults the first ten thousand are told", async () => {
  const { store } = await start();
  const { reason, message, details } = await refusalOf(
    store.createAll("Agent", Array.from({ length: 20_000 }, () => ({}))),
  );
  assert.deepEqual([reason, details.length], ["invalid", 10_000]);
  assert.match(message, /and many more$/);
});

Deno.test("createAll(): thousands that were refused are made beside thousands of others once they are mended", async () => {
  const { store } = await start();
  const agents = (from: number, domain: string) =>
    Array.from({ length: 2000 }, (_, i) => agentDocument(String(from + i), { domains: [domain] }));
  await store.createAll("Agent", agents(10_000, "sip.local"));
  const { details } = await refusalOf(store.createAll("Agent", agents(20_000, "sip.locl")));
  assert.equal(details.length, 2000);
  const refs = await store.createAll("Agent", agents(20_000, "sip.local"));
  assert.equal(new Set(refs).size, 2000);
});
