import assert from "node:assert/strict";
import { MemoryDirectory } from "../../../src/data/directory.ts";
import type { Gateway } from "../../../src/data/gateway.ts";
import type { Resource } from "../../../src/data/resource.ts";
import { ResourceView } from "../../../src/data/resource_view.ts";
import { agentDocument, domainDocument, gatewayDocument, peerDocument } from "../../support/resources.ts";
import { resourceOf, sourceOf, unreadableSource } from "./sources.ts";

const AGENT = resourceOf("Agent", agentDocument("1001"));
const DOMAIN = resourceOf("Domain", domainDocument("sip.local")) as Extract<Resource, { kind: "Domain" }>;
const GATEWAY = resourceOf("Gateway", gatewayDocument("GW1")) as Gateway;

function directoryOf(...resources: Resource[]): MemoryDirectory {
  const directory = new MemoryDirectory();
  directory.replace(resources);
  return directory;
}

Deno.test("a view has the resources of its directory and added ones, without the excluded one", () => {
  const view = new ResourceView({ directory: directoryOf(AGENT, DOMAIN) });
  view.add(resourceOf("Agent", agentDocument("1002")));
  assert.deepEqual(["1001", "1002", "1003"].map((name) => view.hasAgent(name, "sip.local")), [
    true,
    true,
    false,
  ]);
  assert.ok(view.hasRef("Agent", AGENT.ref));
  assert.ok(view.hasKeyOf(DOMAIN));
  const others = view.excluding(AGENT);
  assert.ok(!others.hasAgent("1001", "sip.local"));
  assert.ok(!others.hasRef("Agent", AGENT.ref));
  assert.ok(others.hasKeyOf(DOMAIN));
  assert.ok(!view.excluding(DOMAIN).hasKeyOf(DOMAIN));
});

Deno.test("a view of sources knows declared names, and every name of an unreadable kind", () => {
  const declared = { ...sourceOf("Domain", []), declared: ["sip.local"] };
  const view = new ResourceView({ sources: [declared, unreadableSource("Gateway")] });
  assert.ok(view.isNamed("Domain", "sip.local"));
  assert.ok(!view.isNamed("Domain", "sip2.local"));
  assert.equal(view.nearest("Domain", "sip.locl"), "sip.local");
  assert.ok(view.isNamed("Gateway", "any"));
});

Deno.test("a taken ref is replaced by a generated one", () => {
  const view = new ResourceView();
  const peers = ["a", "b"].map((name) => ({ ...resourceOf("Peer", peerDocument(name)), ref: "same" }));
  assert.equal(view.add(peers[0]), peers[0]);
  const added = view.add(peers[1]);
  assert.match(added.ref, /^pr[0-9a-f]+$/);
  assert.ok(view.hasRef("Peer", added.ref));
});

Deno.test("gateways share a host and port unless that is forbidden", () => {
  const directory = directoryOf(GATEWAY);
  const withPort = { ...GATEWAY, ref: "GW2", port: 5060 };
  const otherPort = { ...GATEWAY, ref: "GW3", port: 5080 };
  assert.ok(!new ResourceView({ directory }).hasGatewayAt(withPort));
  const view = new ResourceView({ directory, hasUniqueGateways: true });
  assert.deepEqual([withPort, otherPort].map((gateway) => view.hasGatewayAt(gateway)), [true, false]);
  assert.ok(!view.excluding(GATEWAY).hasGatewayAt(withPort));
  const added = new ResourceView({ directory, hasUniqueGateways: true });
  added.add(otherPort);
  assert.ok(added.hasGatewayAt(otherPort));
});
