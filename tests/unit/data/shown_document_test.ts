import assert from "node:assert/strict";
import { valueAt } from "../../../src/data/document_problems.ts";
import { FilesDataProvider } from "../../../src/data/files_data_provider.ts";
import { LiveDirectory } from "../../../src/data/live_directory.ts";
import type { PropertyPath } from "../../../src/data/fault.ts";
import { type Kind, KINDS, type Resource } from "../../../src/data/resource.ts";
import { ResourceStore } from "../../../src/data/resource_store.ts";
import { documentOf, propertyOf } from "../../../src/data/shown_document.ts";
import {
  agentDocument,
  didDocument,
  type Document,
  domainDocument,
  gatewayDocument,
  peerDocument,
  userDocument,
} from "../../support/resources.ts";
import { MemoryDataProvider } from "./memory_data_provider.ts";
import { resourceOf } from "./sources.ts";
import { TemporaryFolder } from "./temporary_folder.ts";

const TIMES = { createdOn: "2026-01-01T00:00:00.000Z", modifiedOn: "2026-02-02T00:00:00.000Z" };
const MD5 = "0123456789abcdef0123456789abcdef";
const HASHED = { username: "1003", ha1: [{ md5: MD5 }, { realm: "other", sha256: MD5 + MD5 }] };

/** The fullest and the shortest document of each kind. */
const DOCUMENTS: Readonly<Record<Kind, readonly Document[]>> = {
  User: [
    withMetadata(userDocument("admin"), { ref: "us1", ...TIMES, accessKeyId: "key" }),
    userDocument("eve"),
  ],
  Peer: [
    withMetadata(
      peerDocument("ast", { device: "astserver", contactAddr: "192.168.1.2:6060", maxContacts: 0 }),
      TIMES,
    ),
    peerDocument("pbx", { device: "2001:DB8::1" }),
    peerDocument("conference"),
  ],
  Gateway: [
    withMetadata(
      gatewayDocument("GW0001", {
        host: "sip.provider.net:5080",
        transport: "TLS",
        realms: ["provider"],
        expires: 300,
        registries: ["sip2.provider.net", "[2001:db8::1]:5062"],
        sendRegister: "no",
      }),
      TIMES,
    ),
    gatewayDocument(undefined, {
      host: "2001:db8::2",
      port: 5070,
      sendRegister: false,
      credentials: undefined,
    }),
    gatewayDocument(undefined, {
      host: "Third.provider.net",
      credentials: { ...HASHED, ha1: [HASHED.ha1[1]] },
    }),
  ],
  DID: [
    withMetadata(didDocument("DID0001", { telUrl: "tel:+1(706)604-1487" }), {
      name: "Office",
      geoInfo: { city: "Columbus, GA", country: "USA", countryISOCode: "US" },
      ...TIMES,
    }),
    { ...didDocument(undefined, { telUrl: "tel:2", aorLink: "sip:jörg@sip.local" }), kind: "Number" },
  ],
  Domain: [
    withMetadata(
      domainDocument("SIP.local", {
        egressPolicy: { rule: "\\+?[0-9]{7,15}", didRef: "DID0001" },
        accessControlList: { deny: ["0.0.0.0/0"], allow: "192.168.0.0/16" },
      }),
      TIMES,
    ),
    {
      ...domainDocument("sip2.local", { egressPolicy: { rule: ".*", numberRef: "DID0001" } }),
      apiVersion: "v1",
    },
  ],
  Agent: [
    withMetadata(
      agentDocument("1001", {
        domains: ["sip.local", "sip2.local", "SIP.local"],
        privacy: "Private",
        ex_maxContact: 2,
      }),
      TIMES,
    ),
    agentDocument("1002", { domains: "sip2.local" }),
    agentDocument("1003", { credentials: HASHED }),
  ],
};

const SECRETS = new RegExp(`secret|ha1|1234|s3cret|astsecret|changeit|${MD5}`);

