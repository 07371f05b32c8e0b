import assert from "node:assert/strict";
import { BoundedMap, BoundedTextMap } from "../../../src/runtime/bounded_map.ts";

for (const BoundedClass of [BoundedMap<string, number>, BoundedTextMap<number>]) {
  const { name } = BoundedClass;

  Deno.test(`${name} evicts the oldest entry for a new key`, () => {
    const map = new BoundedClass(2);
    map.set("a", 1);
    map.set("b", 2);
    assert.ok(map.isFull);
    assert.equal(map.get("a"), 1);
    map.set("c", 3);
    assert.deepEqual([...map], [["b", 2], ["c", 3]]);
    assert.equal(map.size, 2);
    assert.ok(!map.has("a"));
  });

  Deno.test(`${name} takes a written entry for the newest, and evicts nothing for it`, () => {
    const map = new BoundedClass(2);
    map.set("a", 1);
    map.set("b", 2);
    map.set("a", 3);
    assert.deepEqual([...map], [["b", 2], ["a", 3]]);
    map.set("c", 4);
    assert.deepEqual([...map], [["a", 3], ["c", 4]]);
  });

  Deno.test(`${name} evicts what was unused for longest, when told to`, () => {
    const map = new BoundedClass(3, { evicts: "leastRecentlyUsed" });
    for (const key of ["a", "b", "c"]) map.set(key, 0);
    map.get("a");
    map.get("c");
    map.has("b");
    map.set("d", 1);
    assert.deepEqual([...map].map(([key]) => key), ["a", "c", "d"]);
  });

  Deno.test(`${name} has room after an entry was deleted, and after all were`, () => {
    const map = new BoundedClass(2);
    map.set("a", 1);
    map.set("b", 2);
    assert.ok(map.delete("b"));
    assert.ok(!map.delete("b"));
    map.set("c", 3);
    assert.deepEqual([...map], [["a", 1], ["c", 3]]);
    map.clear();
    assert.equal(map.size, 0);
    assert.deepEqual([...map], []);
    map.set("d", 4);
    assert.deepEqual([...map], [["d", 4]]);
  });

  Deno.test(`${name} can lose the entry that an iteration is at`, () => {
    const map = new BoundedClass(8);
    for (const key of ["a", "b", "c", "d"]) map.set(key, 0);
    const seen: string[] = [];
    for (const [key] of map) {
      seen.push(key);
      map.delete(key);
    }
    assert.deepEqual(seen, ["a", "b", "c", "d"]);
    assert.equal(map.size, 0);
  });

  for (const evicts of ["oldest", "leastRecentlyUsed"] as const) {
    Deno.test(`${name} does what a list of pairs does, evicting ${evicts}`, () => {
      const map = new BoundedClass(100, { evicts });
      let model: [string, number][] = [];
      for (let i = 0, state = 1; i < 20_000; i++) {
        state = Math.imul(state, 1103515245) + 12345 & 0x7fffffff;
        const key = `${(state >>> 8) % 160}`;
        const known = model.find(([other]) => other === key);
        const rest = model.filter((pair) => pair !== known);
        if (state % 5 === 0) {
          assert.equal(map.delete(key), known !== undefined);
          model = rest;
        } else if (state % 5 === 1) {
          assert.equal(map.get(key), known?.[1]);
          if (known && evicts === "leastRecentlyUsed") model = [...rest, known];
        } else {
          map.set(key, i);
          model = [...rest, [key, i] as [string, number]].slice(-100);
        }
      }
      assert.deepEqual([...map], model);
    });
  }
}
