import assert from "node:assert/strict";
import { fewest } from "./delta_debugging.ts";

function containing(...wanted: number[]) {
  let tries = 0;
  const happens = (items: readonly number[]) => {
    tries++;
    return Promise.resolve(wanted.every((each) => items.includes(each)));
  };
  return { happens, tries: () => tries };
}

const hundred = Array.from({ length: 100 }, (_, index) => index);

Deno.test("fewest() finds the one item that matters", async () => {
  for (const wanted of [0, 41, 99]) {
    const { happens, tries } = containing(wanted);
    assert.deepEqual(await fewest(hundred, happens), [wanted]);
    assert.ok(tries() < 40, `${tries()} tries`);
  }
});

Deno.test("fewest() finds several items that matter together, in their order", async () => {
  const { happens } = containing(3, 50, 51, 98);
  assert.deepEqual(await fewest(hundred, happens), [3, 50, 51, 98]);
});

Deno.test("fewest() keeps everything where everything matters, and nothing where nothing does", async () => {
  const few = hundred.slice(0, 9);
  assert.deepEqual(await fewest(few, containing(...few).happens), few);
  assert.deepEqual(await fewest(few, () => Promise.resolve(true)), []);
  assert.deepEqual(await fewest([], () => Promise.resolve(true)), []);
});

Deno.test("fewest() leaves nothing that can be left out", async () => {
  // Happens with any three items whose sum is odd, which is no simple matter of containing.
  const happens = (items: readonly number[]) =>
    Promise.resolve(items.length >= 3 && items.reduce((sum, item) => sum + item, 0) % 2 === 1);
  const left = await fewest(hundred.slice(0, 98), happens);
  for (const item of left) assert.equal(await happens(left.filter((each) => each !== item)), false);
});
