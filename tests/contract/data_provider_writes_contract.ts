import assert from "node:assert/strict";
import {
  type DataProvider,
  type DocumentAddress,
  type DocumentChange,
  type ResourceDocument,
  type StoredDocument,
  WriteRefused,
} from "../../src/data/data_provider.ts";
import type { Kind, Resource } from "../../src/data/resource.ts";
import {
  agentDocument,
  didDocument,
  type Document,
  domainDocument,
  gatewayDocument,
  peerDocument,
  userDocument,
  withRef,
} from "../support/resources.ts";
import type { DataProviderHarness } from "./data_provider_contract.ts";

const SAMPLES: readonly (readonly [Kind, Document])[] = [
  ["User", withRef("US0001", userDocument("admin"))],
  ["Peer", withRef("PR0001", peerDocument("ast"))],
  ["Gateway", gatewayDocument("GW0001")],
  ["DID", didDocument("DID0001")],
  ["Domain", withRef("DM0001", domainDocument("sip.local", { accessControlList: { deny: ["0.0.0.0/0"] } }))],
  ["Agent", agent("1001")],
];

/** Texts that a careless writer changes. */
const DELICATE_TEXTS = [
  "0123",
  "1e3",
  "yes",
  "2026-11-24",
  "a: b",
  "a #b",
  "# a",
  "- a",
  "  a  ",
  "${SECRET}",
  "'a' \"b\" \\c",
  "{a}, [b]",
  "*a",
  "&a",
  "!a",
  "%a",
  "@a",
  "`a`",
  "a:",
  "one\ntwo\n",
  "tab\there",
  "Zoë 🎉",
];

/**
 * Tests that every writable data provider passes.
 * @param harness makes a new storage for each test
 */
