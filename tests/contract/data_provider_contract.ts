import assert from "node:assert/strict";
import type { DataProvider } from "../../src/data/data_provider.ts";
import { type Fault, formatFault } from "../../src/data/fault.ts";
import { LiveDirectory, type LoadReport } from "../../src/data/live_directory.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { ResourceStore } from "../../src/data/resource_store.ts";
import {
  agentDocument,
  didDocument,
  type Document,
  domainDocument,
  gatewayDocument,
  peerDocument,
  userDocument,
} from "../support/resources.ts";
import { pause } from "../support/pause.ts";

/** The storage of one test, with the changes that an operator makes in it. */
export interface DataProviderHarness extends AsyncDisposable {
  open(): DataProvider;
  /** Replaces the content of a collection. */
  put(collection: string, documents: readonly Document[]): Promise<void>;
  /** Makes a collection unreadable. */
  spoil(collection: string): Promise<void>;
  /** Removes a whole collection. */
  remove(collection: string): Promise<void>;
}

/** A change is in force within this time; the suite allows a busy machine more. */
const PROMISED_MS = 1000;
const ALLOWED = 3 * PROMISED_MS;

const SAMPLES: Readonly<Record<string, readonly Document[]>> = {
  users: [userDocument("admin")],
  peers: [peerDocument("ast")],
  gateways: [gatewayDocument("GW0001")],
  dids: [didDocument("DID0001")],
  numbers: [{ ...didDocument("DID0002", { telUrl: "tel:1" }), kind: "Number" }],
  domains: [domainDocument("sip.local", { egressPolicy: { rule: ".*", didRef: "DID0001" } })],
  agents: [agentDocument("1001"), agentDocument("1002")],
};

/**
 * Tests that every data provider passes.
 * @param harness makes a new storage for each test
 */
