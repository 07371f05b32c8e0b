import assert from "node:assert/strict";
import { hexOf } from "../../../src/runtime/hexadecimal.ts";

Deno.test("hexOf(): eight digits of 32 bits, signed or not", () => {
  for (const word of [0, 1, 0x10, 0xabcdef, 0x7fffffff, 0x80000000, 0xffffffff, -1, 0x89abcdef | 0]) {
    assert.equal(hexOf(word), (word >>> 0).toString(16).padStart(8, "0"));
  }
});
