import assert from "node:assert/strict";
import { type Kind, readResource } from "../../../src/data/resource.ts";
import {
  agentDocument,
  didDocument,
  type Document,
  domainDocument,
  gatewayDocument,
  peerDocument,
  userDocument,
} from "../../support/resources.ts";
import { formatPath } from "../../../src/data/fault.ts";
import { WRONG_DOCUMENTS } from "./wrong_documents.ts";

function read(kind: Kind, document: unknown): unknown {
  const { resource, problems } = readResource(kind, document);
  assert.equal(problems, undefined);
  return resource;
}

/** Returns `property found | expected` for each problem. */
function problemsOf(kind: Kind, document: unknown): string[] {
  return (readResource(kind, document).problems ?? []).map(({ path, found, expected, nearest }) =>
    `${formatPath(path)} ${found} | ${expected}${nearest === undefined ? "" : ` | ${nearest}`}`
  );
}

Deno.test("an Agent document becomes an agent", () => {
  const document = agentDocument("1001", {
    domains: ["SIP.local", "sip2.local", "sip.local"],
    privacy: "Private",
  });
  assert.deepEqual(read("Agent", document), {
    kind: "Agent",
    ref: "ag3f77f6",
    name: "Agent 1001",
    username: "1001",
    secret: "1234",
    ha1: [],
    domains: ["sip.local", "sip2.local"],
    privacy: "private",
    maxContacts: undefined,
    serialRingSeconds: undefined,
    limits: undefined,
  });
});

Deno.test("a Domain document becomes a domain, with didRef or numberRef", () => {
  const accessControlList = { deny: ["0.0.0.0/1"], allow: ["192.168.0.1/31"] };
  for (const name of ["didRef", "numberRef"]) {
    const egressPolicy = { rule: ".*", [name]: "DID0001" };
    const document = domainDocument("SIP.Local", { egressPolicy, accessControlList });
    assert.deepEqual(read("Domain", document), {
      kind: "Domain",
      ref: "dmb68d9c",
      name: "Local Server",
      domainUri: "sip.local",
      egressPolicy: { rule: ".*", didRef: "DID0001" },
      accessControlList,
    });
  }
  assert.deepEqual(read("Domain", domainDocument("sip.local", { accessControlList: { deny: ["::1"] } })), {
    kind: "Domain",
    ref: "dmb68d9c",
    name: "Local Server",
    domainUri: "sip.local",
    egressPolicy: undefined,
    accessControlList: { deny: ["::1"], allow: [] },
  });
});

Deno.test("a Peer document becomes a peer", () => {
  const document = peerDocument("ast", {
    device: "astserver",
    contactAddr: "192.168.1.2:6060",
    ex_maxContact: 0,
  });
  assert.deepEqual(read("Peer", document), {
    kind: "Peer",
    ref: "pra2df6b",
    name: "Asterisk",
    username: "ast",
    secret: "astsecret",
    ha1: [],
    device: "astserver",
    contactAddr: "192.168.1.2:6060",
    maxContacts: 1,
    limits: undefined,
  });
});

Deno.test("a User document becomes a user", () => {
  assert.deepEqual(read("User", userDocument("admin")), {
    kind: "User",
    ref: "us801fc3",
    name: "Administrator",
    username: "admin",
    secret: "s3cret",
    ha1: [],
  });
});

Deno.test("a Gateway document becomes a gateway, with defaults", () => {
  assert.deepEqual(read("Gateway", gatewayDocument("GW0001")), {
    kind: "Gateway",
    ref: "GW0001",
    otherRef: undefined,
    name: "Provider, Inc",
    host: "sip.provider.net",
    port: undefined,
    transport: "udp",
    credentials: { username: "user", secret: "changeit", ha1: [] },
    expires: 3600,
    realms: [],
    registries: [],
    sendRegister: true,
    limits: undefined,
  });
});

