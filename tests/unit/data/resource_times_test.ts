import assert from "node:assert/strict";
import { type DirectoryChange, MemoryDirectory } from "../../../src/data/directory.ts";
import type { Kind } from "../../../src/data/resource.ts";
import { agentDocument, type Document, gatewayDocument, peerDocument } from "../../support/resources.ts";
import { resourceOf } from "./sources.ts";

const DOCUMENTS: readonly (readonly [kind: Kind, document: Document])[] = [
  ["Peer", peerDocument("ast")],
  ["Gateway", gatewayDocument("GW0001")],
  ["Agent", agentDocument("1001")],
];

/** Returns resources of documents written at `modifiedOn`. */
function resourcesOf(modifiedOn: string | undefined) {
  return DOCUMENTS.map(([kind, document]) =>
    resourceOf(kind, { ...document, metadata: { ...document.metadata as Document, modifiedOn } })
  );
}

Deno.test("resources have the times of their documents, and none where these have none", () => {
  const metadata = { name: "x", createdOn: "then", modifiedOn: "now" };
  const { createdOn, modifiedOn } = resourceOf("Agent", { ...agentDocument("1001"), metadata });
  assert.deepEqual([createdOn, modifiedOn], ["then", "now"]);
  assert.deepEqual(
    Object.keys(resourceOf("Agent", agentDocument("1001"))).filter((name) => /On$/.test(name)),
    [],
  );
});

Deno.test("the directory shows new times without replacing what was only written anew", () => {
  const directory = new MemoryDirectory();
  const changes: DirectoryChange[] = [];
  directory.replace(resourcesOf("2026-01-01"));
  directory.onChange((change) => changes.push(change));
  const before = [directory.peer("ast"), directory.gateway("GW0001"), directory.agent("1001", "sip.local")];
  for (const time of ["2026-02-02", undefined, "2026-03-03"]) {
    directory.replace(resourcesOf(time));
    const now = [directory.peer("ast"), directory.gateway("GW0001"), directory.agent("1001", "sip.local")];
    for (const [i, resource] of now.entries()) {
      assert.equal(resource, before[i]);
      assert.equal(resource?.modifiedOn, time);
    }
  }
  assert.deepEqual(changes, []);
});

Deno.test("the directory replaces what says something else at another time", () => {
  const directory = new MemoryDirectory();
  directory.replace(resourcesOf("2026-01-01"));
  const before = directory.agent("1001", "sip.local");
  const changed = agentDocument("1001", { privacy: "private" });
  directory.replace([
    resourceOf("Agent", { ...changed, metadata: { name: "Agent 1001", modifiedOn: "2026-02-02" } }),
  ]);
  assert.notEqual(directory.agent("1001", "sip.local"), before);
  assert.equal(before?.modifiedOn, "2026-01-01");
});
