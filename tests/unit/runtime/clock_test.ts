import assert from "node:assert/strict";
import { atOnce, repeat, sleep, systemClock } from "../../../src/runtime/clock.ts";
import { FakeClock } from "../../support/fake_clock.ts";

Deno.test("systemClock.now() never goes back, and wallTime() is what the calendar says", () => {
  let last = systemClock.now();
  for (let i = 0; i < 10_000; i++) {
    const now = systemClock.now();
    assert.ok(now >= last);
    last = now;
  }
  assert.ok(Math.abs(systemClock.wallTime() - Date.now()) < 1_000);
});

Deno.test("systemClock rings an alarm once, not before its time, and not when it was cleared", async () => {
  let rung = 0;
  const cleared = systemClock.setAlarm(() => assert.fail("rang though it was cleared"), 1);
  systemClock.clearAlarm(cleared);
  const set = systemClock.now();
  await new Promise<void>((resolve) => {
    systemClock.setAlarm(() => rung++, 1);
    systemClock.setAlarm(resolve, 5);
  });
  assert.equal(rung, 1);
  // The system counts whole milliseconds.
  assert.ok(systemClock.now() - set >= 4);
});

Deno.test("atOnce(): the time stands still meanwhile, and goes on afterwards, whatever the function throws", () => {
  const busyWait = (milliseconds: number) => {
    for (const end = performance.now() + milliseconds; performance.now() < end;);
  };
  const spent = atOnce(() => {
    const start = systemClock.now();
    busyWait(2);
    return systemClock.now() - start;
  });
  assert.equal(spent, 0);
  assert.throws(() =>
    atOnce(() => {
      throw new RangeError("in vain");
    }), RangeError);
  const before = systemClock.now();
  busyWait(2);
  assert.ok(systemClock.now() > before);
});

Deno.test("sleep() resolves when the time has passed", async () => {
  const clock = new FakeClock();
  let isOver = false;
  const over = sleep(100, clock).then(() => isOver = true);
  clock.advance(99);
  await Promise.resolve();
  assert.equal(isOver, false);
  clock.advance(1);
  await over;
});

Deno.test("repeat() calls back each interval, until it is told to stop, be it by the callback", () => {
  const clock = new FakeClock();
  let count = 0;
  const stop = repeat(() => ++count === 3 && stop(), { intervalMs: 10, clock });
  clock.advance(9);
  assert.equal(count, 0);
  clock.advance(11);
  assert.equal(count, 2);
  clock.advance(1000);
  assert.equal(count, 3);
});
