import assert from "node:assert/strict";
import { TextMap } from "../../../src/runtime/text_map.ts";

Deno.test("TextMap finds what was set, under a text made anew, and what was set last", () => {
  const map = new TextMap<number>();
  map.set("z9hG4bK-1", 1);
  map.set("z9hG4bK-2", 2);
  map.set("z9hG4bK-1", 3);
  assert.equal(map.get(["z9hG4bK", "1"].join("-")), 3);
  assert.equal(map.get("z9hG4bK-2"), 2);
  assert.equal(map.get("z9hG4bK-3"), undefined);
  assert.equal(map.get(""), undefined);
  assert.equal(map.size, 2);
});

Deno.test("TextMap does what Map does, whatever comes in whatever order", () => {
  const map = new TextMap<number>();
  const model = new Map<string, number>();
  for (let i = 0, state = 1; i < 20_000; i++) {
    state = Math.imul(state, 1103515245) + 12345 & 0x7fffffff;
    const key = `${(state >>> 8) % 500}@${(state >>> 4) % 3}`;
    if (state % 3 === 0) assert.equal(map.delete(key), model.delete(key));
    else {
      map.set(key, i);
      model.set(key, i);
    }
    assert.equal(map.size, model.size);
  }
  for (let i = 0; i < 500; i++) {
    for (let j = 0; j < 3; j++) {
      assert.equal(map.get(`${i}@${j}`), model.get(`${i}@${j}`));
      assert.equal(map.has(`${i}@${j}`), model.has(`${i}@${j}`));
    }
  }
});

Deno.test("TextMap keeps apart texts that share a hash", () => {
  const map = new TextMap<string>();
  // 200,000 texts under 30 bits: some 18 pairs share a hash, whatever the seed.
  const keys = Array.from({ length: 200_000 }, (_, i) => `${i * 7919}`);
  for (const key of keys) map.set(key, key);
  assert.equal(map.size, keys.length);
  for (const key of keys) assert.equal(map.get(key), key);
  for (const key of keys) assert.ok(map.delete(key));
  assert.equal(map.size, 0);
});

Deno.test("TextMap does what Map does while it grows and shrinks", () => {
  const map = new TextMap<number>();
  const model = new Map<string, number>();
  for (const size of [3000, 5, 300, 40, 20_000, 0, 100]) {
    for (let i = model.size; i < size; i++) {
      map.set(`${i}`, i);
      model.set(`${i}`, i);
    }
    for (let i = model.size - 1; i >= size; i--) assert.equal(map.delete(`${i}`), model.delete(`${i}`));
    assert.equal(map.size, model.size);
    for (let i = 0; i < 20_000; i++) assert.equal(map.get(`${i}`), model.get(`${i}`));
  }
});
