/** Waiting that comes to an end. */
import assert from "node:assert/strict";
import { attempt, type BoundedWait, waitFor } from "../../../../src/core/proxy/bounded_wait.ts";
import { TimerWheel } from "../../../../src/runtime/timer_wheel.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { logged } from "../../../support/log_lines.ts";
import { settle } from "../../../support/proxy_rig.ts";

interface Rig {
  readonly clock: FakeClock;
  /** What was called back, in order. */
  readonly told: string[];
  readonly wait: BoundedWait;
}

function waiting(promise: Promise<string>, onValue: (value: string) => void = () => {}): Rig {
  const clock = new FakeClock();
  const wheel = new TimerWheel(clock);
  const told: string[] = [];
  const wait = waitFor(promise, {
    maxMs: 1_000,
    timer: (callback) => wheel.timer(callback),
    onValue: (value) => {
      told.push(value);
      onValue(value);
    },
    onFailure: () => told.push("failure"),
  });
  return { clock, told, wait };
}

Deno.test("A value that comes in time is told once", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const { clock, told } = waiting(promise);
  clock.advance(900);
  resolve("value");
  await settle();
  clock.advance(2_000);
  assert.deepEqual(told, ["value"]);
});

Deno.test("A promise that rejects, one that is late, and a value that cannot be taken are failures, which are logged", async () => {
  const late = Promise.withResolvers<string>();
  const cases: readonly [ask: () => Promise<string>, told: string[], why: RegExp][] = [
    [() => late.promise, ["failure"], /no answer within 1000 ms/],
    [() => Promise.reject(new Error("no database")), ["failure"], /no database/],
    [() => Promise.resolve("bad"), ["bad", "failure"], /cannot take bad/],
  ];
  for (const [ask, expected, why] of cases) {
    const lines = await logged("error", async () => {
      const { clock, told } = waiting(ask(), (value) => {
        throw new Error(`cannot take ${value}`);
      });
      await settle();
      clock.advance(1_010);
      late.resolve("late");
      await settle();
      assert.deepEqual(told, expected);
    });
    assert.equal(lines.length, 1);
    assert.match(lines[0], why);
  }
});

Deno.test("A wait that is stopped tells nothing, whatever becomes of its promise", async () => {
  const lines = await logged("error", async () => {
    const [value, failure, never] = [1, 2, 3].map(() => Promise.withResolvers<string>());
    const rigs = [value, failure, never].map(({ promise }) => waiting(promise));
    for (const { wait } of rigs) wait.stop();
    value.resolve("value");
    failure.reject(new Error("failure"));
    await settle();
    for (const { clock, told } of rigs) {
      clock.advance(2_000);
      assert.deepEqual(told, []);
    }
  });
  assert.deepEqual(lines, []);
});

Deno.test("attempt() returns what is returned, and rejects with what is thrown", async () => {
  assert.equal(attempt(() => 1), 1);
  assert.equal(await attempt(() => Promise.resolve(2)), 2);
  const broken = attempt(() => {
    throw new RangeError("three");
  });
  await assert.rejects(Promise.resolve(broken), RangeError);
});
