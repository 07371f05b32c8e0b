import assert from "node:assert/strict";
import { configureLogging } from "../../../src/runtime/log.ts";
import { type Timer, TimerWheel } from "../../../src/runtime/timer_wheel.ts";
import { Random } from "../../torture/mutations.ts";
import { WatchedClock } from "./watched_clock.ts";

/** Longest way round the wheel, in milliseconds. */
const TURN = 40_960;

interface Bench {
  readonly clock: WatchedClock;
  readonly wheel: TimerWheel;
  /** Fired timers, as `name@milliseconds`. */
  readonly fired: string[];
  /** A timer that notes its name and the time, and then does `more`. */
  timer(name: string, more?: () => void): Timer;
}

function newBench(): Bench {
  const clock = new WatchedClock();
  const wheel = new TimerWheel(clock);
  const fired: string[] = [];
  const timer = (name: string, more = () => {}) =>
    wheel.timer(() => {
      fired.push(`${name}@${clock.now()}`);
      more();
    });
  return { clock, wheel, fired, timer };
}

Deno.test("TimerWheel: a timer fires once, its delay rounded up to ten milliseconds", () => {
  const table: [started: number, delay: number, fires: number][] = [
    [0, 10, 10],
    [0, 500, 500],
    [0, 1, 10],
    [0, 501, 510],
    [3, 10, 20],
    [7, 493, 500],
    [7, 494, 510],
    [12_345, 32_000, 44_350],
    [0, TURN - 10, TURN - 10],
    [0, TURN, TURN],
    [0, TURN + 10, TURN + 10],
    [90, 180_000, 180_090],
    [5, 3_600_000, 3_600_010],
    [999, 1e8, 100_001_000],
  ];
  for (const [started, delay, fires] of table) {
    const { clock, fired, timer } = newBench();
    const label = `${delay} ms from ${started}`;
    clock.advance(started);
    timer("a").start(delay);
    clock.advance(fires - started - 1);
    assert.deepEqual(fired, [], label);
    clock.advance(1);
    assert.deepEqual(fired, [`a@${fires}`], label);
    clock.advance(2 * TURN);
    assert.equal(fired.length, 1, label);
  }
});

Deno.test("TimerWheel: a delay of zero or less fires at the next tick, not inside start()", () => {
  const { clock, fired, timer } = newBench();
  timer("zero").start(0);
  timer("negative").start(-500);
  assert.deepEqual(fired, []);
  clock.advance(10);
  assert.deepEqual(fired, ["zero@10", "negative@10"]);
});

Deno.test("TimerWheel: timers fire in the order of their time, and those of one time as they were started", () => {
  const { clock, fired, timer } = newBench();
  const names: [string, number][] = [["d", 300], ["a", 100], ["e", 300], ["b", 200], ["f", 291], ["c", 200]];
  for (const [name, delay] of names) timer(name).start(delay);
  clock.advance(300);
  assert.deepEqual(fired, ["a@100", "b@200", "c@200", "d@300", "e@300", "f@300"]);
});

Deno.test("TimerWheel: starting a running timer starts it anew", () => {
  const { clock, fired, timer } = newBench();
  const restarted = timer("a");
  for (let i = 0; i < 5; i++) {
    restarted.start(500);
    clock.advance(400);
  }
  assert.deepEqual(fired, []);
  restarted.start(30);
  clock.advance(5_000);
  assert.deepEqual(fired, ["a@2030"]);
});

Deno.test("TimerWheel: a stopped timer does not fire, and stopping it again does nothing", () => {
  const { clock, fired, timer } = newBench();
  const [stopped, other] = [timer("stopped"), timer("other")];
  stopped.stop();
  stopped.start(100);
  other.start(100);
  stopped.stop();
  stopped.stop();
  clock.advance(TURN);
  assert.deepEqual(fired, ["other@100"]);
  stopped.start(40);
  clock.advance(TURN);
  assert.deepEqual(fired, ["other@100", `stopped@${TURN + 40}`]);
});

Deno.test("TimerWheel: any timer of a slot can be stopped, first, middle or last", () => {
  for (const stopped of ["a", "b", "c"]) {
    const { clock, fired, timer } = newBench();
    const timers = new Map(["a", "b", "c"].map((name) => [name, timer(name)]));
    for (const one of timers.values()) one.start(50);
    timers.get(stopped)!.stop();
    clock.advance(50);
    assert.deepEqual(fired, ["a@50", "b@50", "c@50"].filter((one) => !one.startsWith(stopped)));
  }
});

