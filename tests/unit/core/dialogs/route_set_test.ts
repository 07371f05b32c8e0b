/** Route sets as texts for comparison. */
import assert from "node:assert/strict";
import { isSameRouteSet, routeSetOf } from "../../../../src/core/dialogs/route_set.ts";

Deno.test("Route sets are compared by user, host and port of each entry, in their order", () => {
  const [one, two] = ["<sip:a@x.example;lr>", "<sip:y.example:5080;lr>"];
  assert.equal(isSameRouteSet(routeSetOf([one, two]), routeSetOf(["<sip:a@x.example;lr;p=1>", two])), true);
  assert.equal(isSameRouteSet(routeSetOf([one, two]), routeSetOf([two, one])), false);
  assert.equal(isSameRouteSet(routeSetOf([]), routeSetOf([])), true);
});

for (
  const [what, value] of [
    ["too long by one entry", `<sip:${"a".repeat(3000)}@x.example;lr>`],
    ["too long by many", Array(200).fill("<sip:x.example;lr>").join(",")],
    ["malformed", "<>"],
  ] as const
) {
  Deno.test(`A route set that is ${what} is the same as no other, itself included`, () => {
    const set = routeSetOf(value.split(","));
    assert.equal(isSameRouteSet(set, set), false);
    assert.ok(set.length < 10);
  });
}
