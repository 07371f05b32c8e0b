import assert from "node:assert/strict";
import { equalsInConstantTime, Mac } from "../../../src/runtime/mac.ts";

Deno.test("Mac.verify() knows its own text by its own key, and nothing else", () => {
  const mac = new Mac("secret route ", 16);
  const code = mac.of("a84b4c76e66710");
  assert.match(code, /^[0-9a-f]{16}$/);
  assert.ok(mac.verify(code, "a84b4c76e66710"));
  assert.ok(!mac.verify(code, "a84b4c76e66711"));
  assert.ok(!mac.verify(code.slice(0, 15), "a84b4c76e66710"));
  assert.ok(!mac.verify("", "a84b4c76e66710"));
  assert.ok(!new Mac("secret node ", 16).verify(code, "a84b4c76e66710"));
});

Deno.test("Mac keeps what other processes have made: SHA-256 of key and text (FIPS 180-4, appendix B.1)", () => {
  assert.equal(new Mac("ab", 32).of("c"), "ba7816bf8f01cfea414140de5dae2223");
});

Deno.test("Mac of a text in pieces is that of the whole", () => {
  const mac = new Mac("secret ", 20);
  assert.match(mac.of("a84b4c", "", "76e66710"), /^[0-9a-f]{20}$/);
  assert.equal(mac.of("a84b4c", "", "76e66710"), mac.of("a84b4c76e66710"));
  assert.ok(mac.verify(mac.of("a84b4c76e66710"), "a84b", "4c76e66710"));
  assert.ok(!mac.verify(mac.of("a84b4c76e66710"), "a84b", "4c76e6671"));
});

Deno.test("Mac refuses to show more than half of the hash", () => {
  assert.throws(() => new Mac("secret", 33), RangeError);
});

Deno.test("equalsInConstantTime() is equality", () => {
  for (
    const [actual, expected, verdict] of [
      ["abc", "abc", true],
      ["abd", "abc", false],
      ["", "abc", false],
      ["abcabc", "abc", false],
      ["ab", "abc", false],
      ["ABC", "abc", false],
    ] as const
  ) {
    assert.equal(equalsInConstantTime(actual, expected), verdict, actual);
  }
});
