import assert from "node:assert/strict";
import {
  reconnectDelay,
  refreshDelay,
  retryAfterDelay,
  retryDelay,
} from "../../../../src/core/trunk/registration_delays.ts";

const ALMOST_ONE = 1 - 2 ** -53;

Deno.test("A registration is refreshed after 80 to 90 % of its lifetime", () => {
  assert.equal(refreshDelay(3600, 0), 2880);
  assert.equal(Math.round(refreshDelay(3600, 0.5)), 3060);
  assert.ok(refreshDelay(3600, ALMOST_ONE) <= 3240);
});

Deno.test("A short registration is refreshed five seconds before its end, a very short one in the middle", () => {
  assert.equal(refreshDelay(30, 0.9), 25);
  assert.equal(refreshDelay(20, 0), 15);
  assert.equal(refreshDelay(8, 0), 4);
  assert.equal(refreshDelay(1, 0), 1);
});

Deno.test("RFC 5626 §4.5: failures double the delay from 30 s up to 30 min, of which at least half is waited", () => {
  const longest = [1, 2, 3, 4, 5, 6, 7, 8, 100, 5000].map((failures) =>
    Math.round(retryDelay(failures, ALMOST_ONE))
  );
  assert.deepEqual(longest, [30, 60, 120, 240, 480, 960, 1800, 1800, 1800, 1800]);
  assert.deepEqual([1, 2, 7].map((failures) => retryDelay(failures, 0)), [15, 30, 900]);
});

Deno.test("Retry-After is waited out, five seconds at least and an hour at most", () => {
  assert.equal(retryAfterDelay(120, 0), 120);
  assert.equal(Math.round(retryAfterDelay(120, ALMOST_ONE)), 132);
  assert.equal(retryAfterDelay(0, 0), 5);
  assert.equal(retryAfterDelay(2 ** 32, ALMOST_ONE), 3600);
});

Deno.test("A registration comes back within one to five seconds after its connection was lost", () => {
  assert.equal(reconnectDelay(0), 1);
  assert.equal(Math.round(reconnectDelay(ALMOST_ONE)), 5);
});
