import assert from "node:assert/strict";
import { FilesDataProvider } from "../../src/data/files_data_provider.ts";
import { formatFault } from "../../src/data/fault.ts";
import { LiveDirectory } from "../../src/data/live_directory.ts";
import { agentDocument, type Document, domainDocument } from "../support/resources.ts";
import { TemporaryFolder } from "../unit/data/temporary_folder.ts";
import { type DataProviderHarness, testDataProvider } from "./data_provider_contract.ts";
import { pause } from "../support/pause.ts";

/** Returns JSON, which is YAML, with one document a line. */
function yamlOf(documents: readonly Document[]): string {
  return documents.map((document) => `- ${JSON.stringify(document)}\n`).join("");
}

interface Style {
  readonly extension: "yaml" | "yml";
  readonly put: "write" | "replace";
}

async function filesHarness({ extension, put }: Style): Promise<DataProviderHarness> {
  const folder = await TemporaryFolder.of({});
  return {
    open: () => new FilesDataProvider(folder.path),
    put: (collection, documents) => folder[put](`${collection}.${extension}`, yamlOf(documents)),
    spoil: (collection) => folder[put](`${collection}.${extension}`, "- kind: Agent\n\tmetadata: {\n"),
    remove: (collection) => folder.remove(`${collection}.${extension}`),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

testDataProvider("files, written in place", () => filesHarness({ extension: "yaml", put: "write" }));
testDataProvider("files, renamed over", () => filesHarness({ extension: "yml", put: "replace" }));

const LOCAL_DOMAIN = yamlOf([domainDocument("sip.local")]);

const AGENTS = `# People
- apiVersion: v1beta1
  kind: Agent
  metadata:
    name: John Doe
  spec:
    credentials:
      username: 1001
      secret: 0123
    domains: [sip.loca]
    privat: None
`;

Deno.test("files: faults tell file, line, column, property, what was found and expected", async () => {
  await using folder = await TemporaryFolder.of({
    "domains.yaml": LOCAL_DOMAIN,
    "agents.yaml": AGENTS,
    "peers.yaml": "- kind: Peer\n  kind: Peer\n",
  });
  const { faults } = await new LiveDirectory(new FilesDataProvider(folder.path)).load();
  assert.deepEqual(faults, [
    {
      file: folder.pathOf("peers.yaml"),
      line: 2,
      column: 3,
      property: "",
      found: "a property for the second time",
      expected: "each property once",
    },
    {
      file: folder.pathOf("agents.yaml"),
      line: 11,
      column: 5,
      property: "spec.privat",
      found: "not a known property",
      expected: "one of credentials, domains, privacy, maxContacts, ex_maxContact, serialRingSeconds, limits",
      nearest: "privacy",
    },
  ]);
});

Deno.test("files: faults between files have lines too", async () => {
  await using folder = await TemporaryFolder.of({
    "domains.yaml": LOCAL_DOMAIN,
    "agents.yaml": AGENTS.replace("    privat: None\n", ""),
  });
  const { faults } = await new LiveDirectory(new FilesDataProvider(folder.path)).load();
  assert.deepEqual(faults.map(formatFault), [
    `${folder.pathOf("agents.yaml")}:10:15: spec.domains[0] is "sip.loca", ` +
    'expected one of the configured domains (did you mean "sip.local"?)',
  ]);
});

Deno.test("files: a secret of digits is what was written, and a single resource needs no list", async () => {
  const single = AGENTS.replace("- api", "  api").replace("sip.loca", "sip.local").replace(
    "    privat: None\n",
    "",
  );
  await using folder = await TemporaryFolder.of({ "domains.yaml": LOCAL_DOMAIN, "agents.yaml": single });
  const live = new LiveDirectory(new FilesDataProvider(folder.path));
  assert.deepEqual((await live.load()).faults, []);
  assert.equal(live.directory.agent("1001", "sip.local")?.secret, "0123");
});

Deno.test("files: empty files and files of comments are empty lists", async () => {
  await using folder = await TemporaryFolder.of({
    "agents.yaml": "",
    "domains.yaml": "# none yet\n",
    "peers.yaml": "---\n",
  });
  const live = new LiveDirectory(new FilesDataProvider(folder.path));
  assert.deepEqual(await live.load(), { faults: [], warnings: [], rejected: [] });
});

Deno.test("files: .yaml is preferred to .yml, which is told", async () => {
  await using folder = await TemporaryFolder.of({
    "domains.yaml": LOCAL_DOMAIN,
    "domains.yml": yamlOf([domainDocument("sip2.local")]),
  });
  const live = new LiveDirectory(new FilesDataProvider(`${folder.path}/`));
  const { warnings } = await live.load();
  assert.deepEqual(warnings, [
    `${folder.pathOf("domains.yml")} is ignored, because there is ${folder.pathOf("domains.yaml")}`,
  ]);
  assert.ok(live.directory.domain("sip.local"));
  assert.equal(live.directory.domain("sip2.local"), undefined);
});

Deno.test("files: what cannot be read is told", async () => {
  await using folder = await TemporaryFolder.of({});
  await Deno.mkdir(folder.pathOf("agents.yaml"));
  const { faults } = await new LiveDirectory(new FilesDataProvider(folder.path)).load();
  assert.equal(faults.length, 1);
  assert.match(
    formatFault(faults[0]),
    /agents\.yaml: found a file that cannot be read \(.+\), expected a readable file$/,
  );
});

Deno.test("files: names that are nearly right are told", async () => {
  const names = ["agent.yaml", "Domains.yml", "peers.yaml.txt", "gateways.json", "config.yaml", "cdr.json"];
  await using folder = await TemporaryFolder.of(Object.fromEntries(names.map((name) => [name, ""])));
  const live = new LiveDirectory(new FilesDataProvider(folder.path));
  const { warnings } = await live.load();
  assert.deepEqual(
    warnings,
    [
      ["Domains.yml", "domains"],
      ["agent.yaml", "agents"],
      ["gateways.json", "gateways"],
      ["peers.yaml.txt", "peers"],
    ].map(([name, collection]) =>
      `${folder.pathOf(name)} is not read: ${collection} belong in ${folder.pathOf(collection)}.yaml`
    ),
  );
});

Deno.test("files: a folder that cannot be read is told in its place, and the last content stays", async () => {
  await using folder = await TemporaryFolder.of({});
  const path = folder.pathOf("config");
  await Deno.mkdir(path);
  await folder.write("config/domains.yaml", LOCAL_DOMAIN);
  const provider = new FilesDataProvider(path);
  const live = new LiveDirectory(provider);
  await live.load();
  await Deno.rename(path, folder.pathOf("old"));
  await folder.write("config", "no folder");
  const { faults, warnings } = await live.load();
  assert.match(
    formatFault(faults[0]),
    /config: found a folder that cannot be read \(.+\), expected a readable/,
  );
  assert.deepEqual(warnings, []);
  assert.equal(live.directory.counts.domains, 1);
  assert.equal(provider.isReachable, false);
  const anew = await new LiveDirectory(new FilesDataProvider(path)).load();
  assert.equal(anew.faults.length, 1);
});

Deno.test("files: emptied for 0.3 s or away for two, as by a copy that is not atomic, they lose nothing", async () => {
  await using folder = await TemporaryFolder.of({ "domains.yaml": LOCAL_DOMAIN });
  const agents = yamlOf(["1001", "1002", "1003"].map((name) => agentDocument(name)));
  await folder.write("agents.yaml", agents);
  const live = new LiveDirectory(new FilesDataProvider(folder.path));
  await live.load();
  let changes = 0;
  live.directory.onChange(() => changes++);
  live.follow(() => {});
  await folder.write("agents.yaml", "");
  await pause(300);
  await folder.write("agents.yaml", agents);
  await pause(300);
  await folder.remove("agents.yaml");
  await pause(2000);
  await folder.write("agents.yaml", agents.slice(0, agents.indexOf("1003") - 60));
  await pause(300);
  await folder.write("agents.yaml", agents);
  await pause(500);
  live.close();
  assert.equal(changes, 0);
  assert.equal(live.directory.counts.agents, 3);
});

Deno.test("files: a folder that comes into being later is noticed, and so is one that takes its place", async () => {
  await using folder = await TemporaryFolder.of({});
  const path = folder.pathOf("config");
  const live = new LiveDirectory(new FilesDataProvider(path));
  await live.load();
  let noticed = () => {};
  live.follow(() => noticed());
  const domains = (count: number) =>
    new Promise<void>((resolve) => {
      noticed = () => live.directory.counts.domains === count && resolve();
    });

  const oneDomain = domains(1);
  await Deno.mkdir(path);
  await folder.write("config/domains.yaml", LOCAL_DOMAIN);
  await oneDomain;

  const twoDomains = domains(2);
  await Deno.mkdir(folder.pathOf("next"));
  await folder.write("next/domains.yaml", yamlOf([domainDocument("a.local"), domainDocument("b.local")]));
  await Deno.rename(path, folder.pathOf("old"));
  await Deno.rename(folder.pathOf("next"), path);
  await twoDomains;
  live.close();
});

Deno.test("files: ten thousand agents are loaded, and the server gets its turn meanwhile", async () => {
  const agents = Array.from({ length: 10_000 }, (_, i) => agentDocument(String(i)));
  await using folder = await TemporaryFolder.of({
    "domains.yaml": LOCAL_DOMAIN,
    "agents.yaml": yamlOf(agents),
  });
  const live = new LiveDirectory(new FilesDataProvider(folder.path));
  let turns = 0;
  const interval = setInterval(() => turns++, 1);
  const { faults } = await live.load();
  clearInterval(interval);
  assert.deepEqual(faults, []);
  assert.equal(live.directory.counts.agents, 10_000);
  assert.ok(turns >= 3, `${turns} turns`);
});
