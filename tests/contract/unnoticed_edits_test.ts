/** Changes by the REST service just after an edit by hand that the server has not noticed yet. */
import assert from "node:assert/strict";
import { WriteRefused } from "../../src/data/data_provider.ts";
import { FilesDataProvider } from "../../src/data/files_data_provider.ts";
import { LiveDirectory } from "../../src/data/live_directory.ts";
import { ResourceStore } from "../../src/data/resource_store.ts";
import { agentDocument, type Document, domainDocument } from "../support/resources.ts";
import { TemporaryFolder } from "../unit/data/temporary_folder.ts";

const AGENTS = [agentDocument("1001"), agentDocument("1002")];
const REF = "ag3f77f6";

function yamlOf(documents: readonly Document[]): string {
  return documents.map((document) => `- ${JSON.stringify(document)}\n`).join("");
}

async function storeOf(folder: TemporaryFolder) {
  const provider = new FilesDataProvider(folder.path);
  const live = new LiveDirectory(provider);
  await live.load();
  return { live, store: new ResourceStore({ provider, live }) };
}

const FILES = { "domains.yaml": yamlOf([domainDocument("sip.local")]), "agents.yaml": yamlOf(AGENTS) };

/** Faulty files after an edit by hand. */
const BROKEN: Readonly<Record<string, string>> = {
  "a document with a fault": yamlOf([AGENTS[0], agentDocument("1002", { domains: ["sip.loca"] })]),
  "a property that is not known": yamlOf([AGENTS[0], agentDocument("1002", { privaci: "none" })]),
  "no YAML": "- {",
  "nothing": "",
};

for (const [what, text] of Object.entries(BROKEN)) {
  Deno.test(`create, update and remove right after an edit that left ${what} are refused (conflict)`, async () => {
    await using folder = await TemporaryFolder.of(FILES);
    const { store } = await storeOf(folder);
    await folder.write("agents.yaml", text);
    const refusals = await Promise.allSettled([
      store.update("Agent", REF, { metadata: { name: "Ann" } }),
      store.remove("Agent", REF),
      store.create("Agent", agentDocument("1003")),
      store.createAll("Agent", [agentDocument("1003")]),
    ]);
    for (const refusal of refusals) {
      assert.ok(refusal.status === "rejected" && refusal.reason instanceof WriteRefused);
      assert.equal(refusal.reason.reason, "conflict");
    }
    assert.equal(await Deno.readTextFile(folder.pathOf("agents.yaml")), text);
  });
}

Deno.test("a good edit that was not noticed yet is taken over before the change", async () => {
  await using folder = await TemporaryFolder.of(FILES);
  const { store, live } = await storeOf(folder);
  await folder.write("agents.yaml", yamlOf([agentDocument("1001", { privacy: "private" })]));
  await store.update("Agent", REF, { metadata: { name: "Ann" } });
  assert.equal(live.directory.counts.agents, 1);
  assert.equal(live.directory.agent("1001", "sip.local")?.privacy, "private");
  await store.remove("Agent", REF);
  assert.equal(live.directory.counts.agents, 0);
});