export function testDataProviderWrites(name: string, harness: () => Promise<DataProviderHarness>): void {
  const test = (title: string, run: (storage: DataProviderHarness) => Promise<void>) =>
    Deno.test(`${name}: ${title}`, async () => {
      await using storage = await harness();
      await run(storage);
    });

  test("read() gives the document of a resource, the same each time", async (storage) => {
    await storage.put("agents", [agent("1001"), agent("1002")]);
    using kept = new Kept(storage.open());
    const stored = await kept.read("Agent", "AG1002");
    assert.deepEqual(asTexts(stored.document.spec), asTexts(agent("1002").spec));
    assert.deepEqual(await kept.read("Agent", "AG1002"), stored);
    assert.notEqual((await kept.read("Agent", "AG1001")).version, stored.version);
  });

  test("read() gives what is there now, and not what was loaded", async (storage) => {
    await storage.put("agents", [agent("1001"), agent("1002")]);
    using kept = new Kept(storage.open());
    const spot = await kept.addressOf("Agent", "AG1002");
    const before = await kept.provider.read(spot);
    await storage.put("agents", [agent("1000"), agent("1002", { privacy: "private" })]);
    const now = await kept.provider.read(spot);
    assert.deepEqual(asTexts(now?.document.spec), asTexts(agent("1002", { privacy: "private" }).spec));
    assert.notEqual(now?.version, before?.version);
    await storage.put("agents", [agent("1000")]);
    assert.equal(await kept.provider.read(spot), undefined);
  });

  test("a document of each kind can be created where there is nothing", async (storage) => {
    using kept = new Kept(storage.open());
    for (const [kind, document] of SAMPLES) {
      const ref = refOf(document);
      assert.equal(await kept.create(kind, document), ref);
      assert.equal((await kept.resource(kind, ref))?.ref, ref);
      assert.deepEqual(asTexts((await kept.read(kind, ref)).document.spec), asTexts(document.spec));
    }
  });

  test("a new document leaves the others as they were", async (storage) => {
    await storage.put("agents", [agent("1001"), agent("1002")]);
    using kept = new Kept(storage.open());
    const before = await kept.agents();
    await kept.create("Agent", agent("1003"));
    const { AG1003: created, ...others } = await kept.agents();
    assert.deepEqual(others, before);
    assert.deepEqual(asTexts(created.document.spec), asTexts(agent("1003").spec));
  });

  test("a document cannot be created twice (conflict)", async (storage) => {
    await storage.put("agents", [agent("1001")]);
    using kept = new Kept(storage.open());
    const before = await kept.agents();
    await refused("conflict", kept.create("Agent", agent("1001", { privacy: "private" })));
    assert.deepEqual(await kept.agents(), before);
  });

  test("many documents are created at once, and the others stay as they were", async (storage) => {
    await storage.put("agents", [agent("1001"), agent("1002")]);
    using kept = new Kept(storage.open());
    const { AG1001, AG1002 } = await kept.agents();
    const many = Array.from({ length: 30 }, (_, i) => agent(`${2000 + i}`, { maxContacts: 1 + i }));
    assert.deepEqual(await kept.createAll("Agent", many), many.map(refOf));
    const { AG1001: first, AG1002: second, ...created } = await kept.agents();
    assert.deepEqual([first, second], [AG1001, AG1002]);
    assert.deepEqual(Object.keys(created).sort(), many.map(refOf));
    for (const document of many) {
      assert.deepEqual(asTexts(created[refOf(document)].document.spec), asTexts(document.spec));
    }
  });

  test("many documents of each kind can be created where there is nothing", async (storage) => {
    using kept = new Kept(storage.open());
    for (const [kind, document] of SAMPLES) {
      const many = [document, withRef(`${refOf(document)}b`, document)];
      assert.deepEqual(await kept.createAll(kind, many), many.map(refOf));
      for (const ref of many.map(refOf)) assert.equal((await kept.resource(kind, ref))?.ref, ref);
    }
  });

  test("of many documents none is created if one is there already (conflict)", async (storage) => {
    await storage.put("agents", [agent("1001"), agent("1002")]);
    using kept = new Kept(storage.open());
    const before = await kept.agents();
    const taken = agent("1002", { privacy: "private" });
    await refused("conflict", kept.createAll("Agent", [agent("1003"), taken, agent("1004")]));
    assert.deepEqual(await kept.agents(), before);
    assert.deepEqual(await kept.createAll("Agent", [agent("1003"), agent("1004")]), ["AG1003", "AG1004"]);
  });

  test("of many documents none is created if two have one ref (conflict)", async (storage) => {
    await storage.put("agents", [agent("1001")]);
    using kept = new Kept(storage.open());
    const before = await kept.agents();
    const twice = [agent("1002"), agent("1003"), agent("1002", { privacy: "private" })];
    const { details } = await refused("conflict", kept.createAll("Agent", twice));
    assert.deepEqual(details.map(({ pointer, found }) => [pointer, found]), [[
      "/2/metadata/ref",
      '"AG1002"',
    ]]);
    assert.deepEqual(await kept.agents(), before);
  });

  test("of two writers who create some of the same documents at the same time, one is refused (conflict)", async (storage) => {
    await storage.put("agents", [agent("1000")]);
    using one = new Kept(storage.open());
    using other = new Kept(storage.open());
    await Promise.all([one.provider.load(), other.provider.load()]);
    const created = (...names: string[]) => names.map((name) => agent(name));
    const results = await Promise.allSettled([
      one.createAll("Agent", created("1", "2", "3")),
      other.createAll("Agent", created("3", "4", "5")),
    ]);
    const losers = results.flatMap((result) => result.status === "rejected" ? [result.reason] : []);
    assert.deepEqual(losers.map(({ reason }) => reason), ["conflict"]);
    const winners = results[0].status === "fulfilled" ? ["AG1", "AG2", "AG3"] : ["AG3", "AG4", "AG5"];
    assert.deepEqual(Object.keys(await one.agents()).sort(), [...winners, "AG1000"].sort());
  });

  test("an update replaces the document as a whole, and leaves the others as they were", async (storage) => {
    const changed = agent("1002", { domains: ["sip.local", "sip2.local"], maxContacts: 3 });
    await storage.put("agents", [agent("1001"), agent("1002", { privacy: "private" }), agent("1003")]);
    using kept = new Kept(storage.open());
    const { AG1002: before, ...othersBefore } = await kept.agents();
    assert.equal(await kept.update("Agent", "AG1002", changed), "AG1002");
    const { AG1002: after, ...othersAfter } = await kept.agents();
    assert.deepEqual(othersAfter, othersBefore);
    assert.deepEqual(asTexts(after.document.spec), asTexts(changed.spec));
    assert.notEqual(after.version, before.version);
    const resource = await kept.resource("Agent", "AG1002");
    assert.ok(resource?.kind === "Agent");
    assert.equal(resource.maxContacts, 3);
    assert.equal(resource.privacy, "none");
  });

  test("a change that was made for an older version is refused (conflict)", async (storage) => {
    await storage.put("agents", [agent("1001")]);
    using kept = new Kept(storage.open());
    const spot = await kept.addressOf("Agent", "AG1001");
    const { version } = await kept.read("Agent", "AG1001");
    await kept.update("Agent", "AG1001", agent("1001", { privacy: "private" }));
    const now = await kept.agents();
    const { provider } = kept;
    const older = { address: spot, ref: "AG1001", version };
    await refused("conflict", provider.write({ action: "update", ...older, document: agent("1001") }));
    await refused("conflict", provider.write({ action: "remove", ...older }));
    assert.deepEqual(await kept.agents(), now);
  });

  test("an operator's change in between is not written over (conflict)", async (storage) => {
    await storage.put("agents", [agent("1001"), agent("1002")]);
    using kept = new Kept(storage.open());
    const update = await kept.updateOf("Agent", "AG1002", agent("1002"));
    await storage.put("agents", [agent("1002", { privacy: "private" })]);
    await refused("conflict", kept.provider.write(update));
    const resource = await kept.resource("Agent", "AG1002");
    assert.ok(resource?.kind === "Agent" && resource.privacy === "private");
  });

  test("a document that is removed is gone, and the others are as they were", async (storage) => {
    await storage.put("agents", [agent("1001"), agent("1002"), agent("1003")]);
    using kept = new Kept(storage.open());
    const { AG1002: removed, ...others } = await kept.agents();
    const spot = await kept.addressOf("Agent", "AG1002");
    const change = { address: spot, ref: "AG1002", version: removed.version };
    await kept.provider.write({ action: "remove", ...change });
    assert.equal(await kept.provider.read(spot), undefined);
    assert.deepEqual(await kept.agents(), others);
    await refused("missing", kept.provider.write({ action: "remove", ...change }));
    await refused("missing", kept.provider.write({ action: "update", ...change, document: agent("1002") }));
    assert.deepEqual(await kept.agents(), others);
  });

  test("after the last document is removed, there is room for a new one", async (storage) => {
    await storage.put("peers", [withRef("PR0001", peerDocument("ast"))]);
    using kept = new Kept(storage.open());
    await kept.remove("Peer", "PR0001");
    assert.equal(await kept.resource("Peer", "PR0001"), undefined);
    await kept.create("Peer", withRef("PR0002", peerDocument("fs")));
    assert.ok(await kept.resource("Peer", "PR0002"));
  });

  test("texts stay what they are, whatever they look like", async (storage) => {
    using kept = new Kept(storage.open());
    for (const [i, text] of DELICATE_TEXTS.entries()) {
      const { metadata, ...document } = agent(`${i}`);
      await kept.create("Agent", { ...document, metadata: { ...metadata as Document, name: text } });
    }
    for (const [i, text] of DELICATE_TEXTS.entries()) {
      const resource = await kept.resource("Agent", `AG${i}`);
      assert.ok(resource?.kind === "Agent", text);
      assert.equal(resource.name, text);
    }
  });

  test("of two changes of one document at the same time, one is refused (conflict)", async (storage) => {
    await storage.put("agents", [agent("1001")]);
    using one = new Kept(storage.open());
    using other = new Kept(storage.open());
    const [privately, often] = [agent("1001", { privacy: "private" }), agent("1001", { maxContacts: 7 })];
    const updates = [
      await one.updateOf("Agent", "AG1001", privately),
      await other.updateOf("Agent", "AG1001", often),
    ];
    const results = await Promise.allSettled([
      one.provider.write(updates[0]),
      other.provider.write(updates[1]),
    ]);
    const losers = results.flatMap((result) => result.status === "rejected" ? [result.reason] : []);
    assert.equal(losers.length, 1);
    assert.ok(losers[0] instanceof WriteRefused);
    assert.equal(losers[0].reason, "conflict");
    const winner = results[0].status === "fulfilled" ? privately : often;
    assert.deepEqual(asTexts((await one.read("Agent", "AG1001")).document.spec), asTexts(winner.spec));
  });

  test("of changes of different documents at the same time, none is lost", async (storage) => {
    await storage.put("agents", [agent("1001"), agent("1002")]);
    using one = new Kept(storage.open());
    using other = new Kept(storage.open());
    const update = await one.updateOf("Agent", "AG1001", agent("1001", { maxContacts: 7 }));
    await other.provider.load();
    await Promise.all([
      one.provider.write(update),
      other.create("Agent", agent("1003")),
      one.create("Agent", agent("1004")),
    ]);
    const agents = await other.agents();
    assert.deepEqual(Object.keys(agents).sort(), ["AG1001", "AG1002", "AG1003", "AG1004"]);
    assert.deepEqual(
      asTexts(agents.AG1001.document.spec),
      asTexts(agent("1001", { maxContacts: 7 }).spec),
    );
  });
}

