import assert from "node:assert/strict";
import { type DocumentAddress, type Source, WriteRefused } from "../../src/data/data_provider.ts";
import { FilesDataProvider } from "../../src/data/files_data_provider.ts";
import type { Kind } from "../../src/data/resource.ts";
import {
  agentDocument,
  didDocument,
  type Document,
  gatewayDocument,
  peerDocument,
} from "../support/resources.ts";
import { TemporaryFolder } from "../unit/data/temporary_folder.ts";
import type { DataProviderHarness } from "./data_provider_contract.ts";
import { testDataProviderWrites } from "./data_provider_writes_contract.ts";

/** The form of the documents in a file. */
type Style = (documents: readonly Document[]) => string;

/** JSON, which is YAML, with one document a line. */
const LINES: Style = (documents) => documents.map((document) => `- ${JSON.stringify(document)}\n`).join("");
const BRACKETS: Style = (documents) => `${JSON.stringify(documents, undefined, 2)}\n`;
const BLOCKS: Style = (documents) => documents.map((document) => `- ${block(document, "  ")}\n`).join("\n");

function block(document: Document, indentation: string): string {
  return Object.entries(document).map(([name, value]) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return `${name}: ${JSON.stringify(value)}`;
    }
    return `${name}:\n${indentation}  ${block(value as Document, `${indentation}  `)}`;
  }).join(`\n${indentation}`);
}

