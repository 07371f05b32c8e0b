import assert from "node:assert/strict";
import { type DirectoryChange, MemoryDirectory } from "../../../src/data/directory.ts";
import {
  agentDocument,
  didDocument,
  domainDocument,
  gatewayDocument,
  peerDocument,
  userDocument,
} from "../../support/resources.ts";
import { resourceOf } from "./sources.ts";

function someResources() {
  return [
    resourceOf("Agent", agentDocument("1001", { domains: ["sip.local", "sip2.local"] })),
    resourceOf("Agent", agentDocument("1002")),
    resourceOf("Domain", domainDocument("sip.local", { accessControlList: { deny: ["0.0.0.0/0"] } })),
    resourceOf("Peer", peerDocument("ast", { device: "astserver" })),
    resourceOf("User", userDocument("admin")),
    resourceOf("Gateway", gatewayDocument(undefined)),
    resourceOf("Gateway", gatewayDocument("GW0002")),
    resourceOf("DID", didDocument("DID0001", { telUrl: "tel:+1-706-604-1487" })),
  ];
}

Deno.test("MemoryDirectory finds resources by what they are asked for", () => {
  const directory = new MemoryDirectory();
  const [john, janie, domain, peer, user, gateway, otherGateway, did] = someResources();
  directory.replace([john, janie, domain, peer, user, gateway, otherGateway, did]);
  assert.equal(directory.agent("1001", "sip.local"), john);
  assert.equal(directory.agent("1001", "sip2.local"), john);
  assert.equal(directory.agent("1002", "sip.local"), janie);
  assert.equal(directory.agent("1002", "sip2.local"), undefined);
  assert.equal(directory.agent("1002", "nowhere"), undefined);
  assert.equal(directory.peer("ast"), peer);
  assert.equal(directory.domain("sip.local"), domain);
  assert.deepEqual([...directory.gateways()], [gateway, otherGateway]);
  for (const ref of ["gweef506", "gw50a1a4ca"]) assert.equal(directory.gateway(ref), gateway);
  assert.equal(directory.gateway("GW0002"), otherGateway);
  assert.equal(directory.did("DID0001"), did);
  assert.equal(directory.didByTelUrl("17066041487"), did);
  assert.deepEqual([...directory.peers()], [peer]);
  assert.deepEqual([...directory.dids()], [did]);
  assert.deepEqual([...directory.users()], [user]);
  assert.deepEqual(directory.counts, { agents: 2, domains: 1, peers: 1, users: 1, gateways: 2, dids: 1 });
});

Deno.test("resource() finds each by its kind and ref, and what is gone no more", () => {
  const directory = new MemoryDirectory();
  const resources = someResources();
  directory.replace(resources);
  for (const resource of resources) {
    assert.equal(directory.resource(resource.kind, resource.ref), resource);
    const otherKind = resource.kind === "Agent" ? "Peer" : "Agent";
    assert.equal(directory.resource(otherKind, resource.ref), undefined);
  }
  directory.replace(resources.slice(1));
  assert.equal(directory.resource("Agent", resources[0].ref), undefined);
  assert.equal(directory.resource("Agent", resources[1].ref), resources[1]);
});

Deno.test("MemoryDirectory is empty until it is filled", () => {
  const { counts } = new MemoryDirectory();
  assert.deepEqual(counts, { agents: 0, domains: 0, peers: 0, users: 0, gateways: 0, dids: 0 });
});

Deno.test("MemoryDirectory.replace() keeps the objects of resources that say the same", () => {
  const directory = new MemoryDirectory();
  directory.replace(someResources());
  const before = lookUpAll(directory);
  directory.replace(someResources());
  assert.ok(lookUpAll(directory).every((resource, i) => resource === before[i]));
});

Deno.test("MemoryDirectory.replace() takes new objects for those that changed, and forgets the rest", () => {
  const directory = new MemoryDirectory();
  directory.replace(someResources());
  const janie = directory.agent("1002", "sip.local");
  const credentials = { username: "1001", secret: "changed" };
  directory.replace([
    resourceOf("Agent", agentDocument("1001", { credentials })),
    resourceOf("Agent", agentDocument("1002")),
  ]);
  assert.equal(directory.agent("1001", "sip.local")?.secret, "changed");
  assert.equal(directory.agent("1001", "sip2.local"), undefined);
  assert.equal(directory.agent("1002", "sip.local"), janie);
  assert.equal(directory.domain("sip.local"), undefined);
});

Deno.test("onChange() tells what is gone or says something else, once the new answers are given", () => {
  const directory = new MemoryDirectory();
  directory.replace(someResources());
  const [john, , ...others] = lookUpAll(directory);
  const changes: DirectoryChange[] = [];
  const secrets: (string | undefined)[] = [];
  directory.onChange((change) => {
    changes.push(change);
    secrets.push(directory.agent("1001", "sip.local")?.secret);
  });
  const credentials = { username: "1001", secret: "changed" };
  const changed = resourceOf("Agent", agentDocument("1001", { credentials }));
  directory.replace([changed, ...someResources().slice(1)]);
  directory.replace([resourceOf("Agent", agentDocument("1002"))]);
  assert.equal(changes.length, 2);
  assert.deepEqual(changes[0].replaced, [john]);
  assert.deepEqual(new Set(changes[1].replaced), new Set([changed, ...others]));
  assert.deepEqual(secrets, ["changed", undefined]);
});

Deno.test("onChange() tells of additions, and nothing when all says the same", () => {
  const directory = new MemoryDirectory();
  const changes: DirectoryChange[] = [];
  directory.onChange((change) => changes.push(change));
  directory.replace([]);
  directory.replace(someResources());
  directory.replace(someResources());
  assert.deepEqual(changes, [{ replaced: [] }]);
});

Deno.test("an agent that moves between its domains is another one", () => {
  const directory = new MemoryDirectory();
  const changes: DirectoryChange[] = [];
  directory.replace([resourceOf("Agent", agentDocument("1001", { domains: ["sip.local", "sip2.local"] }))]);
  const before = directory.agent("1001", "sip.local");
  directory.onChange((change) => changes.push(change));
  directory.replace([resourceOf("Agent", agentDocument("1001", { domains: ["sip2.local", "sip.local"] }))]);
  assert.deepEqual(changes, [{ replaced: [before] }]);
});

Deno.test("what a listener throws keeps neither the change nor other listeners from it", () => {
  const directory = new MemoryDirectory();
  const changes: DirectoryChange[] = [];
  directory.onChange(() => {
    throw new TypeError("Cannot follow");
  });
  directory.onChange((change) => changes.push(change));
  directory.replace(someResources());
  assert.equal(changes.length, 1);
  assert.equal(directory.counts.agents, 2);
});

function lookUpAll(directory: MemoryDirectory): unknown[] {
  return [
    directory.agent("1001", "sip.local"),
    directory.agent("1002", "sip.local"),
    directory.domain("sip.local"),
    directory.peer("ast"),
    ...directory.users(),
    ...directory.gateways(),
    directory.did("DID0001"),
  ];
}
