import assert from "node:assert/strict";
import { access } from "../../../src/config/access.ts";

Deno.test("without a setting the numbers are those of normal", () => {
  const { scanners, ...numbers } = access.parse({});
  assert.deepEqual(numbers, {
    ...numbers,
    preset: "normal",
    isOn: true,
    trusted: [],
    requestsPerSecond: 20,
    requestBurst: 60,
    strangersPerSecond: 2000,
    ban: { points: 10, windowSeconds: 600, seconds: 3600, maxSeconds: 86_400 },
    failuresPerAccountPerHour: 100,
  });
  assert.ok(scanners.includes("friendly-scanner"));
});

Deno.test("a preset gives the numbers that are not set", () => {
  const { ban, requestBurst, requestsPerSecond } = access.parse({
    preset: "strict",
    requestBurst: 500,
    ban: { seconds: 7 },
  });
  assert.deepEqual({ ban, requestBurst, requestsPerSecond }, {
    ban: { points: 5, windowSeconds: 3600, seconds: 7, maxSeconds: 604_800 },
    requestBurst: 500,
    requestsPerSecond: 10,
  });
});

Deno.test("stricter presets allow less", () => {
  const [strict, normal, relaxed] = ["strict", "normal", "relaxed"].map((preset) => access.parse({ preset }));
  for (const [less, more] of [[strict, normal], [normal, relaxed]]) {
    assert.ok(less.requestsPerSecond < more.requestsPerSecond);
    assert.ok(less.requestBurst < more.requestBurst);
    assert.ok(less.strangersPerSecond < more.strangersPerSecond);
    assert.ok(less.ban.points < more.ban.points && less.ban.seconds > more.ban.seconds);
    assert.ok(less.failuresPerAccountPerHour < more.failuresPerAccountPerHour);
  }
  assert.equal(access.parse({ preset: "off" }).isOn, false);
});

Deno.test("scanners are compared in lower case, and replaced by others", () => {
  assert.deepEqual(access.parse({ scanners: ["EvilScan"] }).scanners, ["evilscan"]);
});

Deno.test("what cannot be is refused", () => {
  for (
    const wrong of [
      { preset: "hard" },
      { requestsPerSecond: 0 },
      { ban: { points: -1 } },
      { trusted: ["nowhere"] },
      { failuresPerAccountPerHour: 1.5 },
      { scanners: [""] },
    ]
  ) {
    assert.ok(!access.safeParse(wrong).success, JSON.stringify(wrong));
  }
});
