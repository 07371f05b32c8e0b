import assert from "node:assert/strict";
import { selectItems } from "../../../src/rest/selection.ts";

function pageOf(total: number, page: number, itemsPerPage: number) {
  const items = Array.from({ length: total }, (_, i) => i + 1);
  return selectItems(items, (item) => item, { page, itemsPerPage });
}

Deno.test("a page has its items and its position", async () => {
  assert.deepEqual(await pageOf(7, 2, 3), {
    items: [4, 5, 6],
    meta: { currentPage: 2, totalPages: 3, itemsPerPage: 3, totalItems: 7 },
  });
  assert.deepEqual((await pageOf(7, 3, 3)).items, [7]);
  assert.deepEqual(await pageOf(6, 1, 30), {
    items: [1, 2, 3, 4, 5, 6],
    meta: { currentPage: 1, totalPages: 1, itemsPerPage: 30, totalItems: 6 },
  });
});

Deno.test("a page beyond the last one is empty, and so is the first of nothing", async () => {
  assert.deepEqual(await pageOf(6, 3, 3), {
    items: [],
    meta: { currentPage: 3, totalPages: 2, itemsPerPage: 3, totalItems: 6 },
  });
  assert.deepEqual((await pageOf(6, Number.MAX_SAFE_INTEGER, 10_000)).items, []);
  assert.deepEqual(await pageOf(0, 1, 30), {
    items: [],
    meta: { currentPage: 1, totalPages: 0, itemsPerPage: 30, totalItems: 0 },
  });
});
