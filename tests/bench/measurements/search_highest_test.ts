import assert from "node:assert/strict";
import { searchHighest } from "./search_highest.ts";

async function search(highest: number): Promise<{ found: number; tried: number[] }> {
  const tried: number[] = [];
  const found = await searchHighest((candidate) => {
    tried.push(candidate);
    return Promise.resolve(candidate <= highest);
  }, { start: 1000, ceiling: 6400, resolution: 0.08 });
  return { found, tried };
}

Deno.test("searchHighest() climbs, bisects, and ends within its resolution", async () => {
  for (const highest of [999, 1000, 1100, 2300, 4999]) {
    const { found, tried } = await search(highest);
    assert.ok(found <= highest && found >= highest * 0.92 - 50, `${highest}: ${found}`);
    assert.ok(tried.length <= 8, `${highest}: ${tried}`);
    assert.equal(new Set(tried).size, tried.length, "no rate is tried twice");
  }
});

Deno.test("searchHighest() stops at the ceiling", async () => {
  const { found, tried } = await search(100_000);
  assert.equal(found, 6400);
  assert.equal(tried.at(-1), 6400);
});

Deno.test("searchHighest() goes on from a known number", async () => {
  const tried: number[] = [];
  function search(highest: number): Promise<number> {
    const options = { start: 1000, known: 2000, ceiling: 6400, resolution: 0.1 };
    return searchHighest(
      (candidate) => Promise.resolve(tried.push(candidate) > 0 && candidate <= highest),
      options,
    );
  }
  assert.equal(await search(2000), 2000);
  assert.deepEqual(tried, [2200]);
  assert.ok(await search(3000) > 2600);
});

Deno.test("searchHighest() answers 0 when nothing passes", async () => {
  const { found } = await search(0);
  assert.equal(found, 0);
});