/** The content of a provider, loaded again for each look-up. */
class Kept implements Disposable {
  readonly provider: DataProvider;

  constructor(provider: DataProvider) {
    this.provider = provider;
  }

  async addressOf(kind: Kind, ref: string): Promise<DocumentAddress> {
    const address = await this.#find(kind, ref);
    assert.ok(address, `${ref} is gone`);
    return address;
  }

  async resource(kind: Kind, ref: string): Promise<Resource | undefined> {
    const address = await this.#find(kind, ref);
    return address?.source.resources[address.index];
  }

  async read(kind: Kind, ref: string): Promise<StoredDocument> {
    const stored = await this.provider.read(await this.addressOf(kind, ref));
    assert.ok(stored, `${ref} is gone`);
    return stored;
  }

  /** Returns all agents by ref. */
  async agents(): Promise<Record<string, StoredDocument>> {
    const sources = (await this.provider.load()).filter(({ kind }) => kind === "Agent");
    assert.deepEqual(sources.flatMap(({ faults }) => faults), []);
    const agents: Record<string, StoredDocument> = {};
    for (const source of sources) {
      for (const [index, resource] of source.resources.entries()) {
        const stored = await this.provider.read({ source, index });
        if (resource !== undefined && stored !== undefined) agents[resource.ref] = stored;
      }
    }
    return agents;
  }

