import assert from "node:assert/strict";
import { documentHash, MAX_DOCUMENT_LENGTH } from "../../../../src/data/restful/document_hash.ts";

Deno.test("documentHash() is the same whatever the order of properties", () => {
  assert.equal(documentHash({ a: 1, b: { c: [], d: null } }), documentHash({ b: { d: null, c: [] }, a: 1 }));
});

Deno.test("documentHash() differs when anything else does", () => {
  const documents = [
    ...[{}, [], null, "", 0, false],
    ...[{ a: 1 }, { a: "1" }, { a: [1] }, { a: [1, 2] }, { a: [2, 1] }, { a: [12] }],
    ...[{ a: { b: 1 } }, { "a:{b": 1 }, { a: 1, b: 1 }, { __proto__: null, a: null }],
    JSON.parse('{"__proto__": {"a": 1}}'),
  ];
  assert.equal(new Set(documents.map(documentHash)).size, documents.length);
});

Deno.test("documentHash() of what is larger or deeper than any resource is undefined", () => {
  assert.equal(documentHash("x".repeat(MAX_DOCUMENT_LENGTH)), undefined);
  const nested = (levels: number) => JSON.parse("[".repeat(levels) + "]".repeat(levels));
  assert.ok(documentHash(nested(64)));
  assert.equal(documentHash(nested(65)), undefined);
  assert.equal(documentHash(nested(100_000)), undefined);
});
