import assert from "node:assert/strict";
import { alignLists } from "../../../../src/data/files/list_alignment.ts";

const align = (from: string, to: string) => alignLists([...from], [...to], Object.is);

Deno.test("alignLists() keeps what is in both, in order", () => {
  assert.deepEqual(align("abc", "abc").pairs.length, 3);
  assert.deepEqual(align("abcd", "acd"), {
    pairs: [{ from: 0, to: 0 }, { from: 2, to: 1 }, { from: 3, to: 2 }],
    removed: [1],
    added: [],
  });
  assert.deepEqual(align("ab", "xaby"), {
    pairs: [{ from: 0, to: 1 }, { from: 1, to: 2 }],
    removed: [],
    added: [{ after: -1, to: 0 }, { after: 1, to: 3 }],
  });
});

Deno.test("alignLists() changes what stands in between, and adds or removes the rest of it", () => {
  assert.deepEqual(align("axd", "abcd"), {
    pairs: [{ from: 0, to: 0 }, { from: 1, to: 1 }, { from: 2, to: 3 }],
    removed: [],
    added: [{ after: 1, to: 2 }],
  });
  assert.deepEqual(align("axyb", "azb").removed, [2]);
});

Deno.test("alignLists() compares very long lists at their ends", () => {
  const from = Array.from({ length: 2000 }, (_, i) => i);
  const to = [...from.slice(0, 500), -1, ...from.slice(501, 1499), -2, ...from.slice(1500)];
  const { pairs, removed, added } = alignLists(from, to, Object.is);
  assert.deepEqual([pairs.length, removed, added], [2000, [], []]);
});
