import assert from "node:assert/strict";
import { systemClock } from "../../../src/runtime/clock.ts";

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
