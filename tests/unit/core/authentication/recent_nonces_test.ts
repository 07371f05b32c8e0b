import assert from "node:assert/strict";
import { RecentNonces } from "../../../../src/core/authentication/recent_nonces.ts";

Deno.test("RecentNonces finds what it remembers last for a hash", () => {
  const nonces = new RecentNonces();
  assert.equal(nonces.find({ high: 0, low: 0 }), -1);
  nonces.remember({ high: 1, low: -2 }, 7);
  nonces.remember({ high: -1, low: 3 }, 2 ** 40);
  assert.equal(nonces.find({ high: 1, low: -2 }), 7);
  assert.equal(nonces.find({ high: -1, low: 3 }), 2 ** 40);
  nonces.remember({ high: 1, low: -2 }, 8);
  assert.equal(nonces.find({ high: 1, low: -2 }), 8);
});

Deno.test("RecentNonces takes hashes that differ in a single bit for different ones", () => {
  const nonces = new RecentNonces();
  nonces.remember({ high: 5, low: 6 }, 7);
  for (let bit = 0; bit < 32; bit++) {
    assert.equal(nonces.find({ high: 5 ^ 1 << bit, low: 6 }), -1);
    assert.equal(nonces.find({ high: 5, low: 6 ^ 1 << bit }), -1);
  }
});

Deno.test("RecentNonces remembers most of the latest few thousand", () => {
  const nonces = new RecentNonces();
  const hashes = Array.from(
    { length: 100_000 },
    () => ({ high: Math.random() * 2 ** 32 | 0, low: Math.random() * 2 ** 32 | 0 }),
  );
  hashes.forEach((hash, i) => nonces.remember(hash, i));
  const latest = hashes.slice(-4000);
  const found = latest.filter((hash, i) => nonces.find(hash) === hashes.length - latest.length + i);
  assert.ok(found.length > 3600, `${found.length}`);
});
