import assert from "node:assert/strict";
import { mergeDocuments } from "../../../src/data/merged_document.ts";

Deno.test("mappings are merged, everything else is replaced, and null takes away", () => {
  const document = { a: { b: 1, c: [1, 2], d: "x" }, e: "y" };
  const changes = { a: { b: undefined, c: [3], d: null }, f: { g: 1 } };
  assert.deepEqual(mergeDocuments(document, changes), { a: { b: 1, c: [3] }, e: "y", f: { g: 1 } });
});

Deno.test("who brings one of two properties that stand for each other takes the other away", () => {
  for (const [one, other] of [["secret", "ha1"], ["didRef", "numberRef"], ["maxContacts", "ex_maxContact"]]) {
    assert.deepEqual(mergeDocuments({ [one]: "a" }, { [other]: "b" }), { [other]: "b" });
    assert.deepEqual(mergeDocuments({ [other]: "a" }, { [one]: "b" }), { [one]: "b" });
    assert.deepEqual(mergeDocuments({ [one]: "a" }, { [other]: null }), { [one]: "a" });
  }
});

Deno.test("of a document that was read with both names of a property, the one that was edited counts", () => {
  for (const stored of [{ didRef: "a" }, { numberRef: "a" }, { didRef: "a", numberRef: "a" }]) {
    assert.deepEqual(mergeDocuments(stored, { didRef: "a", numberRef: "b" }), { numberRef: "b" });
    assert.deepEqual(mergeDocuments(stored, { numberRef: "a", didRef: "b" }), { didRef: "b" });
    assert.deepEqual(mergeDocuments(stored, { didRef: "a", numberRef: "a" }), {
      didRef: "a",
      numberRef: "a",
    });
  }
});