Deno.test("TimerWheel: running tells whether a timer will fire", () => {
  const { clock, timer } = newBench();
  const seen: boolean[] = [];
  const watched: Timer = timer("a", () => seen.push(watched.isRunning));
  seen.push(watched.isRunning);
  watched.start(10);
  seen.push(watched.isRunning);
  watched.stop();
  seen.push(watched.isRunning);
  watched.start(10);
  clock.advance(10);
  seen.push(watched.isRunning);
  assert.deepEqual(seen, [false, true, false, false, false]);
});

Deno.test("TimerWheel: a callback may stop a timer that is due at the same time", () => {
  const { clock, fired, timer } = newBench();
  const victim = timer("victim");
  timer("first", () => {
    assert.equal(victim.isRunning, true);
    victim.stop();
    assert.equal(victim.isRunning, false);
  }).start(20);
  victim.start(20);
  timer("last").start(20);
  clock.advance(TURN);
  assert.deepEqual(fired, ["first@20", "last@20"]);
});

Deno.test("TimerWheel: a callback may start anew a timer that is due at the same time", () => {
  const { clock, fired, timer } = newBench();
  const postponed = timer("postponed");
  timer("first", () => postponed.start(30)).start(20);
  postponed.start(20);
  timer("last").start(20);
  clock.advance(TURN);
  assert.deepEqual(fired, ["first@20", "last@20", "postponed@50"]);
});

Deno.test("TimerWheel: a callback may start its own timer and others", () => {
  const { clock, fired, timer } = newBench();
  let interval = 500;
  const retransmission: Timer = timer("a", () => {
    interval *= 2;
    if (interval <= 2_000) retransmission.start(interval);
    timer("b").start(0);
  });
  retransmission.start(interval);
  clock.advance(TURN);
  assert.deepEqual(fired, ["a@500", "b@510", "a@1500", "b@1510", "a@3500", "b@3510"]);
});

Deno.test("TimerWheel: a callback that throws stops neither the others nor the wheel", () => {
  configureLogging({ level: "fatal", format: "text" });
  const { clock, wheel, fired, timer } = newBench();
  const fail = () => {
    throw new TypeError("Cannot do this");
  };
  timer("before").start(20);
  wheel.timer(fail).start(20);
  timer("after").start(20);
  timer("later").start(30);
  clock.advance(30);
  assert.deepEqual(fired, ["before@20", "after@20", "later@30"]);
});

Deno.test("TimerWheel: a callback that stops all others leaves a wheel that still works", () => {
  const { clock, fired, timer } = newBench();
  const others = [20, 30, TURN + 20].map((delay) => ({ delay, timer: timer(`other${delay}`) }));
  timer("first", () => others.forEach((other) => other.timer.stop())).start(20);
  for (const other of others) other.timer.start(other.delay);
  clock.advance(2 * TURN);
  assert.deepEqual(fired, ["first@20"]);
  others[0].timer.start(40);
  clock.advance(40);
  assert.deepEqual(fired, ["first@20", `other20@${2 * TURN + 40}`]);
});

Deno.test("TimerWheel: timers a turn of the wheel apart share a slot and nothing else", () => {
  const { clock, fired, timer } = newBench();
  for (const turns of [3, 0, 2, 1]) timer(`${turns}`).start(100 + turns * TURN);
  clock.advance(4 * TURN);
  assert.deepEqual(fired, [0, 1, 2, 3].map((turns) => `${turns}@${100 + turns * TURN}`));
});

Deno.test("TimerWheel: after a sleep shorter than a turn everything due fires in the order of its time", () => {
  const { clock, fired, timer } = newBench();
  for (const delay of [9_000, 500, 7_000, 3_000]) timer(`${delay}`).start(delay);
  clock.oversleep(8_000);
  clock.advance(500);
  assert.deepEqual(fired, ["500@8500", "3000@8500", "7000@8500"]);
  clock.advance(500);
  assert.equal(fired[3], "9000@9000");
});

Deno.test("TimerWheel: after a sleep of many turns everything due fires once, and nothing else", () => {
  const { clock, fired, timer } = newBench();
  const due = [20, 500, TURN - 10, TURN, TURN + 20, 3 * TURN, 10 * TURN];
  for (const delay of [...due, 12 * TURN]) timer(`${delay}`).start(delay);
  clock.oversleep(10 * TURN);
  clock.advance(20);
  assert.deepEqual(fired.map((one) => Number(one.split("@")[0])).sort((a, b) => a - b), due);
  clock.advance(2 * TURN - 21);
  assert.equal(fired.length, due.length);
  clock.advance(1);
  assert.equal(fired[due.length], `${12 * TURN}@${12 * TURN}`);
});

