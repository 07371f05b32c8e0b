import assert from "node:assert/strict";
import { levenshteinDistance, nearestName } from "../../../src/data/nearest_name.ts";

Deno.test("levenshteinDistance() counts insertions, removals and replacements", () => {
  const table: [string, string, number][] = [
    ["", "", 0],
    ["", "abc", 3],
    ["kitten", "sitting", 3],
    ["exmaple.org", "example.org", 2],
    ["port", "ports", 1],
  ];
  for (const [a, b, distance] of table) {
    assert.equal(levenshteinDistance(a, b), distance);
    assert.equal(levenshteinDistance(b, a), distance);
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
