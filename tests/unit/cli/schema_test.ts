/** JSON Schemas find the same faults as `routr check`, as far as schemas can. */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { readCommandLine } from "../../../src/cli/command_line.ts";
import { init } from "../../../src/cli/init.ts";
import { schema, SCHEMA_NAMES, schemaText } from "../../../src/cli/schema.ts";
import { configurationSchema } from "../../../src/config/configuration.ts";
import { type Kind, readResource } from "../../../src/data/resource.ts";
import { violations } from "../../support/json_schema_validator.ts";
import {
  agentDocument,
  didDocument,
  type Document,
  domainDocument,
  gatewayDocument,
  peerDocument,
  userDocument,
} from "../../support/resources.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";
import { WRONG_DOCUMENTS } from "../data/wrong_documents.ts";

const SHIPPED = new URL("../../../config/", import.meta.url);

function shippedText(path: string): string {
  return Deno.readTextFileSync(new URL(path, SHIPPED));
}

function parsed(name: string): Record<string, unknown> {
  return JSON.parse(schemaText(name) ?? "null");
}

/** Returns a document as it is read from a file. */
function plain(document: unknown): unknown {
  return JSON.parse(JSON.stringify(document));
}

/** Returns the exit status of `routr schema` and its output. */
function run(kind: string): { status: number; output: string; errors: string } {
  const { log, error } = console;
  const lines: { output: string[]; errors: string[] } = { output: [], errors: [] };
  console.log = (line: string) => lines.output.push(line);
  console.error = (line: string) => lines.errors.push(line);
  try {
    return { status: schema(kind), output: lines.output.join("\n"), errors: lines.errors.join("\n") };
  } finally {
    console.log = log;
    console.error = error;
  }
}

Deno.test("routr schema prints the schema of a kind in any case, singular or plural", () => {
  for (const kind of ["did", "DIDs", "number", "Numbers"]) {
    const { status, output } = run(kind);
    assert.equal(status, 0);
    assert.equal(`${output}\n`, schemaText("dids"));
  }
  assert.equal(JSON.parse(run("Config").output).title, "General configuration");
  assert.deepEqual(readCommandLine(["schema", "agent"]), { kind: "schema", of: "agent" });
});

Deno.test("routr schema refuses an unknown kind, and lists the kinds", () => {
  const { status, output, errors } = run("phone");
  assert.equal(status, 2);
  assert.equal(output, "");
  assert.equal(
    errors,
    'routr: There is no schema of "phone", only of config, user, agent, domain, gateway, did or peer',
  );
  assert.equal(readCommandLine(["schema"]).kind, "mistake");
  assert.equal(readCommandLine(["schema", "agent", "peer"]).kind, "mistake");
});

Deno.test("config/schemas has the output of routr schema: update it with `routr schema KIND` after a change", () => {
  const files = [...Deno.readDirSync(new URL("schemas", SHIPPED))].map(({ name }) => name);
  assert.deepEqual(files.sort(), SCHEMA_NAMES.map((name) => `${name}.json`).sort());
  for (const name of SCHEMA_NAMES) assert.equal(shippedText(`schemas/${name}.json`), schemaText(name), name);
});

Deno.test("routr init writes the schemas beside the samples that name them, over those of another release", async () => {
  await using folder = await TemporaryFolder.of({});
  await Deno.mkdir(folder.pathOf("schemas"));
  await folder.write("schemas/agents.json", "{}");
  const { log } = console;
  console.log = () => {};
  const status = await init(folder.path).finally(() => console.log = log);
  assert.equal(status, 0);
  for (const name of SCHEMA_NAMES) {
    const text = await Deno.readTextFile(folder.pathOf(`schemas/${name}.json`));
    assert.equal(text, schemaText(name), name);
  }
});

