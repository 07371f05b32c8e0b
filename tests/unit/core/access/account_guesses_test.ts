import assert from "node:assert/strict";
import { access } from "../../../../src/config/access.ts";
import { AccountGuesses } from "../../../../src/core/access/account_guesses.ts";
import { ServerEvents } from "../../../../src/core/server_events.ts";
import { Metrics } from "../../../../src/runtime/metrics.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

const ACCOUNT = "alice@sip.local";

function rig(settings: Record<string, unknown> = {}) {
  const clock = new FakeClock();
  clock.advance(10_000);
  const events = new ServerEvents(clock, new Metrics());
  const told: string[] = [];
  events.listen(({ type }) => void told.push(type));
  const guesses = new AccountGuesses({ settings: access.parse(settings), clock, events });
  const fail = (times: number) => {
    for (let i = 0; i < times; i++) guesses.failed(ACCOUNT);
  };
  return { clock, guesses, told, fail };
}

Deno.test("after 100 wrong passwords an account has one try a second", () => {
  const { clock, guesses, fail } = rig();
  fail(99);
  assert.ok(guesses.admits(ACCOUNT) && guesses.admits(ACCOUNT));
  fail(2);
  assert.ok(guesses.stateOf(ACCOUNT).isSlowed);
  for (let second = 0; second < 5; second++) {
    assert.deepEqual([guesses.admits(ACCOUNT), guesses.admits(ACCOUNT)], [true, false]);
    clock.advance(1000);
  }
  assert.ok(guesses.admits("bob@sip.local"));
});

Deno.test("it is told once, and again when half was forgiven meanwhile", () => {
  const { clock, told, fail } = rig();
  fail(300);
  assert.deepEqual(told, ["account.guessed"]);
  clock.advance(3_600_000);
  fail(1);
  assert.equal(told.length, 1, "200 are held at most, half of which are forgiven in an hour");
  clock.advance(2_000_000);
  fail(100);
  assert.equal(told.length, 2);
});

Deno.test("wrong passwords are forgiven within an hour", () => {
  const { clock, guesses, fail } = rig();
  fail(100);
  clock.advance(1_800_000);
  assert.deepEqual(guesses.stateOf(ACCOUNT), { failures: 50, maxFailures: 100, isSlowed: false });
  clock.advance(1_800_000);
  assert.equal(guesses.stateOf(ACCOUNT).failures, 0);
});

Deno.test("other numbers hold at once; with access off nothing is counted", () => {
  const { guesses, fail } = rig();
  fail(30);
  guesses.change(access.parse({ preset: "strict" }));
  assert.ok(guesses.stateOf(ACCOUNT).isSlowed);
  const off = rig({ preset: "off" });
  off.fail(1000);
  assert.ok(!off.guesses.isAny && off.guesses.admits(ACCOUNT));
  assert.deepEqual(off.told, []);
});
