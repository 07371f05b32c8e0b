import assert from "node:assert/strict";
import { Attempts } from "../../../../src/rest/access/attempts.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

const ADDRESS = "192.0.2.1";
const MINUTE_MS = 60_000;
/** Networks that can be delayed at a time. */
const MAX_NETWORKS = 5000;

function start() {
  const clock = new FakeClock();
  clock.advance(12_345);
  const attempts = new Attempts(clock);
  const failOften = (address: string, count: number) => {
    let delay = 0;
    for (let i = 0; i < count; i++) delay = attempts.fail(address);
    return delay;
  };
  return { clock, attempts, failOften };
}

/** Returns an address in another network for each number. */
const networkOf = (number: number) =>
  `[2001:db8:${(number >> 16).toString(16)}:${(number & 0xffff).toString(16)}::1]`;

Deno.test("nine wrong ones cost nothing, the tenth a second, and then twice as much each time", () => {
  const { clock, attempts, failOften } = start();
  assert.equal(failOften(ADDRESS, 9), 0);
  assert.equal(attempts.delayOf(ADDRESS), 0);
  const delays: number[] = [];
  for (let i = 0; i < 12; i++) {
    const delay = attempts.fail(ADDRESS);
    assert.equal(attempts.delayOf(ADDRESS), delay);
    clock.advance(delay - 1);
    assert.equal(attempts.delayOf(ADDRESS), 1);
    clock.advance(1);
    assert.equal(attempts.delayOf(ADDRESS), 0);
    delays.push(delay / 1000);
  }
  assert.deepEqual(delays, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
});

Deno.test("a delay stays finite after thousands of wrong ones", () => {
  const { failOften } = start();
  assert.equal(failOften(ADDRESS, 5000), 300_000);
});

Deno.test("failures are forgotten after a quarter of an hour", () => {
  const { clock, attempts, failOften } = start();
  assert.equal(failOften(ADDRESS, 15), 32_000);
  clock.advance(15 * MINUTE_MS);
  assert.equal(attempts.fail(ADDRESS), 64_000);
  clock.advance(15 * MINUTE_MS + 1);
  assert.equal(failOften(ADDRESS, 9), 0);
  assert.equal(attempts.delayOf(ADDRESS), 0);
  assert.equal(attempts.fail(ADDRESS), 1000);
});

Deno.test("each address counts by itself, an IPv6 /64 as one", () => {
  const { attempts, failOften } = start();
  failOften(ADDRESS, 10);
  assert.equal(attempts.delayOf("192.0.2.2"), 0);
  for (let i = 1; i <= 10; i++) attempts.fail(`[2001:db8::${i}]`);
  assert.equal(attempts.delayOf("[2001:db8::ffff:1]"), 1000);
  assert.equal(attempts.delayOf("[2001:db8:0:1::1]"), 0);
});

Deno.test("a flood from other networks does not free one that waits", () => {
  const { attempts, failOften } = start();
  failOften(ADDRESS, 18);
  for (let i = 0; i < 3 * MAX_NETWORKS; i++) attempts.fail(networkOf(i));
  assert.equal(attempts.delayOf(ADDRESS), 256_000);
  for (let i = 0; i < MAX_NETWORKS + 500; i++) failOften(networkOf(i), 12);
  assert.equal(attempts.delayOf(ADDRESS), 256_000);
});

Deno.test("when no more networks can be made to wait, the rest of them wait in common", () => {
  const { clock, attempts, failOften } = start();
  for (let i = 0; i < MAX_NETWORKS; i++) failOften(networkOf(i), 18);
  assert.equal(failOften("192.0.2.1", 10), 1000);
  assert.equal(attempts.delayOf("192.0.2.1"), 1000);
  assert.equal(failOften("192.0.2.2", 9), 0);
  assert.equal(attempts.delayOf("192.0.2.2"), 1000, "it has had its nine");
  assert.equal(attempts.fail("192.0.2.2"), 2000);
  assert.equal(attempts.delayOf("192.0.2.1"), 2000);
  assert.equal(failOften("192.0.2.3", 8), 0);
  assert.equal(attempts.delayOf("192.0.2.3"), 0, "who mistypes now and then is not stopped");
  assert.equal(attempts.delayOf("198.51.100.1"), 0, "nor is who does not");
  clock.advance(2000);
  assert.equal(attempts.delayOf("192.0.2.2"), 0);
  assert.equal(attempts.fail("192.0.2.2"), 4000);
});

Deno.test("whose delay is over makes room for another", () => {
  const { clock, attempts, failOften } = start();
  for (let i = 0; i < MAX_NETWORKS; i++) failOften(networkOf(i), 12);
  clock.advance(4000);
  assert.equal(failOften(ADDRESS, 12), 4000);
  assert.equal(failOften(networkOf(0), 9), 0, "the one that made room begins anew");
  assert.equal(attempts.fail(networkOf(1)), 8000, "the next one does not");
});