Deno.test("the samples name their schema in the first line, and keep to it, with and without comments", () => {
  for (const name of SCHEMA_NAMES) {
    const text = shippedText(`${name}.yaml`);
    assert.equal(text.split("\n", 1)[0], `# yaml-language-server: $schema=schemas/${name}.json`);
    assert.deepEqual(violations(parsed(name), parse(text)), [], name);
    if (name === "config") continue;
    const uncommented = text.replace(/^( *)# ?( *(?:- )?[a-zA-Z]+:(?: .*)?)$/gm, "$1$2");
    const documents = parse(uncommented);
    assert.ok(Array.isArray(documents) && documents.length > 0);
    assert.deepEqual(violations(parsed(name), documents), [], name);
  }
});

const HASHES = { md5: "0123456789abcdef".repeat(2), sha256: "0123456789ABCDEF".repeat(4) };

function withCredentials(document: Document, credentials: Document): Document {
  return { ...document, spec: { ...document.spec as Document, credentials } };
}

const RIGHT_DOCUMENTS: readonly (readonly [Kind, Document])[] = [
  ["Agent", agentDocument("1001", { domains: "sip.local", privacy: "PRIVATE", maxContacts: "3" })],
  [
    "Agent",
    agentDocument("1001", { domains: ["192.0.2.1", "[2001:db8::1]", "a_b.Example."], ex_maxContact: 0 }),
  ],
  ["Agent", { ...agentDocument("jörg"), kind: "agent", apiVersion: "V1.0" }],
  ["Agent", withCredentials(agentDocument("1001"), { username: 1001, secret: 1234 })],
  ["Agent", withCredentials(agentDocument("1001"), { username: "1001", secret: "$${NAME}" })],
  ["Agent", withCredentials(agentDocument("1001"), { username: "1001", ha1: HASHES })],
  [
    "Agent",
    withCredentials(agentDocument("1001"), { username: "1001", ha1: [{ realm: "x", MD5: HASHES.md5 }] }),
  ],
  [
    "Agent",
    withCredentials(agentDocument("1001"), { username: "1001", ha1: [{ "SHA-256": HASHES.sha256 }] }),
  ],
  ["Domain", domainDocument("SIP.local")],
  ["Domain", domainDocument("::1", { egressPolicy: { rule: 911, numberRef: "DID0001" } })],
  [
    "Domain",
    domainDocument("sip.local", {
      accessControlList: { allow: ["10.0.0.0/255.0.0.0", "::/0", "192.0.2.1"], deny: "0.0.0.0/0" },
    }),
  ],
  ["Peer", peerDocument("ast", { device: "astserver", contactAddr: "192.168.1.2:6060", maxContacts: 2 })],
  ["Peer", peerDocument("ast", { contactAddr: "[2001:db8::1]:5060" })],
  ["User", userDocument("admin")],
  ["User", {
    ...userDocument("admin"),
    metadata: { name: "A", ref: "us1", createdOn: "2020-01-01T00:00:00Z" },
  }],
  ["Gateway", gatewayDocument(undefined, { credentials: undefined, port: 5061, sendRegister: "no" })],
  ["Gateway", gatewayDocument("GW1", { host: "2001:db8::1", transport: "TLS", realms: "r", expires: "600" })],
  [
    "Gateway",
    gatewayDocument("GW1", { registries: ["sip2.provider.net:5090", "203.0.113.1"], sendRegister: false }),
  ],
  ["DID", { ...didDocument("D1", { telUrl: "TEL:+1(706)604-1487;ext=12" }), kind: "Number" }],
  ["DID", didDocument("D1", { aorLink: "SIPS:jörg@[2001:db8::1]:5061;transport=tls" })],
  [
    "DID",
    {
      ...didDocument("D1"),
      metadata: { gwRef: "GW1", name: "Office", geoInfo: { city: "Columbus, GA", countryISOCode: "US" } },
    },
  ],
];

Deno.test("documents that are right are right by their schema, alone and in a list", () => {
  for (const [kind, document] of RIGHT_DOCUMENTS) {
    const what = JSON.stringify(document);
    assert.equal(readResource(kind, plain(document)).problems, undefined, what);
    for (const file of [document, [document, document]]) {
      assert.deepEqual(violations(parsed(kind), plain(file)), [], what);
    }
  }
});

Deno.test("a file without documents is right", () => {
  for (const name of SCHEMA_NAMES) {
    if (name === "config") continue;
    assert.deepEqual(violations(parsed(name), null), []);
    assert.deepEqual(violations(parsed(name), []), []);
  }
});

/** Faults that no schema can express. */
const BEYOND_SCHEMAS = [
  'spec.context.egressPolicy.rule "+1.*" | a valid regular expression',
  'spec.context.egressPolicy.rule "(?!911).*" | a regular expression without lookaround and backreferences',
  'spec.location.aorLink "sip:john@sip.local:99999" | a SIP URI such as sip:john@sip.local',
];

const FURTHER_WRONG_DOCUMENTS: readonly (readonly [Kind, Document])[] = [
  ["Agent", {}],
  ["Agent", agentDocument("1001", { doman: "sip.local" })],
  ["Agent", agentDocument("1001", { domains: "" })],
  ["Agent", agentDocument("1001", { privacy: ["none"] })],
  ["Agent", withCredentials(agentDocument("1001"), { username: "1001" })],
  ["Agent", withCredentials(agentDocument("1001"), { secret: "1234" })],
  ["Agent", withCredentials(agentDocument("1001"), { username: "1001", secret: "" })],
  ["Agent", withCredentials(agentDocument("1001"), { username: "1001", secret: "1234", ha1: HASHES })],
  ["Agent", withCredentials(agentDocument("1001"), { username: "1001", ha1: { md5: HASHES.sha256 } })],
  ["Agent", withCredentials(agentDocument("1001"), { username: "1001", ha1: { "SHA-256": HASHES.md5 } })],
  ["Agent", withCredentials(agentDocument("1001"), { username: "1001", ha1: { sha512: HASHES.md5 } })],
  ["Agent", withCredentials(agentDocument("1001"), { username: "1001", ha1: {} })],
  ["Domain", domainDocument("192.168.0.256")],
  ["Domain", domainDocument("sip.local", { egressPolicy: "none" })],
  ["Domain", domainDocument("sip.local", { accessControlList: { allow: ["192.168.0.0/33"] } })],
  ["Peer", peerDocument("ast", { contactAddr: "192.168.1.2:sip" })],
  ["User", { ...userDocument("admin"), metadata: {} }],
  ["Gateway", gatewayDocument("GW1", { transport: undefined })],
  ["Gateway", gatewayDocument("GW1", { expires: -1 })],
  ["Gateway", gatewayDocument("GW1", { port: 65536 })],
  ["DID", { ...didDocument("D1"), metadata: { ref: "D1" } }],
];

Deno.test("documents that are wrong are wrong by their schema", () => {
  for (const [kind, document, problem = ""] of [...WRONG_DOCUMENTS, ...FURTHER_WRONG_DOCUMENTS]) {
    const what = problem || JSON.stringify(document);
    assert.notEqual(readResource(kind, plain(document)).problems, undefined, what);
    const isTold = violations(parsed(kind), [plain(document)]).length > 0;
    assert.equal(isTold, !BEYOND_SCHEMAS.includes(problem), what);
  }
});

function configuration(spec: Document): Document {
  return { apiVersion: "v1beta1", spec };
}

const RIGHT_SPECS: readonly Document[] = [
  {},
  { bindAddr: "::", externAddr: "sip.example.com:5080", localnets: "10.0.0.0/8", recordRoute: "on" },
  { registrarIntf: "internal", useToAsAOR: true, addressInfo: ["P-Called-Party-ID", "X-DID"] },
  { transport: { protocol: "WSS", port: "5063" }, nameServers: ["192.0.2.53", "[2001:db8::53]:5353"] },
  { transport: [{ protocol: "udp", port: 0, bindAddr: "[::1]" }], digestAlgorithms: ["sha-256"] },
  { dataSource: {} },
  { dataSource: { parameters: { path: "config" } } },
  { dataSource: { provider: "files_data_provider", parameters: "path=config" } },
  { dataSource: { provider: "redis_data_provider" } },
  {
    dataSource: {
      provider: "Redis_Data_Provider",
      parameters: { host: "redis.local", port: 6380, secret: 1 },
    },
  },
  {
    dataSource: {
      provider: "restful_data_provider",
      parameters: { baseUrl: "http://localhost:8080/v1/ctl", username: "admin", secret: "changeit" },
    },
  },
  {
    securityContext: {
      keyStore: "fullchain.pem",
      privateKey: "privkey.pem",
      certificates: [{ keyStore: "other.pem", domains: "other.example" }],
      client: { authType: "want", protocols: "TLSv1.3" },
    },
  },
  {
    restService: { port: 0, unsecured: "no", timeOutMillis: 5000, trueStore: "x" },
    logging: { traceLevel: 16 },
  },
];

const WRONG_SPECS: readonly Document[] = [
  { bindAddr: "localhost" },
  { bindAdr: "0.0.0.0" },
  { externAddr: "a b" },
  { localnets: ["10.0.0.0/x"] },
  { recordRoute: "perhaps" },
  { registrarIntf: "Both" },
  { transport: [] },
  { transport: [{ protocol: "udp" }] },
  { transport: [{ protocol: "icmp", port: 1 }] },
  { transport: [{ protocol: "udp", port: 65536 }] },
  { addressInfo: ["P Called"] },
  { nameServers: ["localhost"] },
  { dataSource: { provider: "mongo_data_provider" } },
  { dataSource: { parameters: { host: "localhost" } } },
  { dataSource: { provider: "redis_data_provider", parameters: { path: "config" } } },
  { dataSource: { provider: "redis_data_provider", parameters: { url: "http://localhost" } } },
  { dataSource: { provider: "restful_data_provider" } },
  {
    dataSource: {
      provider: "restful_data_provider",
      parameters: { baseUrl: "ftp://x", username: "a", secret: "b" },
    },
  },
  { securityContext: { certificates: [{ domains: ["a"] }] } },
  { limits: { maxConnections: 0 } },
  { registrar: { minExpires: 1.5 } },
];

Deno.test("configurations are right or wrong by their schema as they are for the server", () => {
  for (const [specs, isRight] of [[RIGHT_SPECS, true], [WRONG_SPECS, false]] as const) {
    for (const spec of specs) {
      const document = configuration(spec);
      assert.equal(configurationSchema.safeParse(document).success, isRight, JSON.stringify(spec));
      assert.equal(violations(parsed("config"), document).length === 0, isRight, JSON.stringify(spec));
    }
  }
});

/** Yields every property of a schema once, with its path. */
function* propertiesOf(schema: unknown, path = ""): Generator<readonly [path: string, Document]> {
  if (typeof schema !== "object" || schema === null) return;
  for (const [name, inner] of Object.entries(schema)) {
    if (name !== "properties" || Array.isArray(schema)) yield* propertiesOf(inner, path);
    else {
      for (const [property, form] of Object.entries(inner as Record<string, Document>)) {
        yield [`${path}.${property}`, form];
        yield* propertiesOf(form, `${path}.${property}`);
      }
    }
  }
}

Deno.test("every property is described, secrets are write-only, and defaults are listed", () => {
  const ofOthers = /^\.spec\.(grpcService|ex_)|^\.(metadata|spec|spec\.context|spec\.location)$/;
  const defaults = new Map<string, unknown>();
  for (const name of SCHEMA_NAMES) {
    for (const [path, form] of propertiesOf(parsed(name))) {
      const isCondition = form.description === undefined && /\.(provider|parameters)$/.test(path);
      if (!ofOthers.test(path) && !isCondition) assert.ok(form.description, `${name}${path}`);
      if (/secret$|password$|md5$|sha256$|salt$/i.test(path)) {
        assert.equal(form.writeOnly, true, `${name}${path}`);
      }
      if (form.default !== undefined) defaults.set(`${name}${path}`, form.default);
    }
  }
  assert.equal(defaults.get("gateways.spec.expires"), 3600);
  assert.equal(defaults.get("agents.spec.privacy"), "none");
  assert.equal(defaults.get("config.spec.restService.port"), 4567);
  assert.deepEqual(defaults.get("config.spec.digestAlgorithms"), ["MD5", "SHA-256"]);
});
