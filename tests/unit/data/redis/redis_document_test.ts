import assert from "node:assert/strict";
import {
  fingerprintOf,
  parseDocument,
  readDocument,
  type StoredValue,
} from "../../../../src/data/redis/redis_document.ts";
import { agentDocument } from "../../../support/resources.ts";

const NAME = { kind: "Agent", ref: "AG1", file: "redis agents AG1" } as const;

function text(content: string): StoredValue {
  return { type: "text", bytes: new TextEncoder().encode(content) };
}

Deno.test("A document goes by its own ref, or else by its key", () => {
  const plain = agentDocument("1001");
  assert.equal(readDocument(text(JSON.stringify(plain)), NAME).resource?.ref, "AG1");
  const named = { ...plain, metadata: { name: "x", ref: "other" } };
  assert.equal(readDocument(text(JSON.stringify(named)), NAME).resource?.ref, "other");
});

Deno.test("What is no document of its kind is a fault that names the key, and never throws", () => {
  for (const content of ["", "{", "[]", "null", "7", '"x"', "[".repeat(100_000), '{"metadata":7}', "\xff"]) {
    const { resource, faults } = readDocument(text(content), NAME);
    assert.equal(resource, undefined);
    assert.ok(faults.length > 0 && faults.every(({ file }) => file === NAME.file), content);
  }
});

Deno.test("Others may refer to the key of a document that cannot be read", () => {
  assert.deepEqual(readDocument(text("{"), { ...NAME, kind: "Gateway" }).declared, ["AG1"]);
});

Deno.test("A ref without document is no fault", () => {
  const { resource, faults } = readDocument({ type: "nothing" }, NAME);
  assert.deepEqual([resource, faults], [undefined, []]);
});

Deno.test("Fingerprints differ with what stands at a key", () => {
  const values: StoredValue[] = [
    text("a"),
    text("b"),
    { type: "large", length: 7 },
    { type: "large", length: 8 },
    { type: "other", name: "list" },
    { type: "nothing" },
  ];
  assert.equal(new Set(values.map(fingerprintOf)).size, values.length);
});

Deno.test("Properties that are null are absent", () => {
  assert.deepEqual(parseDocument('{"a":null,"b":{"c":null,"d":"null"}}'), { b: { d: "null" } });
});
