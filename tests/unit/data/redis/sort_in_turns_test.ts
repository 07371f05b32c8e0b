import assert from "node:assert/strict";
import { sortInTurns } from "../../../../src/data/redis/sort_in_turns.ts";

Deno.test("sortInTurns() sorts as sort() does, however many words there are", async () => {
  for (const count of [0, 1, 4000, 4001, 13_001]) {
    const words = Array.from({ length: count }, (_, i) => String((i * 7919) % 10_007));
    assert.deepEqual(await sortInTurns(words), words.toSorted());
  }
});