  create(kind: Kind, document: Document): Promise<string> {
    return this.provider.write({ action: "create", kind, ref: refOf(document), document });
  }

  createAll(kind: Kind, documents: readonly Document[]): Promise<readonly string[]> {
    return this.provider.createAll(kind, documents.map((document) => ({ ref: refOf(document), document })));
  }

  async updateOf(kind: Kind, ref: string, document: Document): Promise<DocumentChange> {
    const address = await this.addressOf(kind, ref);
    const { version } = await this.read(kind, ref);
    return { action: "update", address, ref, version, document };
  }

  async update(kind: Kind, ref: string, document: Document): Promise<string> {
    return await this.provider.write(await this.updateOf(kind, ref, document));
  }

  async remove(kind: Kind, ref: string): Promise<void> {
    const address = await this.addressOf(kind, ref);
    const { version } = await this.read(kind, ref);
    await this.provider.write({ action: "remove", address, ref, version });
  }

  async #find(kind: Kind, ref: string): Promise<DocumentAddress | undefined> {
    for (const source of await this.provider.load()) {
      if (source.kind !== kind) continue;
      const index = source.resources.findIndex((resource) => resource?.ref === ref);
      if (index >= 0) return { source, index };
    }
    return undefined;
  }

  [Symbol.dispose](): void {
    this.provider.close();
  }
}

function agent(username: string, spec: Document = {}): Document {
  return withRef(`AG${username}`, agentDocument(username, spec));
}

function refOf({ metadata }: ResourceDocument): string {
  return String((metadata as Document).ref);
}

/** Some providers read 3 as a number, some as its digits. */
function asTexts(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_, part) => typeof part === "object" ? part : String(part));
}

async function refused(reason: WriteRefused["reason"], change: Promise<unknown>): Promise<WriteRefused> {
  const error = await change.then(() => undefined, (error) => error);
  assert.ok(error instanceof WriteRefused, `Expected ${reason}, but got ${error}`);
  assert.equal(error.reason, reason);
  assert.notEqual(error.message, "");
  return error;
}
