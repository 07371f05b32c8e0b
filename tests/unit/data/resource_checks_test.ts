import assert from "node:assert/strict";
import type { Source } from "../../../src/data/data_provider.ts";
import { formatPath } from "../../../src/data/fault.ts";
import { checkResources } from "../../../src/data/resource_checks.ts";
import {
  agentDocument,
  didDocument,
  domainDocument,
  gatewayDocument,
  peerDocument,
  userDocument,
} from "../../support/resources.ts";
import { sourceOf, unreadableSource } from "./sources.ts";

const DOMAINS = sourceOf("Domain", [domainDocument("sip.local"), domainDocument("sip2.local")]);
const GATEWAYS = sourceOf("Gateway", [gatewayDocument("GW0001")]);

/** Returns `position property found | expected | nearest` for each problem of a source. */
async function problemsOf(source: Source, others: readonly Source[] = []): Promise<string[]> {
  const problems = (await checkResources([source, ...others])).problems.get(source) ?? [];
  return problems.map(({ index, path, found, expected, nearest }) =>
    [`${index} ${formatPath(path)} ${found}`, expected, ...(nearest === undefined ? [] : [nearest])].join(
      " | ",
    )
  );
}

Deno.test("resources that fit together are all accepted, whatever the order of their sources", async () => {
  const egressPolicy = { rule: ".*", didRef: "DID0001" };
  const sources = [
    sourceOf("Agent", [agentDocument("1001"), agentDocument("1001", { domains: ["sip2.local"] })]),
    sourceOf("Domain", [domainDocument("sip.local", { egressPolicy }), domainDocument("sip2.local")]),
    sourceOf("DID", [didDocument("DID0001")]),
    GATEWAYS,
    sourceOf("Peer", [peerDocument("1001")]),
    sourceOf("User", [userDocument("1001")]),
  ];
  const { resources, problems } = await checkResources(sources);
  assert.equal(problems.size, 0);
  assert.equal(resources.length, 8);
});

Deno.test("an agent of an unknown domain is left out", async () => {
  const agents = sourceOf("Agent", [
    agentDocument("1001"),
    agentDocument("1002", { domains: ["sip.local", "sip.loccal"] }),
  ]);
  assert.deepEqual(await problemsOf(agents, [DOMAINS]), [
    '1 spec.domains[1] "sip.loccal" | one of the configured domains | sip.local',
  ]);
  const usernames = (await checkResources([agents, DOMAINS])).resources.filter(({ kind }) =>
    kind === "Agent"
  );
  assert.equal(usernames.length, 1);
});

Deno.test("a DID needs its gateway, and a domain its DID", async () => {
  const dids = sourceOf("DID", [didDocument("DID0001")]);
  assert.deepEqual(await problemsOf(dids), ['0 metadata.gwRef "GW0001" | the ref of a configured gateway']);
  const other = sourceOf("Gateway", [gatewayDocument("GW0002")]);
  assert.deepEqual(await problemsOf(dids, [other]), [
    '0 metadata.gwRef "GW0001" | the ref of a configured gateway | GW0002',
  ]);
  const domains = sourceOf("Domain", [
    domainDocument("sip.local", { egressPolicy: { rule: "1", didRef: "DID1" } }),
  ]);
  assert.deepEqual(await problemsOf(domains), [
    '0 spec.context.egressPolicy.didRef "DID1" | the ref of a configured DID',
  ]);
});

Deno.test("generated refs of both kinds are good references", async () => {
  const gateways = sourceOf("Gateway", [gatewayDocument(undefined)]);
  for (const gwRef of ["gweef506", "gw50a1a4ca"]) {
    const dids = sourceOf("DID", [{ ...didDocument(undefined), metadata: { gwRef } }]);
    assert.deepEqual(await problemsOf(dids, [gateways]), []);
  }
});

Deno.test("of two that claim the same, the later one is left out", async () => {
  const table: [Source, string][] = [
    [
      sourceOf("Agent", [
        agentDocument("1001", { domains: ["sip2.local", "sip.local"] }),
        agentDocument("1001"),
      ]),
      '1 spec.credentials.username "1001" | a username that no other agent of domain "sip.local" has',
    ],
    [
      sourceOf("Domain", [domainDocument("a.local"), domainDocument("A.local")]),
      '1 spec.context.domainUri "a.local" | a domain URI that no other domain has',
    ],
    [
      sourceOf("Peer", [peerDocument("ast"), peerDocument("ast")]),
      '1 spec.credentials.username "ast" | a username that no other peer has',
    ],
    [
      sourceOf("User", [userDocument("admin"), userDocument("admin")]),
      '1 spec.credentials.username "admin" | a username that no other user has',
    ],
    [
      sourceOf("Gateway", [gatewayDocument("GW1"), gatewayDocument("GW1", { host: "sip2.provider.net" })]),
      '1 metadata.ref "GW1" | a ref that no other gateway has',
    ],
    [
      sourceOf("DID", [didDocument("DID1"), didDocument("DID1", { telUrl: "tel:1" })]),
      '1 metadata.ref "DID1" | a ref that no other DID has',
    ],
    [
      sourceOf("DID", [didDocument("DID1"), didDocument("DID2", { telUrl: "tel:+1-706-604-1487" })]),
      '1 spec.location.telUrl "tel:+1-706-604-1487" | a number that no other DID has',
    ],
  ];
  for (const [source, expected] of table) {
    assert.deepEqual(await problemsOf(source, source.kind === "Agent" ? [DOMAINS] : [GATEWAYS]), [expected]);
  }
});

