import assert from "node:assert/strict";
import { type Kind, readResource } from "../../../src/data/resource.ts";
import { tolerateOthers, unknownPropertiesWarning } from "../../../src/data/unknown_properties.ts";
import {
  agentDocument,
  didDocument,
  type Document,
  domainDocument,
  peerDocument,
} from "../../support/resources.ts";

const METADATA = { name: "John" };

Deno.test("properties that programs write for themselves are left aside", () => {
  const documents: [Kind, Document, string][] = [
    ["Agent", { ...agentDocument("1"), _id: "x" }, "_id"],
    ["Agent", { ...agentDocument("1"), __v: 0, deleted: true, id: 7 }, "__v, deleted, id"],
    ["Agent", { ...agentDocument("1"), metadata: { ...METADATA, createdBy: "crm" } }, "metadata.createdBy"],
    ["Agent", { ...agentDocument("1"), metadata: { ...METADATA, modifiedBy: "crm" } }, "metadata.modifiedBy"],
    ["Agent", { ...agentDocument("1"), metadata: { ...METADATA, updatedOn: "now" } }, "metadata.updatedOn"],
    ["Agent", { ...agentDocument("1"), metadata: { ...METADATA, tech: { vlan: 1 } } }, "metadata.tech"],
    ["Agent", { ...agentDocument("1"), metadata: { ...METADATA, ref: "a", refs: [] } }, "metadata.refs"],
    ["Agent", agentDocument("1", { enabled: true, voicemail: { pin: "1" } }), "spec.enabled, spec.voicemail"],
    ["Peer", peerDocument("ast", { device: "a", devices: ["a", "b"] }), "spec.devices"],
    ["Domain", domainDocument("sip.local", { tenant: "t" }), "spec.context.tenant"],
    ["DID", didDocument("D1", { provider: "p" }), "spec.location.provider"],
  ];
  for (const [kind, document, names] of documents) {
    const before = JSON.stringify(document);
    const { resource, problems, unknown = [] } = readResource(kind, document, tolerateOthers);
    assert.equal(problems, undefined, names);
    assert.ok(resource);
    assert.equal(unknown.map((name) => name.replace(/ \(.*/, "")).join(", "), names);
    assert.equal(JSON.stringify(document), before);
    assert.deepEqual(resource, readResource(kind, known(document, names)).resource);
  }
});

/** Returns the document without these properties. */
function known(document: Document, names: string): Document {
  const copy = structuredClone(document);
  for (const name of names.split(", ")) {
    const steps = name.split(".");
    // deno-lint-ignore no-explicit-any
    const parent = steps.slice(0, -1).reduce((value: any, step) => value[step], copy);
    delete parent[steps.at(-1)!];
  }
  return copy;
}

Deno.test("names that are mistyped stay faults, and tell the name that was meant", () => {
  const documents: [Kind, Document, string][] = [
    ["Agent", agentDocument("1", { privaci: "private" }), "privacy"],
    ["Agent", agentDocument("1", { Privacy: "private" }), "privacy"],
    ["Agent", agentDocument("1", { maxContact: 1 }), "maxContacts"],
    [
      "Domain",
      domainDocument("sip.local", { acessControlList: { deny: ["0.0.0.0/0"] } }),
      "accessControlList",
    ],
    ["Domain", domainDocument("sip.local", { egressPolcy: { rule: ".*", didRef: "D" } }), "egressPolicy"],
    ["Domain", domainDocument("sip.local", { accessControlList: { denny: ["0.0.0.0/0"] } }), "deny"],
    ["Peer", peerDocument("ast", { contactAdr: "a:5060" }), "contactAddr"],
  ];
  for (const [kind, document, nearest] of documents) {
    const { problems = [] } = readResource(kind, document, tolerateOthers);
    assert.deepEqual(problems.map((problem) => problem.nearest), [nearest]);
  }
});

Deno.test("other faults of a document with properties of others are told without these", () => {
  const document = { ...agentDocument("1", { privacy: "some" }), _id: 1 };
  const { problems = [] } = readResource("Agent", document, tolerateOthers);
  assert.deepEqual(problems.map(({ path }) => path.join(".")), ["spec.privacy"]);
});

Deno.test("one warning names them all, and not without end", () => {
  assert.deepEqual(unknownPropertiesWarning("agents", [undefined, ["_id"], ["_id", "spec.x"]]), [
    "agents: 2 documents have properties that are not known and have no effect: _id, spec.x",
  ]);
  assert.deepEqual(unknownPropertiesWarning("agents", [undefined]), []);
  const many = Array.from({ length: 100 }, (_, i) => `x${i}`);
  assert.match(unknownPropertiesWarning("agents", [many])[0], /: x0, x1, .*, x9, …$/);
});

Deno.test("a version of former releases is told what it is called now", () => {
  for (const version of ["v1draft1", "V1Draft2"]) {
    const { problems = [] } = readResource("Agent", { ...agentDocument("1"), apiVersion: version });
    assert.deepEqual(problems.map(({ path, found, expected }) => `${path} ${found}: ${expected}`), [
      `apiVersion "${version}": v1beta1, which is what it is called now`,
    ]);
  }
  const { problems = [] } = readResource("Agent", { ...agentDocument("1"), apiVersion: "v2" });
  assert.deepEqual(problems.map(({ found, expected }) => `${found}: ${expected}`), [
    '"v2": one of v1beta1, v1.0, v1',
  ]);
});

Deno.test("empty values count as absent wherever they stand, and a required one is missing", () => {
  const whole = readResource("Agent", agentDocument("1"));
  for (
    const document of [
      agentDocument("1", { privacy: "", maxContacts: null }),
      agentDocument("1", { ex_maxContact: "", credentials: { username: "1", secret: "1234", ha1: "" } }),
      { ...agentDocument("1"), metadata: { name: "Agent 1", ref: null, createdOn: "" } },
    ]
  ) assert.deepEqual(readResource("Agent", document), whole);
  const policy = { egressPolicy: { rule: "", didRef: "" }, accessControlList: null };
  assert.deepEqual(
    readResource("Domain", domainDocument("sip.local", policy)),
    readResource("Domain", domainDocument("sip.local")),
  );
  const { problems = [] } = readResource("Agent", agentDocument("", { domains: null }));
  assert.deepEqual(problems.map(({ path }) => path.join(".")), ["spec.credentials.username", "spec.domains"]);
});
