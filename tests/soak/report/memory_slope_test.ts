import assert from "node:assert/strict";
import { grows, type MemorySample, memorySlope } from "./memory_slope.ts";

/** Samples each minute of one start of the server. */
function samples(start: number, level: number, perHour: number, noise = 0): MemorySample[] {
  return Array.from({ length: 60 }, (_, minute) => ({
    start,
    hours: start + minute / 60,
    age: minute / 60,
    megabytes: level + perHour * minute / 60 + (minute % 2 === 0 ? noise : -noise),
  }));
}

Deno.test("memorySlope() is that of each start, whatever the levels", () => {
  const { perHour, error, hours } = memorySlope([...samples(1, 100, 6), ...samples(2, 40, 6)], 0);
  assert.ok(Math.abs(perHour - 6) < 1e-9 && error < 1e-6, `${perHour} ± ${error}`);
  assert.ok(Math.abs(hours - 118 / 60) < 1e-9);
});

Deno.test("memorySlope() leaves out what a server takes while it warms up", () => {
  const warming = samples(1, 50, 0).map((sample) =>
    sample.age < 0.1 ? { ...sample, megabytes: 500 * sample.age } : sample
  );
  assert.ok(Math.abs(memorySlope(warming, 0.1).perHour) < 1e-9);
  assert.ok(memorySlope(warming, 0).perHour > 1);
});

Deno.test("grows() needs a slope that its noise does not explain", () => {
  assert.equal(grows(memorySlope(samples(1, 50, 3), 0), 1), true);
  assert.equal(grows(memorySlope(samples(1, 50, 0.5), 0), 1), false);
  assert.equal(grows(memorySlope(samples(1, 50, 3, 20), 0), 1), false);
  assert.equal(grows(memorySlope([], 0), 1), false);
});