Deno.test("dids and numbers are one collection", async () => {
  const dids = sourceOf("DID", [didDocument("DID1")], "dids");
  const numbers = sourceOf("DID", [didDocument("DID1", { telUrl: "tel:1" })], "numbers");
  const { problems } = await checkResources([dids, numbers, GATEWAYS]);
  assert.deepEqual([...problems.keys()], [numbers]);
});

Deno.test("whoever refers to something faulty is not at fault", async () => {
  const faulty = sourceOf("Domain", [domainDocument("sip.local", { egressPolicy: "wrong" })]);
  assert.deepEqual(await problemsOf(sourceOf("Agent", [agentDocument("1001")]), [faulty]), []);
});

Deno.test("one mistake takes out one resource, and those that refer to it serve", async () => {
  const dids = sourceOf("DID", [didDocument("DID0001"), didDocument("DID0002", { telUrl: "tel:2" })]);
  const egressPolicy = { rule: ".*", didRef: "DID0001" };
  const domains = sourceOf("Domain", [domainDocument("sip.local", { egressPolicy })]);
  const agents = sourceOf("Agent", [agentDocument("1001")]);
  const sources = [agents, domains, dids, sourceOf("Gateway", [gatewayDocument("GW0002")])];
  assert.deepEqual(await problemsOf(dids, sources.slice(3)), [
    '0 metadata.gwRef "GW0001" | the ref of a configured gateway | GW0002',
    '1 metadata.gwRef "GW0001" | the ref of a configured gateway | GW0002',
  ]);
  const { resources, problems } = await checkResources(sources);
  assert.deepEqual([...problems.keys()], [dids]);
  assert.deepEqual(resources.map(({ kind }) => kind), ["Gateway", "Domain", "Agent"]);
});

Deno.test("of two that claim a name, the one that is not left out is referred to", async () => {
  const gateways = sourceOf("Gateway", [gatewayDocument("GW0001"), gatewayDocument("GW0001")]);
  assert.deepEqual(await problemsOf(sourceOf("DID", [didDocument("DID0001")]), [gateways]), []);
});

Deno.test("a missing domain that thousands name is told with a hint to each of them", async () => {
  const domains = sourceOf("Domain", Array.from({ length: 1000 }, (_, i) => domainDocument(`d${i}.local`)));
  const agents = sourceOf(
    "Agent",
    Array.from({ length: 3000 }, (_, i) => agentDocument(String(i), { domains: ["d12.locl"] })),
  );
  const problems = await problemsOf(agents, [domains]);
  assert.equal(problems.length, 3000);
  assert.ok(problems.every((problem) => problem.endsWith("| d12.local")));
});

Deno.test("references to what could not be read are not judged", async () => {
  const agents = sourceOf("Agent", [agentDocument("1001")]);
  assert.deepEqual(await problemsOf(agents, [unreadableSource("Domain")]), []);
});

Deno.test("gateways may share a host, and get refs of their own", async () => {
  const gateways = sourceOf("Gateway", [
    gatewayDocument(undefined),
    gatewayDocument(undefined),
    gatewayDocument(undefined),
  ]);
  const { resources, problems } = await checkResources([gateways]);
  assert.equal(problems.size, 0);
  assert.deepEqual(resources.map(({ ref }) => ref), ["gweef506", "gw50a1a4ca", "gw50a1a4ca-2"]);
});

Deno.test("generated refs that collide by chance are no fault", async () => {
  const agents = sourceOf("Agent", [agentDocument("2144"), agentDocument("5979")]);
  assert.deepEqual(agents.resources.map((agent) => agent?.ref), ["ag65b57d", "ag65b57d"]);
  const { resources, problems } = await checkResources([agents, DOMAINS]);
  assert.equal(problems.size, 0);
  const refs = resources.filter(({ kind }) => kind === "Agent").map(({ ref }) => ref);
  assert.equal(new Set(refs).size, 2);
});