Deno.test("a Gateway document may have all the rest", () => {
  const document = gatewayDocument(undefined, {
    host: "Sip.Provider.net:5080",
    transport: "TLS",
    expires: "600",
    registries: ["sip2.provider.net:5090", "203.0.113.1"],
    realms: ["provider.example"],
    sendRegister: false,
    limits: { channels: "8", newCallsPerSecond: "Unlimited", maxCallSeconds: 0 },
  });
  assert.deepEqual(read("Gateway", document), {
    kind: "Gateway",
    ref: "gweef506",
    otherRef: "gw50a1a4ca",
    name: "Provider, Inc",
    host: "sip.provider.net",
    port: 5080,
    transport: "tls",
    credentials: { username: "user", secret: "changeit", ha1: [] },
    expires: 600,
    realms: ["provider.example"],
    registries: [{ host: "sip2.provider.net", port: 5090 }, { host: "203.0.113.1" }],
    sendRegister: false,
    limits: { channels: 8, newCallsPerSecond: 0, maxCallSeconds: 0 },
  });
});

Deno.test("a gateway without credentials does not register", () => {
  const gateway = read(
    "Gateway",
    gatewayDocument("GW0001", { credentials: undefined, port: 5061 }),
  ) as Document;
  assert.equal(gateway.sendRegister, false);
  assert.equal(gateway.port, 5061);
});

Deno.test("a DID document becomes a DID, and so does a Number document", () => {
  const document = didDocument(undefined, { telUrl: "tel:0000000000" });
  const geoInfo = { city: "Columbus, GA", country: "USA", countryISOCode: "US" };
  const metadata = { gwRef: "GW0001", geoInfo, createdOn: "2020-01-01T00:00:00Z" };
  for (const kind of ["DID", "did", "Number", "number"]) {
    assert.deepEqual(read("DID", { ...document, kind, metadata }), {
      kind: "DID",
      createdOn: "2020-01-01T00:00:00Z",
      ref: "dd50baa4",
      otherRef: "dd76afc94b",
      gwRef: "GW0001",
      telUrl: "tel:0000000000",
      digits: "0000000000",
      aorLink: "sip:1001@sip.local",
      geoInfo,
    });
  }
});

Deno.test("a DID is matched by its digits alone", () => {
  for (const telUrl of ["tel:17066041487", "tel:+1(706)604-1487", "tel:+17066041487;ext=12"]) {
    const did = read("DID", didDocument("DID0001", { telUrl })) as Document;
    assert.equal(did.digits, "17066041487");
    assert.equal(did.telUrl, telUrl);
  }
});

Deno.test("kind may be in any case, and apiVersion that of any release", () => {
  for (const kind of ["Agent", "agent", "AGENT"]) read("Agent", { ...agentDocument("1001"), kind });
  for (const apiVersion of ["v1beta1", "v1.0", "v1"]) read("Agent", { ...agentDocument("1001"), apiVersion });
});

Deno.test("numbers stand for the text of their digits", () => {
  const credentials = { username: 1001, secret: 1234 };
  const agent = read("Agent", agentDocument("x", { credentials })) as Document;
  assert.equal(agent.username, "1001");
  assert.equal(agent.secret, "1234");
});

Deno.test("everything that is required is missed", () => {
  const common = [
    "apiVersion missing | one of v1beta1, v1.0, v1",
    "metadata missing | a mapping",
    "spec missing | a mapping",
  ];
  const kinds: [Kind, string][] = [
    ["Agent", "Agent"],
    ["Domain", "Domain"],
    ["Peer", "Peer"],
    ["User", "User"],
    ["Gateway", "Gateway"],
    ["DID", "one of DID, Number"],
  ];
  for (const [kind, expected] of kinds) {
    assert.deepEqual(problemsOf(kind, {}), [common[0], `kind missing | ${expected}`, common[1], common[2]]);
  }
  const empty = { apiVersion: "v1beta1", metadata: {}, spec: {} };
  const credentials = "spec.credentials missing | a mapping";
  const table: [Kind, string[]][] = [
    ["Agent", ["metadata.name missing | a name", credentials, "spec.domains missing | a list of domains"]],
    ["Domain", ["metadata.name missing | a name", "spec.context missing | a mapping"]],
    ["Peer", ["metadata.name missing | a name", credentials]],
    ["User", ["metadata.name missing | a name", credentials]],
    ["Gateway", [
      "metadata.name missing | a name",
      "spec.host missing | the host of the gateway, such as sip.provider.com",
      "spec.transport missing | one of udp, tcp, tls, sctp, ws, wss",
    ]],
    ["DID", ["metadata.gwRef missing | the ref of a gateway", "spec.location missing | a mapping"]],
  ];
  for (const [kind, expected] of table) assert.deepEqual(problemsOf(kind, { ...empty, kind }), expected);
});

