/** The rules of changes, for every provider. */
import assert from "node:assert/strict";
import { WriteRefused } from "../../../src/data/data_provider.ts";
import { valueAt } from "../../../src/data/document_problems.ts";
import { firstGeneratedRef, laterGeneratedRef } from "../../../src/data/generated_ref.ts";
import { LiveDirectory } from "../../../src/data/live_directory.ts";
import type { Kind, Resource } from "../../../src/data/resource.ts";
import { ResourceStore } from "../../../src/data/resource_store.ts";
import {
  agentDocument,
  didDocument,
  type Document,
  domainDocument,
  gatewayDocument,
  peerDocument,
  userDocument,
  withRef,
} from "../../support/resources.ts";
import { MemoryDataProvider } from "./memory_data_provider.ts";

const NOW = Date.UTC(2026, 10, 24);

async function start(options: { hasUniqueGateways?: boolean } = {}) {
  const provider = new MemoryDataProvider({
    User: [withRef("admin", userDocument("admin"))],
    Peer: [withRef("ast", peerDocument("ast"))],
    Gateway: [gatewayDocument("GW0001")],
    DID: [didDocument("DID0001")],
    Domain: [
      withRef("local", domainDocument("sip.local", { egressPolicy: { rule: ".*", didRef: "DID0001" } })),
      withRef("local2", domainDocument("sip2.local")),
    ],
    Agent: [withRef("john", agentDocument("1001")), agentDocument("1002", { domains: ["sip2.local"] })],
  });
  const live = new LiveDirectory(provider);
  const { faults } = await live.load();
  assert.deepEqual(faults, []);
  const store = new ResourceStore({ provider, live, clock: { wallTime: () => NOW }, ...options });
  return { provider, live, store, directory: live.directory };
}

/** Returns the reason and message of a refusal. */
async function refusalOf(change: Promise<unknown>): Promise<string> {
  try {
    await change;
  } catch (error) {
    assert.ok(error instanceof WriteRefused, String(error));
    return `${error.reason} ${error.message}`;
  }
  return "accepted";
}

Deno.test("create(): the resource is in force when the promise resolves, with a ref and times of its own", async () => {
  const { store, directory, provider } = await start();
  const ref = await store.create("Agent", agentDocument("1003"));
  assert.equal(ref, firstGeneratedRef("ag", "1003sip.local"));
  assert.equal(directory.agent("1003", "sip.local")?.ref, ref);
  const created = provider.documents.Agent!.at(-1);
  assert.equal(valueAt(created, ["metadata", "createdOn"]), "2026-11-24T00:00:00.000Z");
  assert.equal(valueAt(created, ["metadata", "ref"]), ref);
});

Deno.test("create(): a given ref is kept, and one that is taken is refused", async () => {
  const { store } = await start();
  assert.equal(await store.create("Peer", withRef("mine", peerDocument("pbx"))), "mine");
  assert.match(
    await refusalOf(store.create("Peer", withRef("mine", peerDocument("other")))),
    /^conflict An attempt was made to create an object that already exists: Peer: metadata\.ref is "mine"/,
  );
});

Deno.test("create(): where a generated ref is taken, the scheme of later releases gives another", async () => {
  const { store, provider, live } = await start();
  const taken = firstGeneratedRef("ag", "1003sip.local");
  provider.change("Agent", [withRef(taken, agentDocument("9"))]);
  await live.load();
  assert.equal(await store.create("Agent", agentDocument("1003")), laterGeneratedRef("ag", "1003sip.local"));
});

const REFUSED_CREATIONS: readonly [string, Kind, Document, RegExp][] = [
  [
    "an agent of an unknown domain",
    "Agent",
    agentDocument("1003", { domains: ["sip.locl"] }),
    /^conflict Found one or more unfulfilled dependencies: Agent: spec\.domains\[0\] is "sip\.locl".*did you mean "sip\.local"/,
  ],
  [
    "an agent whose name is taken in its domain",
    "Agent",
    agentDocument("1001"),
    /^conflict An attempt was made/,
  ],
  ["a domain that is there", "Domain", domainDocument("SIP.local"), /^conflict An attempt was made/],
  [
    "a domain with the DID of nobody",
    "Domain",
    domainDocument("x.org", { egressPolicy: { rule: ".*", didRef: "DID9" } }),
    /^conflict Found one or more unfulfilled/,
  ],
  ["a peer whose name is taken", "Peer", peerDocument("ast"), /^conflict An attempt was made/],
  ["a user whose name is taken", "User", userDocument("admin"), /^conflict An attempt was made/],
  [
    "a number that is there, however it is written",
    "DID",
    didDocument("D2", { telUrl: "tel:+1-706-604-1487" }),
    /^conflict An attempt/,
  ],
  [
    "a number of an unknown gateway",
    "DID",
    { ...didDocument("D2", { telUrl: "tel:5" }), metadata: { gwRef: "GW9" } },
    /^conflict Found one or more unfulfilled/,
  ],
  [
    "a faulty document",
    "Agent",
    agentDocument("1003", { privacy: "some", colour: "red" }),
    /^invalid Unprocessable entity: Agent: spec\.privacy is "some", expected one of none, private, Agent: spec\.colour is not a known/,
  ],
  [
    "a document of another kind",
    "Agent",
    peerDocument("1003"),
    /^invalid Unprocessable entity: Agent: kind is "Peer"/,
  ],
];