Deno.test("TimerWheel: an idle wheel sets no alarm", () => {
  const { clock, fired, timer } = newBench();
  assert.equal(clock.pending, 0);
  const [a, b] = [timer("a"), timer("b")];
  a.start(100);
  b.start(200);
  assert.equal(clock.pending, 1);
  clock.advance(200);
  assert.deepEqual([fired.length, clock.pending], [2, 0]);
  a.start(100);
  a.stop();
  clock.advance(3_600_000);
  assert.equal(clock.pending, 0);
  assert.ok(clock.rung <= 3, `${clock.rung} alarms`);
});

Deno.test("TimerWheel: waiting for something far away does not tick", () => {
  const { clock, fired, timer } = newBench();
  timer("far").start(3_600_000);
  timer("near").start(20);
  clock.advance(3_600_000);
  assert.equal(fired.length, 2);
  assert.ok(clock.rung <= 2 + 3_600_000 / TURN, `${clock.rung} alarms`);
});

Deno.test("TimerWheel: an earlier timer does not wait for the alarm of a later one", () => {
  const { clock, fired, timer } = newBench();
  timer("late").start(10_000);
  clock.advance(5_000);
  timer("soon").start(50);
  assert.equal(clock.pending, 1);
  clock.advance(50);
  assert.deepEqual(fired, ["soon@5050"]);
});

Deno.test("TimerWheel: clear() stops every timer", () => {
  const { clock, wheel, fired, timer } = newBench();
  const timers = [10, 10, 5_000, 2 * TURN].map((delay) => {
    const one = timer(`${delay}`);
    one.start(delay);
    return one;
  });
  wheel.clear();
  assert.equal(clock.pending, 0);
  clock.advance(3 * TURN);
  assert.deepEqual(fired, []);
  assert.deepEqual(timers.map(({ isRunning }) => isRunning), [false, false, false, false]);
});

Deno.test("TimerWheel: after clear() timers can be stopped and started as before", () => {
  const { clock, wheel, fired, timer } = newBench();
  const [a, b] = [timer("a"), timer("b")];
  a.start(100);
  b.start(100);
  wheel.clear();
  a.stop();
  a.start(200);
  b.start(300);
  timer("c").start(400);
  clock.advance(400);
  assert.deepEqual(fired, ["a@200", "b@300", "c@400"]);
  assert.equal(clock.pending, 0);
});

Deno.test("TimerWheel: clear() in a callback stops those that are due at the same time", () => {
  const { clock, wheel, fired, timer } = newBench();
  const other = timer("other");
  timer("first", () => wheel.clear()).start(20);
  other.start(20);
  clock.advance(TURN);
  assert.deepEqual(fired, ["first@20"]);
  assert.equal(other.isRunning, false);
});

Deno.test("TimerWheel: a hundred thousand timers, half of them stopped, a quarter started anew", () => {
  const { clock, wheel } = newBench();
  const random = new Random(17);
  const expected: number[] = [];
  const fired: number[] = [];
  for (let i = 0; i < 100_000; i++) {
    const delay = 1 + random.below(64_000);
    const timer = wheel.timer(() => fired.push(clock.now()));
    timer.start(delay);
    if (i % 2 === 0) timer.stop();
    else expected.push(Math.ceil(delay / 10) * 10);
    if (i % 4 !== 0) continue;
    const another = 1 + random.below(64_000);
    timer.start(another);
    expected.push(Math.ceil(another / 10) * 10);
  }
  clock.advance(64_000);
  assert.deepEqual(fired, expected.sort((a, b) => a - b));
  assert.equal(clock.pending, 0);
});

Deno.test("TimerWheel: a busy thread turns it without alarms; what is not due then has its alarm", () => {
  const { clock, wheel, fired, timer } = newBench();
  timer("a").start(30);
  timer("b", () => timer("c").start(20)).start(50);
  for (const now of [20, 45, 55, 80]) {
    clock.oversleep(now - clock.now());
    wheel.turnIfDue();
  }
  assert.deepEqual(fired, ["a@45", "b@55", "c@80"]);
  timer("d").start(100);
  clock.advance(200);
  assert.deepEqual(fired.slice(3), ["d@180"]);
});

Deno.test("TimerWheel.size counts the timers that run", () => {
  const { clock, wheel, timer } = newBench();
  const a = timer("a");
  const b = timer("b");
  a.start(100);
  b.start(50_000);
  b.start(60_000);
  assert.equal(wheel.size, 2);
  clock.advance(100);
  assert.equal(wheel.size, 1);
  b.stop();
  assert.equal(wheel.size, 0);
});
