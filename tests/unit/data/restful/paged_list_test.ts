import assert from "node:assert/strict";
import { type Page, readPages } from "../../../../src/data/restful/paged_list.ts";

/** Reads pages made by a function, and notes the requested ones. */
async function read(pageAt: (number: number) => Partial<Page<string>>) {
  const asked: number[] = [];
  const pages = await readPages<string, Page<string>>((number) => {
    asked.push(number);
    return Promise.resolve({ items: [`${number}`], ...pageAt(number) });
  });
  return { items: pages?.flatMap(({ items }) => items), asked };
}

Deno.test("readPages() reads all pages in their order", async () => {
  const totals = { totalPages: 6, totalItems: 6 };
  const { items } = await read((currentPage) => ({ currentPage, ...totals }));
  assert.deepEqual(items, ["1", "2", "3", "4", "5", "6"]);
});

Deno.test("readPages() asks once where there are no pages", async () => {
  assert.deepEqual((await read(() => ({}))).asked, [1]);
  assert.deepEqual((await read(() => ({ totalPages: 0, items: [] }))).asked, [1]);
  assert.deepEqual((await read(() => ({ totalPages: 3, totalItems: 1 }))).asked, [1]);
});

const UNFIT: readonly (readonly [string, (number: number) => Partial<Page<string>>])[] = [
  ["it is the first one again", () => ({ currentPage: 1, totalPages: 1e9 })],
  ["it is empty", (number) => ({ totalPages: 1e9, ...(number > 1 ? { items: [] } : {}) })],
  ["there are more pages now", (number) => ({ totalPages: number + 1 })],
  ["there are more items now", (number) => ({ totalPages: 2, totalItems: number + 1 })],
  ["it says nothing about pages", (number) => number === 1 ? { totalPages: 2 } : {}],
  ["there are fewer items than it says", () => ({ totalPages: 2, totalItems: 3 })],
];

for (const [name, pageAt] of UNFIT) {
  Deno.test(`readPages() does not go on with a page that does not fit: ${name}`, async () => {
    const { items, asked } = await read(pageAt);
    assert.equal(items, undefined);
    assert.ok(asked.length <= 5);
  });
}

Deno.test("readPages() fails with the page that fails", async () => {
  const pages = readPages<string, Page<string>>((number) => {
    return number === 3
      ? Promise.reject(new Error("Third"))
      : Promise.resolve({ items: ["a"], totalPages: 3 });
  });
  await assert.rejects(pages, /Third/);
});