for (const [what, kind, document, expected] of REFUSED_CREATIONS) {
  Deno.test(`create(): ${what} is refused`, async () => {
    const { store, provider } = await start();
    const before = JSON.stringify(provider.documents);
    assert.match(await refusalOf(store.create(kind, document)), expected);
    assert.equal(JSON.stringify(provider.documents), before);
  });
}

Deno.test("create(): two gateways may have one host, unless the configuration forbids it", async () => {
  const { store } = await start();
  await store.create("Gateway", gatewayDocument(undefined));
  const strict = await start({ hasUniqueGateways: true });
  assert.match(
    await refusalOf(strict.store.create("Gateway", gatewayDocument(undefined))),
    /^conflict An attempt/,
  );
  assert.match(
    await refusalOf(strict.store.create("Gateway", gatewayDocument(undefined, { port: 5060 }))),
    /^conflict An attempt/,
  );
  await strict.store.create("Gateway", gatewayDocument(undefined, { port: 5090 }));
});

Deno.test("update(): what is given replaces what was there, the rest stays, lists are whole, null takes away", async () => {
  const { store, provider, directory } = await start();
  await store.update("Agent", "john", {
    metadata: { name: "Johnny" },
    spec: { privacy: "private", maxContacts: 3 },
  });
  await store.update("Agent", "john", { spec: { domains: ["sip.local", "sip2.local"], maxContacts: null } });
  const agent = directory.agent("1001", "sip2.local");
  assert.deepEqual(
    [agent?.name, agent?.privacy, agent?.maxContacts, agent?.secret],
    ["Johnny", "private", undefined, "1234"],
  );
  const stored = provider.documents.Agent![0];
  assert.equal(valueAt(stored, ["metadata", "modifiedOn"]), "2026-11-24T00:00:00.000Z");
  assert.equal(valueAt(stored, ["spec", "maxContacts"]), undefined);
});

Deno.test("update(): a secret takes the place of hashes, and hashes that of a secret", async () => {
  const { store, provider } = await start();
  const credentials = () => valueAt(provider.documents.Agent![0], ["spec", "credentials"]);
  const ha1 = [{ realm: "sip.local", md5: "0".repeat(32) }];
  await store.update("Agent", "john", { spec: { credentials: { ha1 } } });
  assert.deepEqual(credentials(), { username: "1001", ha1 });
  await store.update("Agent", "john", { spec: { credentials: { secret: "4321" } } });
  assert.deepEqual(credentials(), { username: "1001", secret: "4321" });
});

const READ_ONLY: readonly [Kind, string, Document, string][] = [
  ["Agent", "john", { spec: { credentials: { username: "1009" } } }, "spec.credentials.username"],
  ["User", "admin", { spec: { credentials: { username: "root" } } }, "spec.credentials.username"],
  ["Peer", "ast", { spec: { credentials: { username: "pbx" } } }, "spec.credentials.username"],
  ["Domain", "local2", { spec: { context: { domainUri: "sip3.local" } } }, "spec.context.domainUri"],
  ["DID", "DID0001", { spec: { location: { telUrl: "tel:1" } } }, "spec.location.telUrl"],
  ["Gateway", "GW0001", { metadata: { ref: "GW0002" } }, "metadata.ref"],
];

for (const [kind, ref, changes, property] of READ_ONLY) {
  Deno.test(`update(): ${property} of a ${kind} is read-only`, async () => {
    const { store } = await start();
    const refusal = await refusalOf(store.update(kind, ref, changes));
    assert.match(
      refusal,
      new RegExp(`^invalid .*${RegExp.escape(property)} is another value.*readonly field`),
    );
  });
}

Deno.test("update(): a gateway may move, and keeps the ref that was made from its old host", async () => {
  const { store, provider, live } = await start();
  provider.change("Gateway", [gatewayDocument(undefined)]);
  const ref = firstGeneratedRef("gw", "sip.provider.net");
  provider.change("DID", [{ ...didDocument("DID0001"), metadata: { ref: "DID0001", gwRef: ref } }]);
  await live.load();
  await store.update("Gateway", ref, { spec: { host: "sip.other.net" } });
  assert.equal(live.directory.gateway(ref)?.host, "sip.other.net");
  assert.ok(live.directory.did("DID0001"));
});