async function filesHarness(style: Style, extension: string): Promise<DataProviderHarness> {
  const folder = await TemporaryFolder.of({});
  return {
    open: () => new FilesDataProvider(folder.path),
    put: (collection, documents) => folder.replace(`${collection}.${extension}`, style(documents)),
    spoil: (collection) => folder.write(`${collection}.${extension}`, "- kind: Agent\n\tmetadata: {\n"),
    remove: (collection) => folder.remove(`${collection}.${extension}`),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

testDataProviderWrites("files, a line each", () => filesHarness(LINES, "yml"));
testDataProviderWrites("files, in brackets", () => filesHarness(BRACKETS, "yaml"));
testDataProviderWrites("files, in blocks", () => filesHarness(BLOCKS, "yaml"));

/** Loads a folder and renames its agent `1001`. */
async function change(folder: TemporaryFolder, name: string): Promise<void> {
  const provider = new FilesDataProvider(folder.path);
  const address = addressOf(await provider.load(), "ag3f77f6");
  const { document, version } = (await provider.read(address))!;
  const changed = { ...document, metadata: { name } };
  assert.equal(
    await provider.write({ action: "update", address, ref: "ag3f77f6", version, document: changed }),
    "ag3f77f6",
  );
}

function addressOf(sources: readonly Source[], ref: string): DocumentAddress {
  for (const source of sources) {
    const index = source.resources.findIndex((resource) => resource?.ref === ref);
    if (index >= 0) return { source, index };
  }
  assert.fail(`${ref} is gone`);
}

async function refused(provider: FilesDataProvider, kind: Kind, document: Document): Promise<string> {
  const error = await provider.write({ action: "create", kind, ref: "NEW", document }).catch((error) =>
    error
  );
  assert.ok(error instanceof WriteRefused);
  return `${error.reason} ${error.message}`;
}

const SAMPLE = await Deno.readTextFile(new URL("../../config/agents.yaml", import.meta.url));

Deno.test("files: one changed word in the sample is one changed word, found by a generated ref", async () => {
  await using folder = await TemporaryFolder.of({ "agents.yaml": SAMPLE });
  await change(folder, "Jane Roe");
  assert.equal(await Deno.readTextFile(folder.pathOf("agents.yaml")), SAMPLE.replace("John Doe", "Jane Roe"));
});

Deno.test("files: a document is found where an operator's edit has moved it", async () => {
  await using folder = await TemporaryFolder.of({ "agents.yaml": SAMPLE });
  const provider = new FilesDataProvider(folder.path);
  const address = addressOf(await provider.load(), "ag3f77f6");
  const before = await provider.read(address);
  const [header, first, second] = SAMPLE.split(/(?=^- )/m);
  await folder.write("agents.yaml", `${header}${second}\n${first.trimEnd()}\n`);
  assert.deepEqual(await provider.read(address), before);
  await provider.write({ action: "remove", address, ref: "ag3f77f6", version: before!.version });
  assert.equal(await Deno.readTextFile(folder.pathOf("agents.yaml")), `${header}${second}`);
});

Deno.test("files: DIDs go where there are some, as dids or as numbers, with either extension", async () => {
  for (const name of ["dids.yaml", "dids.yml", "numbers.yaml", "numbers.yml"]) {
    await using folder = await TemporaryFolder.of({ [name]: "" });
    const provider = new FilesDataProvider(folder.path);
    await provider.write({ action: "create", kind: "DID", ref: "D1", document: didDocument("D1") });
    assert.deepEqual([...Deno.readDirSync(folder.path)].map(({ name }) => name), [name]);
    assert.ok(addressOf(await provider.load(), "D1"));
  }
});

Deno.test("files: a DID cannot be created beside one of the same ref in the other file", async () => {
  await using folder = await TemporaryFolder.of({
    "dids.yaml": "",
    "numbers.yaml": BLOCKS([didDocument("NEW")]),
  });
  assert.match(await refused(new FilesDataProvider(folder.path), "DID", didDocument("NEW")), /^conflict /);
  assert.equal(await Deno.readTextFile(folder.pathOf("dids.yaml")), "");
});

Deno.test("files: a new file is a list in the manner of the samples", async () => {
  await using folder = await TemporaryFolder.of({});
  const provider = new FilesDataProvider(folder.path);
  const document = {
    ...agentDocument("1001", { maxContacts: 2, privacy: undefined }),
    metadata: { name: "a: b" },
  };
  await provider.write({ action: "create", kind: "Agent", ref: "AG1", document });
  assert.equal(
    await Deno.readTextFile(folder.pathOf("agents.yaml")),
    `- apiVersion: v1beta1
  kind: Agent
  metadata:
    name: 'a: b'
  spec:
    credentials:
      username: '1001'
      secret: '1234'
    domains: [sip.local]
    maxContacts: 2
`,
  );
});

Deno.test("files: what is no YAML, or no list, is not written to, and the reason is told", async () => {
  await using folder = await TemporaryFolder.of({
    "peers.yaml": "- kind: Peer\n  kind: Peer\n",
    "agents.yaml": "kind: Agent\n",
  });
  const provider = new FilesDataProvider(folder.path);
  await provider.load();
  assert.equal(
    await refused(provider, "Peer", peerDocument("ast")),
    `unwritable Cannot change ${folder.pathOf("peers.yaml")}: it is not YAML ` +
      "(line 2: found a property for the second time, expected each property once)",
  );
  assert.equal(
    await refused(provider, "Agent", agentDocument("1001")),
    `unwritable Cannot change ${folder.pathOf("agents.yaml")}: it holds a single document; ` +
      'make it a list by hand: "- " before its first line, two spaces before the others',
  );
  assert.equal(await Deno.readTextFile(folder.pathOf("agents.yaml")), "kind: Agent\n");
});

Deno.test("files: the text null, which would be read as no value, is refused", async () => {
  await using folder = await TemporaryFolder.of({});
  const document = peerDocument("ast", { device: "null" });
  assert.equal(
    await refused(new FilesDataProvider(folder.path), "Peer", document),
    'invalid spec.device is the text "null", which means no value in YAML files',
  );
  assert.deepEqual([...Deno.readDirSync(folder.path)], []);
});

Deno.test("files: where one of many new documents cannot be written, the file stays as it is", async () => {
  const faulty = "kind: Agent\n";
  await using folder = await TemporaryFolder.of({ "agents.yaml": faulty });
  const provider = new FilesDataProvider(folder.path);
  const documents = (...all: Document[]) => all.map((document, i) => ({ ref: `R${i}`, document }));
  await assert.rejects(
    provider.createAll("Peer", documents(peerDocument("a"), peerDocument("b", { device: "~" }))),
    {
      reason: "invalid",
      details: [{
        pointer: "/1/spec/device",
        message: 'is the text "~", which means no value in YAML files, expected another text',
        found: 'the text "~", which means no value in YAML files',
        expected: "another text",
      }],
    },
  );
  await assert.rejects(provider.createAll("Agent", documents(agentDocument("1"), agentDocument("2"))), {
    reason: "unwritable",
  });
  assert.equal(await Deno.readTextFile(folder.pathOf("agents.yaml")), faulty);
  assert.deepEqual([...Deno.readDirSync(folder.path)].map(({ name }) => name), ["agents.yaml"]);
});

Deno.test("files: many new agents look like the last one, with the blank lines between", async () => {
  await using folder = await TemporaryFolder.of({ "agents.yaml": SAMPLE });
  const provider = new FilesDataProvider(folder.path);
  const documents = ["1", "2"].map((name) => {
    return { ref: `AG${name}`, document: { kind: "Agent", spec: { credentials: { username: name } } } };
  });
  await provider.createAll("Agent", documents);
  const added = documents.map(({ ref }) => {
    return `- kind: Agent\n  spec:\n    credentials:\n      username: '${ref.slice(2)}'\n`;
  });
  assert.equal(await Deno.readTextFile(folder.pathOf("agents.yaml")), [SAMPLE, ...added].join("\n"));
});

Deno.test("files: faulty documents stay as they are beside one that is changed", async () => {
  const faulty = "- kind: Agent\n  spec: {domain: {}}\n";
  await using folder = await TemporaryFolder.of({ "agents.yaml": faulty + SAMPLE });
  await change(folder, "Jane Roe");
  assert.equal(
    await Deno.readTextFile(folder.pathOf("agents.yaml")),
    faulty + SAMPLE.replace("John Doe", "Jane Roe"),
  );
});

Deno.test("files: an agent among ten thousand is changed and the others stay", async () => {
  const agents = Array.from({ length: 10_000 }, (_, i) => agentDocument(String(i)));
  await using folder = await TemporaryFolder.of({ "agents.yaml": BLOCKS(agents) });
  const before = await Deno.readTextFile(folder.pathOf("agents.yaml"));
  await change(folder, "Jane Roe");
  assert.equal(
    await Deno.readTextFile(folder.pathOf("agents.yaml")),
    before.replace('"Agent 1001"', '"Jane Roe"'),
  );
});

Deno.test("files: a document is changed in its place under a ref that it did not have", async () => {
  const twins = [gatewayDocument(undefined, { port: 5060 }), gatewayDocument(undefined, { port: 5080 })];
  await using folder = await TemporaryFolder.of({ "gateways.yaml": BLOCKS(twins) });
  const provider = new FilesDataProvider(folder.path);
  const [source] = await provider.load();
  const address = { source, index: 1 };
  const { version } = (await provider.read(address))!;
  const document = gatewayDocument("GW2", { port: 5090 });
  await provider.write({ action: "update", address, ref: "GW2", version, document });
  const [first, second] = BLOCKS(twins).split(/\n(?=- )/);
  const changed = second.replace('Inc"\n', 'Inc"\n    ref: GW2\n').replace("5080", "5090");
  assert.equal(await Deno.readTextFile(folder.pathOf("gateways.yaml")), `${first}\n${changed}`);
});
