import assert from "node:assert/strict";
import { randomSeed, randomToken } from "../../../src/runtime/random.ts";

/** More than the pool holds, many times over. */
const tokens = Array.from({ length: 50_000 }, randomToken);

Deno.test("randomToken() is twelve lower case letters and digits, so a SIP token in any case", () => {
  for (const token of tokens) assert.match(token, /^[a-z2-7]{12}$/);
});

Deno.test("randomToken() never gives the same token twice", () => {
  assert.equal(new Set(tokens).size, tokens.length);
});

Deno.test("randomToken() uses every character at every place about equally often", () => {
  const expected = tokens.length / 32;
  for (let place = 0; place < 12; place++) {
    const counts = new Map<string, number>();
    for (const token of tokens) counts.set(token[place], (counts.get(token[place]) ?? 0) + 1);
    assert.equal(counts.size, 32);
    // Ten standard deviations: a fair source does not leave this range in the age of the universe.
    for (const [character, count] of counts) {
      assert.ok(
        Math.abs(count - expected) < 10 * Math.sqrt(expected),
        `${character} at ${place}: ${count}, expected about ${expected}`,
      );
    }
  }
});

Deno.test("randomSeed() is any 32-bit integer", () => {
  const seeds = Array.from({ length: 100 }, randomSeed);
  for (const seed of seeds) assert.ok(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32);
  assert.ok(new Set(seeds).size > 90);
});
