import assert from "node:assert/strict";
import { editDistance, nearestName } from "../../../src/data/nearest_name.ts";

Deno.test("editDistance() counts insertions, removals, replacements and swaps", () => {
  const table: [string, string, number][] = [
    ["", "", 0],
    ["", "abc", 3],
    ["kitten", "sitting", 3],
    ["exmaple.org", "example.org", 1],
    ["hots", "host", 1],
    ["port", "ports", 1],
  ];
  for (const [a, b, distance] of table) {
    assert.equal(editDistance(a, b), distance);
    assert.equal(editDistance(b, a), distance);
  }
});

Deno.test("nearestName() finds what was probably meant", () => {
  assert.equal(nearestName("trasport", ["bindAddr", "transport", "restService"]), "transport");
  assert.equal(nearestName("BINDADDR", ["bindAddr", "transport"]), "bindAddr");
  assert.equal(nearestName("doman", ["credentials", "domains", "privacy"]), "domains");
  assert.equal(nearestName("exmaple.org", ["sip.local", "example.org"]), "example.org");
});

Deno.test("nearestName() stays silent when nothing is near", () => {
  assert.equal(nearestName("colour", ["bindAddr", "transport"]), undefined);
  assert.equal(nearestName("v2", ["v1"]), undefined);
  assert.equal(nearestName("x", []), undefined);
});
