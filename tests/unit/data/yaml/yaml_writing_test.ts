import assert from "node:assert/strict";
import { readYaml } from "../../../../src/data/yaml/yaml_reader.ts";
import {
  isSameValue,
  writeFlow,
  writeItem,
  writeScalar,
  yamlValueOf,
} from "../../../../src/data/yaml/yaml_writing.ts";

Deno.test("writeScalar() quotes what YAML would read as something else, and nothing that it would not", () => {
  const plain = [
    "sip.local",
    "John Doe",
    "v1beta1",
    "sip:1001@sip.local",
    "192.168.0.0/16",
    "Columbus, GA",
    "/etc/x",
    "Zoë",
  ];
  const single = [
    "1001",
    "0123",
    "1.5",
    "yes",
    "No",
    "null",
    "~",
    "true",
    "a: b",
    "a #b",
    "# a",
    "- a",
    " a",
    "a ",
    "",
    "2026-11-24",
    "${X}",
    "*a",
    "&a",
    "!a",
    "[a",
    "{a",
    "a:",
    "1:20",
    ".5",
    "+1",
    "@a",
    "it's",
    "y",
  ];
  const double = ["a\nb", "\t", "\0", "\u2028", "\ufeff"];
  for (const text of plain) assert.equal(writeScalar(text), text);
  for (const text of single) assert.equal(writeScalar(text), `'${text.replace("'", "''")}'`);
  for (const text of double) assert.match(writeScalar(text), /^"[\x20-\x7e]+"$/);
  assert.deepEqual([writeScalar(5060), writeScalar(true)], ["5060", "true"]);
});

Deno.test("Texts are read as they were, by us and by a reader that knows types", async () => {
  const { parse } = await import("yaml");
  const texts = [
    "1001",
    "null x",
    "a: b",
    "it's",
    '"',
    "\\",
    "a\nb\n",
    "\u0085",
    "\ud83c\udf89",
    ",",
    "a, b",
    "sip:a@b",
    "x: y",
    "::",
    "a:b",
  ];
  for (const text of texts) {
    for (const quoting of ["plain", "single", "double"] as const) {
      for (const written of [`a: ${writeScalar(text, { quoting })}\n`, writeFlow({ a: text }, quoting)]) {
        assert.deepEqual((await readYaml(written)).value, { a: text });
        assert.deepEqual(parse(written, { version: "1.1" }), { a: text });
        assert.deepEqual(parse(written), { a: text });
      }
    }
  }
});

Deno.test("writeItem() writes mappings in lines and lists of texts in brackets", () => {
  const document = {
    kind: "DID",
    metadata: { x: {}, u: [] },
    spec: { l: ["a", "b"], m: [{ o: "o", p: "q" }] },
  };
  assert.deepEqual(writeItem(document, { step: 2 }), [
    "- kind: DID",
    "  metadata:",
    "    x: {}",
    "    u: []",
    "  spec:",
    "    l: [a, b]",
    "    m:",
    "      - o: o",
    "        p: q",
  ]);
  const long = Array.from({ length: 20 }, (_, i) => `host${i}.local`);
  assert.equal(writeItem({ long }, { step: 2 }).length, 21);
});

Deno.test("yamlValueOf() leaves out what has no value", () => {
  assert.deepEqual(yamlValueOf({ a: null, b: undefined, c: [null, 1, { d: null }], e: false }), {
    c: [1, {}],
    e: false,
  });
});

Deno.test("isSameValue() takes a number for its digits and disregards the order of entries", () => {
  assert.ok(isSameValue({ a: "1", b: ["true"] }, { b: [true], a: 1 }));
  for (
    const [a, b] of [["1", "01"], [["a"], { 0: "a" }], [{}, []], [{ a: "" }, {}], [undefined, "undefined"], [
      "a",
      ["a"],
    ]]
  ) {
    assert.ok(!isSameValue(a, b) && !isSameValue(b, a));
  }
});
