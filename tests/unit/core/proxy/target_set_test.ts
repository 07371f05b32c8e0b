/** Target sets that are known from the start. */
import assert from "node:assert/strict";
import { PriorityTargets } from "../../../../src/core/proxy/target_set.ts";

function target(name: string, q: number) {
  return { requestUri: name, routes: [], flow: undefined, q };
}

/** The groups of a target set, by the names of their targets. */
function groupsOf(targets: PriorityTargets): string[] {
  const groups: string[] = [];
  while (targets.hasMore) groups.push(targets.next()!.map(({ requestUri }) => requestUri).join(" "));
  return groups;
}

Deno.test("§16.6: targets of equal q are one group, the highest q first, each group in the order it came", () => {
  const targets = new PriorityTargets([
    target("c", 100),
    target("a", 1000),
    target("d", 100),
    target("b", 500),
  ]);
  assert.equal(targets.known.length, 4);
  assert.deepEqual(groupsOf(targets), ["a", "b", "c d"]);
  assert.equal(targets.next(), undefined);
});

Deno.test("One target is one group, and no target none", () => {
  assert.deepEqual(groupsOf(new PriorityTargets([target("a", 0)])), ["a"]);
  assert.deepEqual(groupsOf(new PriorityTargets([])), []);
});