Deno.test("each property says what it expects", () => {
  for (const [kind, document, expected] of WRONG_DOCUMENTS) {
    assert.deepEqual(problemsOf(kind, document), [expected]);
  }
});

Deno.test("an egress rule stays as it is written", () => {
  for (const rule of ["1/2", "\\+?\\d+", 911]) {
    const egressPolicy = { rule, didRef: "DID0001" };
    const { resource } = readResource("Domain", domainDocument("sip.local", { egressPolicy }));
    assert.ok(resource?.kind === "Domain");
    assert.equal(resource.egressPolicy?.rule, String(rule));
  }
});

Deno.test("an aorLink is a SIP or SIPS URI; what is not ASCII in it is escaped", () => {
  const table = [
    ["SIPS:john@sip.local;transport=tls", "SIPS:john@sip.local;transport=tls"],
    ["sip:jörg@sip.local", "sip:j%C3%B6rg@sip.local"],
    ["sip:j%C3%B6rg@[2001:db8::1]:5060", "sip:j%C3%B6rg@[2001:db8::1]:5060"],
    ["sip:\u{1f4de}@sip.local", "sip:%F0%9F%93%9E@sip.local"],
    ["sip:\ud800@sip.local", "sip:%EF%BF%BD@sip.local"],
  ];
  for (const [aorLink, expected] of table) {
    const { resource } = readResource("DID", didDocument("D1", { aorLink }));
    assert.ok(resource?.kind === "DID");
    assert.equal(resource.aorLink, expected);
  }
});

Deno.test("unknown properties are named, with the known one they resemble", () => {
  assert.deepEqual(problemsOf("Agent", agentDocument("1001", { doman: "sip.local" })), [
    "spec.doman not a known property | one of credentials, domains, privacy, maxContacts, ex_maxContact, serialRingSeconds, limits | domains",
  ]);
  assert.deepEqual(problemsOf("Domain", { ...domainDocument("sip.local"), __proto__: null, colour: "red" }), [
    "colour not a known property | one of apiVersion, kind, metadata, spec",
  ]);
});

Deno.test("a document that is no mapping is a problem of its own", () => {
  for (const [document, found] of [["x", '"x"'], [null, "empty"], [[], "an empty list"]]) {
    assert.deepEqual(problemsOf("Agent", document), [` ${found} | a mapping`]);
  }
});

Deno.test("faulty documents still declare what others refer to them by", () => {
  const table: [Kind, Document, string[]][] = [
    ["Domain", domainDocument("SIP.local", { wrong: 1 }), ["sip.local"]],
    ["Gateway", gatewayDocument("GW0001", { wrong: 1 }), ["GW0001"]],
    ["Gateway", gatewayDocument(undefined, { wrong: 1 }), ["gweef506", "gw50a1a4ca"]],
    ["DID", didDocument(undefined, { telUrl: "tel:0000000000", wrong: 1 }), ["dd50baa4", "dd76afc94b"]],
    ["Agent", agentDocument("1001", { wrong: 1 }), []],
  ];
  for (const [kind, document, expected] of table) {
    assert.deepEqual(readResource(kind, document).declared, expected);
  }
});

Deno.test("limits of calls are whole numbers, or unlimited", () => {
  const limits = { maxCallsOut: "-1", callsOutBurst: "many", channels: 3 };
  assert.deepEqual(problemsOf("Peer", peerDocument("ast", { limits })), [
    `spec.limits.maxCallsOut "-1" | a whole number, or unlimited`,
    `spec.limits.callsOutBurst "many" | a whole number, or unlimited`,
    "spec.limits.channels not a known property | one of maxCallsOut, maxCallsOutPerMinute, " +
    "callsOutBurst, maxCallsInSetup, maxCallSeconds",
  ]);
});