Deno.test("documentOf() shows what is in force by the names of the reference: an agent", () => {
  const [full, least] = DOCUMENTS.Agent;
  assert.deepEqual(documentOf(resourceOf("Agent", withMetadata(full, { ref: "john" }))), {
    apiVersion: "v1beta1",
    kind: "Agent",
    metadata: { name: "Agent 1001", ref: "john", ...TIMES },
    spec: {
      credentials: { username: "1001" },
      domains: ["sip.local", "sip2.local"],
      privacy: "private",
      maxContacts: 2,
    },
  });
  assert.deepEqual(documentOf(resourceOf("Agent", withMetadata(least, { ref: "jane" }))), {
    apiVersion: "v1beta1",
    kind: "Agent",
    metadata: { name: "Agent 1002", ref: "jane" },
    spec: { credentials: { username: "1002" }, domains: ["sip2.local"], privacy: "none" },
  });
});

Deno.test("documentOf() shows what is in force by the names of the reference: gateways", () => {
  const [first, second] = DOCUMENTS.Gateway.map((document) => documentOf(resourceOf("Gateway", document)));
  assert.deepEqual(first, {
    apiVersion: "v1beta1",
    kind: "Gateway",
    metadata: { name: "Provider, Inc", ref: "GW0001", ...TIMES },
    spec: {
      host: "sip.provider.net",
      port: 5080,
      transport: "tls",
      credentials: { username: "user" },
      realms: ["provider"],
      expires: 300,
      registries: ["sip2.provider.net", "[2001:db8::1]:5062"],
      sendRegister: false,
    },
  });
  assert.deepEqual(second.spec, { host: "2001:db8::2", port: 5070, transport: "udp", expires: 3600 });
});

Deno.test("documentOf() shows what is in force by the names of the reference: the others", () => {
  const [did, domain, peer, user] = (["DID", "Domain", "Peer", "User"] as const)
    .map((kind) => documentOf(resourceOf(kind, DOCUMENTS[kind][0])));
  assert.deepEqual(did.metadata, {
    name: "Office",
    ref: "DID0001",
    gwRef: "GW0001",
    geoInfo: { city: "Columbus, GA", country: "USA", countryISOCode: "US" },
    ...TIMES,
  });
  assert.deepEqual(did.spec, { location: { telUrl: "tel:+1(706)604-1487", aorLink: "sip:1001@sip.local" } });
  assert.deepEqual(domain.spec, {
    context: {
      domainUri: "sip.local",
      egressPolicy: { rule: "\\+?[0-9]{7,15}", didRef: "DID0001", numberRef: "DID0001" },
      accessControlList: { deny: ["0.0.0.0/0"], allow: ["192.168.0.0/16"] },
    },
  });
  assert.deepEqual(peer.spec, {
    credentials: { username: "ast" },
    device: "astserver",
    contactAddr: "192.168.1.2:6060",
    maxContacts: 1,
  });
  assert.deepEqual(user.metadata, { name: "Administrator", ref: "us1", ...TIMES });
  assert.deepEqual(user.spec, { credentials: { username: "admin" } });
});

Deno.test("documentOf() shows no secret and no hash of one", () => {
  for (const resource of allResources()) {
    const text = JSON.stringify(documentOf(resource));
    assert.doesNotMatch(text, SECRETS);
    assert.doesNotMatch(text, /undefined|null/);
  }
});

Deno.test("propertyOf() is what documentOf() has at the path", () => {
  let count = 0;
  for (const resource of allResources()) {
    for (const [path, value] of everythingIn(documentOf(resource))) {
      assert.deepEqual(propertyOf(resource.kind, path)(resource), value, path.join("."));
      count++;
    }
  }
  assert.ok(count > 150, String(count));
});

