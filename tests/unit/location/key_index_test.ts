/** Numbers by key. */
import assert from "node:assert/strict";
import { KeyIndex, type KeySpan } from "../../../src/location/key_index.ts";

const HOUR = 3_600_000;

function spanOf(key: string): KeySpan {
  const bytes = new TextEncoder().encode(`<${key}>`);
  return { bytes, keyStart: 1, keyEnd: bytes.length - 1 };
}

Deno.test("knows the same as a Map after many changes", () => {
  const index = new KeyIndex();
  const known = new Map<string, number>();
  for (let i = 1; i <= 60_000; i++) {
    const key = `sip:${(i * 7919) % 9001}@sip.local`;
    const former = known.get(key) ?? 0;
    if (i % 3 === 0) {
      assert.equal(index.delete(spanOf(key)), former);
      known.delete(key);
    } else {
      assert.equal(index.set(spanOf(key), { number: i, expiresAt: HOUR }), former);
      known.set(key, i);
    }
  }
  assert.equal(index.size, known.size);
  for (let i = 0; i < 9001; i++) {
    const key = `sip:${i}@sip.local`;
    assert.equal(index.get(spanOf(key)), known.get(key) ?? 0);
  }
});

Deno.test("forgets what has expired, and nothing else", () => {
  const index = new KeyIndex();
  for (let i = 0; i < 1000; i++) index.set(spanOf(`${i}`), { number: i + 1, expiresAt: i * 1000 });
  index.set(spanOf("never"), { number: 2000, expiresAt: Infinity });
  index.set(spanOf("no time"), { number: 2001, expiresAt: NaN });
  index.expire(499_000);
  assert.equal(index.size, 501);
  assert.deepEqual(["499", "500", "999", "never", "no time"].map((key) => index.get(spanOf(key))), [
    0,
    501,
    1000,
    2000,
    0,
  ]);
});
