import assert from "node:assert/strict";
import { detachText } from "../../../src/runtime/text.ts";

Deno.test("detachText() keeps all 256 bytes", () => {
  const bytes = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join("");
  assert.equal(detachText(bytes), bytes);
  assert.equal(detachText(""), "");
});

Deno.test("detachText() does not keep the text alive it was cut from", () => {
  const kept: string[] = [];
  const before = Deno.memoryUsage().heapUsed;
  for (let i = 0; i < 200; i++) {
    const message = `${i};`.padEnd(500_000, "x");
    kept.push(detachText(message.substring(0, 40)));
  }
  const grown = Deno.memoryUsage().heapUsed - before;
  assert.equal(kept.length, 200);
  assert.ok(grown < 60e6, `${grown} bytes for 200 texts of 40 bytes, cut from 100 million`);
});