Deno.test("propertyOf() is undefined where the document has nothing, whatever objects have of themselves", () => {
  const paths: PropertyPath[] = [
    ["constructor"],
    ["__proto__"],
    ["spec", "toString"],
    ["spec", "credentials", "secret"],
    ["spec", "credentials", "ha1"],
    ["spec", "ha1"],
    ["spec", "domains", 7],
    ["metadata", "name", "x"],
    ["metadata", "createdOn"],
    [0, "spec"],
  ];
  const resource = resourceOf("Agent", agentDocument("1001"));
  for (const path of paths) assert.equal(propertyOf("Agent", path)(resource), undefined, path.join("."));
});

Deno.test("a document that is written back changes nothing, of any kind", async () => {
  const provider = new MemoryDataProvider(structuredClone(DOCUMENTS) as Record<Kind, Document[]>);
  const count = await assertUnchanged(new LiveDirectory(provider), provider);
  assert.equal(count, Object.values(DOCUMENTS).flat().length);
  // A property without effect is kept.
  assert.equal(valueAt(provider.documents.Gateway?.[1], ["spec", "sendRegister"]), false);
  assert.equal(valueAt(provider.documents.Agent?.[2], ["spec", "credentials", "ha1", 0, "md5"]), MD5);
});

Deno.test("a document that is written back changes nothing in the shipped samples, with and without comments", async () => {
  for (const isUncommented of [false, true]) {
    await using folder = await TemporaryFolder.of({});
    for (const { collections: [name] } of Object.values(KINDS)) {
      const text = await Deno.readTextFile(new URL(`../../../config/${name}.yaml`, import.meta.url));
      // Prose ends at the first line of a sample, so only lines that look like YAML lose their mark.
      const uncommented = text.replace(/^( *)# ?( *(?:- )?[a-zA-Z]+:(?: .*)?)$/gm, "$1$2");
      await folder.write(`${name}.yaml`, isUncommented ? uncommented : text);
    }
    const provider = new FilesDataProvider(folder.path);
    const count = await assertUnchanged(new LiveDirectory(provider), provider);
    assert.equal(count, isUncommented ? 7 : 4);
  }
});

/** Writes every resource as it is shown, and returns their number. */
async function assertUnchanged(
  live: LiveDirectory,
  provider: ConstructorParameters<typeof ResourceStore>[0]["provider"],
): Promise<number> {
  assert.deepEqual((await live.load()).faults, []);
  const time = Date.UTC(2026, 10, 24);
  const store = new ResourceStore({ provider, live, clock: { wallTime: () => time } });
  const { directory } = live;
  const before = (Object.keys(KINDS) as Kind[]).flatMap((kind) => [...directory.resources(kind)]);
  const saidBefore = before.map(withoutTimes);
  const changes: unknown[] = [];
  directory.onChange((change) => changes.push(change));
  for (const resource of before) {
    const document = documentOf(resource);
    assert.equal(await store.update(resource.kind, resource.ref, document), resource.ref);
    const now = directory.resource(resource.kind, resource.ref);
    // The same object goes on, such as the registration with a gateway.
    assert.equal(now, resource);
    assert.deepEqual(
      documentOf(resource),
      withMetadata(document, { modifiedOn: new Date(time).toISOString() }),
    );
  }
  assert.deepEqual(before.map(withoutTimes), saidBefore);
  assert.deepEqual(changes, []);
  provider.close();
  return before.length;
}

function withoutTimes(resource: Resource): Partial<Resource> {
  return { ...resource, createdOn: undefined, modifiedOn: undefined };
}

function withMetadata(document: Document, metadata: Document): Document {
  return { ...document, metadata: { ...document.metadata as Document, ...metadata } };
}

function allResources(): Resource[] {
  return Object.entries(DOCUMENTS).flatMap(([kind, documents]) =>
    documents.map((document) => resourceOf(kind as Kind, document))
  );
}

/** Yields every value by its path. */
function* everythingIn(
  value: unknown,
  path: PropertyPath = [],
): Generator<[path: PropertyPath, value: unknown]> {
  yield [path, value];
  if (typeof value !== "object" || value === null) return;
  const isList = Array.isArray(value);
  for (const [name, part] of Object.entries(value)) {
    yield* everythingIn(part, [...path, isList ? Number(name) : name]);
  }
}
