import assert from "node:assert/strict";
import { TokenBucket } from "../../../../src/core/access/token_bucket.ts";

Deno.test("a bucket has as many tokens at once as come in a second", () => {
  const bucket = new TokenBucket(10);
  const taken = (now: number) => Array.from({ length: 50 }).filter(() => bucket.take(now)).length;
  assert.equal(taken(0), 10);
  assert.ok(bucket.isEmpty(0));
  assert.equal(taken(100), 1);
  assert.equal(taken(50_000), 10);
});

Deno.test("another rate holds from the next token on", () => {
  const bucket = new TokenBucket(10);
  bucket.change(2);
  assert.ok(bucket.take(0));
  assert.ok(bucket.take(0));
  assert.ok(!bucket.take(0));
  bucket.change(1000);
  assert.ok(!bucket.isEmpty(1));
});