Deno.test("update(): dependencies and duplicates are looked at again", async () => {
  const { store } = await start();
  assert.match(
    await refusalOf(store.update("DID", "DID0001", { metadata: { gwRef: "GW9" } })),
    /^conflict Found one or more unfulfilled/,
  );
  await store.create("Agent", agentDocument("1001", { domains: ["sip2.local"] }));
  assert.match(
    await refusalOf(store.update("Agent", "john", { spec: { domains: ["sip2.local"] } })),
    /^conflict An attempt was made/,
  );
});

Deno.test("remove(): what others depend on stays", async () => {
  const { store, directory } = await start();
  const dependent = "conflict Found one or more dependent objects";
  assert.equal(await refusalOf(store.remove("Domain", "local")), dependent);
  assert.equal(await refusalOf(store.remove("Gateway", "GW0001")), dependent);
  assert.equal(await refusalOf(store.remove("DID", "DID0001")), dependent);
  await store.remove("Agent", "john");
  await store.remove("Domain", "local");
  await store.remove("DID", "DID0001");
  await store.remove("Gateway", "GW0001");
  assert.deepEqual(directory.counts, { agents: 1, domains: 1, peers: 1, users: 1, gateways: 0, dids: 0 });
});

Deno.test("what is not there is missing", async () => {
  const { store } = await start();
  assert.equal(await refusalOf(store.read("Agent", "nobody")), "missing Not found");
  assert.equal(await refusalOf(store.update("Agent", "nobody", {})), "missing Not found");
  assert.equal(await refusalOf(store.remove("Peer", "john")), "missing Not found");
});

Deno.test("a change for another version than the one that is there is refused", async () => {
  const { store } = await start();
  const ifJohn = (current: Resource) => {
    if (current.kind !== "Agent" || current.name !== "Agent 1001") {
      throw new WriteRefused("conflict", "Another one");
    }
  };
  await store.update("Agent", "john", { metadata: { name: "Johnny" } }, ifJohn);
  const again = store.update("Agent", "john", { metadata: { name: "Jo" } }, ifJohn);
  assert.equal(await refusalOf(again), "conflict Another one");
  assert.equal(await refusalOf(store.remove("Agent", "john", ifJohn)), "conflict Another one");
});

Deno.test("two changes of one resource at once, neither for a version, are made one after the other", async () => {
  const { store, provider, directory } = await start();
  const gate = Promise.withResolvers<void>();
  provider.beforeWrite = () => gate.promise;
  const changes = ["Johnny", "Jo"].map((name) =>
    refusalOf(store.update("Agent", "john", { metadata: { name } }))
  );
  await new Promise((resolve) => setTimeout(resolve));
  gate.resolve();
  assert.deepEqual(await Promise.all(changes), ["accepted", "accepted"]);
  assert.equal(directory.agent("1001", "sip.local")?.name, "Jo");
});

Deno.test("of two changes at once that do not go together, one wins and the other is told", async () => {
  const { store, directory } = await start();
  await store.remove("Agent", firstGeneratedRef("ag", "1002sip2.local"));
  const changes = [
    refusalOf(store.remove("Domain", "local2")),
    refusalOf(store.create("Agent", agentDocument("1003", { domains: ["sip2.local"] }))),
    refusalOf(store.create("Peer", peerDocument("pbx"))),
    refusalOf(store.create("Peer", peerDocument("pbx"))),
  ];
  const results = (await Promise.all(changes)).map((result) => result.slice(0, 13));
  assert.deepEqual(results, ["accepted", "conflict Foun", "accepted", "conflict An a"]);
  assert.equal(directory.domain("sip2.local"), undefined);
});

Deno.test("beside a fault of somebody's hand nothing is changed, since it would not be in force", async () => {
  const { store, provider, live } = await start();
  provider.documents.Agent!.push({ kind: "Agent" });
  await live.load();
  const refused = /^conflict The last edit of agents is not in force/;
  assert.match(await refusalOf(store.create("Agent", agentDocument("1003"))), refused);
  assert.match(await refusalOf(store.update("Agent", "john", { metadata: { name: "Jo" } })), refused);
  assert.equal(await refusalOf(store.create("Peer", peerDocument("pbx"))), "accepted");
  provider.documents.Agent!.pop();
  await live.load();
  assert.equal(await refusalOf(store.create("Agent", agentDocument("1003"))), "accepted");
});

Deno.test("resources without a given ref are found by the one that was made", async () => {
  const { store } = await start();
  const { document } = await store.read("Agent", firstGeneratedRef("ag", "1002sip2.local"));
  assert.equal(valueAt(document, ["spec", "credentials", "username"]), "1002");
});