export function testDataProvider(name: string, harness: () => Promise<DataProviderHarness>): void {
  Deno.test(`${name}: a storage with nothing in it has no resources and no faults`, async () => {
    await using storage = await harness();
    using served = await Served.from(storage);
    assert.deepEqual(served.report, { faults: [], warnings: [], rejected: [] });
    assert.deepEqual(served.counts, { agents: 0, domains: 0, peers: 0, users: 0, gateways: 0, dids: 0 });
  });

  Deno.test(`${name}: resources of all kinds are found`, async () => {
    await using storage = await filled(harness);
    using served = await Served.from(storage);
    assert.deepEqual(served.report, { faults: [], warnings: [], rejected: [] });
    assert.deepEqual(served.counts, { agents: 2, domains: 1, peers: 1, users: 1, gateways: 1, dids: 2 });
  });

  Deno.test(`${name}: a faulty document is told, and the others serve`, async () => {
    await using storage = await filled(harness);
    await storage.put("agents", [agentDocument("1001"), agentDocument("1002", { privacy: "some" })]);
    using served = await Served.from(storage);
    assert.deepEqual(served.faults, ['spec.privacy is "some", expected one of none, private']);
    assert.equal(served.counts.agents, 1);
  });

  Deno.test(`${name}: properties of other programs are told once, have no effect, and stay when one is changed`, async () => {
    await using storage = await filled(harness);
    const others = { _id: "5cdf", deleted: false };
    const metadata = { name: "John", ref: "AG1", createdBy: "crm", modifiedBy: "crm", tech: { vlan: 7 } };
    const document = { ...agentDocument("1001", { createdAt: "now" }), ...others, metadata };
    await storage.put("agents", [document, { ...agentDocument("1002"), ...others }]);
    const provider = storage.open();
    const live = new LiveDirectory(provider);
    const { faults, warnings } = await live.load();
    assert.deepEqual(faults, []);
    assert.equal(live.directory.counts.agents, 2);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0], /agents.*: 2 documents have properties that are not known .* metadata\.tech/);
    const store = new ResourceStore({ provider, live });
    await store.update("Agent", "AG1", { metadata: { name: "Ann" } });
    assert.equal((await live.load()).faults.length, 0);
    const { document: kept } = await store.read("Agent", "AG1");
    provider.close();
    const { modifiedOn: _, ...keptMetadata } = kept.metadata as Document;
    const asText = (value: unknown) => JSON.stringify(value).replaceAll(/"?(false|7)"?/g, "$1");
    assert.equal(
      asText({ ...kept, metadata: keptMetadata }),
      asText({ ...document, metadata: { ...metadata, name: "Ann" } }),
    );
  });

  Deno.test(`${name}: a misspelt property is a fault`, async () => {
    await using storage = await filled(harness);
    await storage.put("agents", [agentDocument("1001", { privat: "private" }), agentDocument("1002")]);
    using served = await Served.from(storage);
    assert.match(served.faults.join(), /^spec\.privat is not a known property, .*/);
    assert.equal(served.report.faults[0].nearest, "privacy");
    assert.equal(served.counts.agents, 1);
  });

  Deno.test(`${name}: empty values count as absent`, async () => {
    await using storage = await filled(harness);
    const spec = { privacy: "", maxContacts: null };
    await storage.put("agents", [
      { ...agentDocument("1001", spec), metadata: { name: "Ann", ref: "AG1", createdOn: "" } },
    ]);
    await storage.put("gateways", [
      { ...gatewayDocument("GW0001", { credentials: { username: "", secret: "" }, realms: null }) },
    ]);
    using served = await Served.from(storage);
    assert.deepEqual(served.faults, []);
    assert.equal(served.counts.agents, 1);
    assert.equal(served.counts.gateways, 1);
  });

  Deno.test(`${name}: load() gives the same objects for what has not changed`, async () => {
    await using storage = await filled(harness);
    const provider = storage.open();
    const [before, after] = [await provider.load(), await provider.load()];
    provider.close();
    assert.deepEqual(after.map(({ name }) => name), before.map(({ name }) => name));
    for (const [i, { resources }] of after.entries()) {
      for (const [k, resource] of resources.entries()) assert.equal(resource, before[i].resources[k]);
    }
  });

  Deno.test(`${name}: a change is in force within a second`, async () => {
    await using storage = await filled(harness);
    using served = await Served.from(storage);
    const started = performance.now();
    await storage.put("agents", [agentDocument("1001"), agentDocument("1002"), agentDocument("1003")]);
    await served.until(() => served.counts.agents === 3);
    assert.ok(performance.now() - started < ALLOWED);
    assert.deepEqual(served.report.faults, []);
  });

  Deno.test(`${name}: changes one after the other are all noticed`, async () => {
    await using storage = await filled(harness);
    using served = await Served.from(storage);
    for (const count of [3, 1, 4]) {
      await storage.put("agents", Array.from({ length: count }, (_, i) => agentDocument(`${i}`)));
      await served.until(() => served.counts.agents === count);
    }
  });

  Deno.test(`${name}: a broken change is told, and the last good content stays in force`, async () => {
    await using storage = await filled(harness);
    using served = await Served.from(storage);
    await storage.spoil("agents");
    await served.until(() => served.report.faults.length > 0);
    assert.equal(served.report.rejected.length, 1);
    assert.equal(served.counts.agents, 2);
    await storage.put("agents", [agentDocument("1001")]);
    await served.until(() => served.counts.agents === 1);
    assert.deepEqual(served.report, { faults: [], warnings: [], rejected: [] });
  });

  Deno.test(`${name}: a collection that is taken away, and stays away, leaves no resources`, async () => {
    await using storage = await filled(harness);
    using served = await Served.from(storage);
    await storage.remove("peers");
    await served.until(() => {
      served.clock.advance(5000);
      return served.counts.peers === 0;
    });
    assert.deepEqual(served.report.faults, []);
  });

  Deno.test(`${name}: a storage that is emptied keeps what was there, and takes what comes then`, async () => {
    await using storage = await filled(harness);
    using served = await Served.from(storage);
    for (const collection of Object.keys(SAMPLES).reverse()) await storage.remove(collection);
    await served.until(() => served.lost.length > 0);
    served.clock.advance(4000);
    await pause(PROMISED_MS / 2);
    assert.equal(served.counts.agents, 2);
    await storage.put("domains", [domainDocument("sip.local")]);
    await storage.put("agents", [agentDocument("1003")]);
    await served.until(() => served.counts.agents === 1);
  });

  Deno.test(`${name}: a collection may come into being later`, async () => {
    await using storage = await harness();
    using served = await Served.from(storage);
    await storage.put("domains", [domainDocument("sip.local")]);
    await served.until(() => served.counts.domains === 1);
  });

  Deno.test(`${name}: after close() nothing is called back`, async () => {
    await using storage = await filled(harness);
    const provider = storage.open();
    await provider.load();
    provider.watch(() => assert.fail("Called back after close()"));
    provider.close();
    await storage.put("agents", []);
    await pause(PROMISED_MS / 2);
  });
}

async function filled(harness: () => Promise<DataProviderHarness>): Promise<DataProviderHarness> {
  const storage = await harness();
  for (const [collection, documents] of Object.entries(SAMPLES)) await storage.put(collection, documents);
  return storage;
}

/** A directory that follows a provider. */
class Served implements Disposable {
  /** A clock for losses only, which are accepted when they have lasted. */
  readonly clock = new FakeClock();
  readonly #live: LiveDirectory;
  #report: LoadReport = { faults: [], warnings: [], rejected: [] };

  private constructor(provider: DataProvider) {
    this.#live = new LiveDirectory(provider, this.clock);
  }

  static async from(storage: DataProviderHarness): Promise<Served> {
    const served = new Served(storage.open());
    served.#report = await served.#live.load();
    served.#live.follow((report) => served.#report = report);
    return served;
  }

  get report(): LoadReport {
    return this.#report;
  }

  get counts() {
    return this.#live.directory.counts;
  }

  get lost(): readonly string[] {
    return this.#live.lost("Agent");
  }

  /** The faults without their position, which differs between providers. */
  get faults(): string[] {
    return this.#report.faults.map(({ property, found, expected }: Fault) =>
      formatFault({ file: "", property, found, expected }).slice(": ".length)
    );
  }

  async until(condition: () => boolean): Promise<void> {
    const end = performance.now() + ALLOWED;
    while (!condition()) {
      assert.ok(performance.now() < end, "Not in force in time");
      await pause(10);
    }
  }

  [Symbol.dispose](): void {
    this.#live.close();
  }
}
