import assert from "node:assert/strict";
import { FaultyAnswer } from "../../../../src/data/restful/backend_failure.ts";
import { parseList } from "../../../../src/data/restful/json_list.ts";

/** Long enough for several parts. */
const ITEMS = Array.from({ length: 3000 }, (_, i) => ({
  name: `"${i}" \\ ]}{[ ,\\\\`,
  list: [[], {}, [i, "]"], { deep: [{ i }] }],
  text: "é\u2028\\".repeat(20),
}));

const VALUES: readonly (readonly [string, unknown])[] = [
  ["a list", ITEMS],
  ["a list in an envelope", { status: 200, message: "[] {", data: ITEMS, meta: { totalPages: 1, all: [1] } }],
  ["a list after an empty one", { errors: [], data: ITEMS }],
  ["a list beside the text that stands for it", { a: "the list", data: { items: ITEMS } }],
  ["a list further down", { data: { items: ITEMS, more: [1] } }],
  ["a single document", { spec: { text: "x".repeat(200_000), domains: ["a", "b"] } }],
  ["a list of texts", Array.from({ length: 60_000 }, (_, i) => `${i}`)],
  ["a list of lists", [ITEMS, ITEMS, []]],
  ["the list that stands for another", { a: "the list", data: "the list", b: [..."the list"], c: ITEMS }],
  ["a text", "x".repeat(200_000)],
  ["a short list", [1, { a: [] }]],
];

for (const [name, value] of VALUES) {
  Deno.test(`parseList() reads ${name} as JSON.parse does`, async () => {
    assert.deepEqual(await parseList(JSON.stringify(value)), value);
    assert.deepEqual(await parseList(JSON.stringify(value, null, 1)), value);
  });
}

const TEXT = JSON.stringify({ status: 200, data: ITEMS });

/** The comma after the first item that ends beyond a part. */
const END_OF_PART = TEXT.indexOf('},{"name"', TEXT.indexOf("[") + 1 + 100_000) + 1;

const FAULTY: readonly (readonly [string, string])[] = [
  ["a comma is missing between items", TEXT.replaceAll('},{"name"', '} {"name"')],
  ["a comma is missing between parts", TEXT.slice(0, END_OF_PART) + TEXT.slice(END_OF_PART + 1)],
  ["there is a comma after the last item", TEXT.replace(/\]\}$/, ",]}")],
  ["there is a comma before the first item", TEXT.replace("[", "[,")],
  ["the end is missing", TEXT.slice(0, -2)],
  ["there is more after the end", `${TEXT}]`],
  ["a text has no end", TEXT.slice(0, TEXT.lastIndexOf('"'))],
  ["brackets are of different kinds", TEXT.replace(/\]\}$/, "}}")],
];

for (const [name, text] of FAULTY) {
  Deno.test(`parseList() refuses what is no JSON: ${name}`, async () => {
    assert.ok(text.length > 100_000 && text !== TEXT);
    await assert.rejects(parseList(text), FaultyAnswer);
  });
}
