import assert from "node:assert/strict";
import type { Libc } from "../../../../src/runtime/native/libc.ts";
import { eachRound, noteEvent, takeEvent } from "../../../../src/runtime/rounds.ts";
import { Turn } from "../../../../src/runtime/turn.ts";
import { type DrainedSocket, ReceiveLoop } from "../../../../src/transport/linux/receive_loop.ts";

/** Time between two datagrams of dense traffic, and of sparse traffic. */
const DENSE = 0.05;
const SPARSE = 20;

/**
 * A socket at which datagrams arrive at given times, and a thread that sleeps in `usleep` and by timers. The time stands
 * still otherwise; while the loop waits it jumps to the next datagram.
 */
class ScriptedSocket implements DrainedSocket {
  readonly #arrivals: number[];
  readonly #realNow = performance.now;
  readonly #realSetTimeout = globalThis.setTimeout;
  /** The actions of the loop: `wait`, `drain 3`, `flush`, `sleep`, `turn`. */
  readonly steps: string[] = [];
  readonly waits: number[] = [];
  readonly sleeps: number[] = [];
  #now = 1_000;
  #taken = 0;
  #turns = 0;

  constructor(gaps: readonly number[]) {
    let at = this.#now;
    this.#arrivals = gaps.map((gap) => at += gap);
  }

  get taken(): number {
    return this.#taken;
  }

  /** Turns of the event loop, counted by a concurrent task. */
  get turns(): number {
    return this.#turns;
  }

  /** Runs the loop until the last datagram. */
  async run(): Promise<void> {
    const libc = { usleep: (microseconds: number) => this.#sleep(microseconds) } as unknown as Libc;
    performance.now = () => this.#now;
    globalThis.setTimeout = ((callback: () => void, milliseconds: number) => {
      this.#now += milliseconds;
      setImmediate(callback);
    }) as typeof setTimeout;
    let isRunning = true;
    const other = () => {
      if (!isRunning) return;
      this.#turns++;
      this.steps.push("turn");
      setImmediate(other);
    };
    setImmediate(other);
    try {
      await new ReceiveLoop(libc).serve(this);
    } finally {
      isRunning = false;
      performance.now = this.#realNow;
      globalThis.setTimeout = this.#realSetTimeout;
    }
    // The last turn that was asked for.
    await new Promise((resolve) => setImmediate(resolve));
  }

  wait(): Promise<boolean> {
    this.steps.push("wait");
    const next = this.#arrivals[this.#taken];
    if (next === undefined) return Promise.resolve(false);
    this.#now = Math.max(this.#now, next);
    this.waits.push(this.#now);
    this.#taken++;
    return Promise.resolve(true);
  }

  drain(): number {
    let count = 0;
    for (; this.#arrivals[this.#taken] <= this.#now; this.#taken++) count++;
    this.steps.push(`drain ${count}`);
    return count;
  }

  flush(): void {
    this.steps.push("flush");
  }

  #sleep(microseconds: number): number {
    this.sleeps.push(microseconds);
    this.steps.push("sleep");
    this.#now += microseconds / 1000;
    return 0;
  }
}

function gaps(count: number, milliseconds: number): number[] {
  return new Array(count).fill(milliseconds);
}

Deno.test("The loop waits, drains and flushes, and ends when the socket is closed", async () => {
  const socket = new ScriptedSocket([SPARSE, SPARSE, 0, 0, SPARSE]);
  await socket.run();
  const steps = socket.steps.filter((step) => step !== "turn");
  assert.deepEqual(steps, [
    ...["wait", "drain 0", "flush"],
    ...["wait", "drain 2", "flush"],
    ...["wait", "drain 0", "flush"],
    "wait",
  ]);
});

Deno.test("While traffic is sparse the thread never sleeps: latency is all that matters", async () => {
  const socket = new ScriptedSocket(gaps(500, SPARSE));
  await socket.run();
  assert.deepEqual(socket.sleeps, []);
  assert.equal(socket.waits.length, 500);
});

Deno.test("A burst among sparse traffic is over soon", async () => {
  const socket = new ScriptedSocket([...gaps(3, SPARSE), ...gaps(60, 0), ...gaps(50, SPARSE)]);
  await socket.run();
  const slept = socket.sleeps.reduce((sum, microseconds) => sum + microseconds, 0);
  assert.ok(slept < 100_000, `slept ${slept} µs`);
  assert.ok(socket.waits.length > 45, `${socket.waits.length} waits`);
});

Deno.test("While traffic is dense the loop gathers, so that it is woken far less often", async () => {
  const socket = new ScriptedSocket(gaps(20_000, DENSE));
  await socket.run();
  assert.equal(socket.taken, 20_000);
  assert.ok(socket.waits.length < 2_000, `woken ${socket.waits.length} times for 20000 datagrams`);
  assert.ok(socket.sleeps.length > 100);
});

Deno.test("No datagram waits longer than a few milliseconds to be gathered", async () => {
  const socket = new ScriptedSocket([...gaps(5_000, DENSE), ...gaps(5_000, 0.5), ...gaps(1_000, 1)]);
  await socket.run();
  assert.ok(Math.max(...socket.sleeps) <= 10_000, `slept ${Math.max(...socket.sleeps)} µs`);
  assert.ok(Math.min(...socket.sleeps) >= 100, `slept ${Math.min(...socket.sleeps)} µs`);
});

Deno.test("What is sent while datagrams are handed on leaves after every drain", async () => {
  const socket = new ScriptedSocket(gaps(5_000, DENSE));
  await socket.run();
  const steps = socket.steps.filter((step) => step !== "turn");
  steps.forEach((step, i) => {
    if (step.startsWith("drain")) assert.equal(steps[i + 1], "flush", `after step ${i}`);
  });
});

/** Returns the longest sleep between two turns of the event loop, in microseconds. */
function longestWithoutTurn({ steps, sleeps }: ScriptedSocket): number {
  let longest = 0;
  let slept = 0;
  let next = 0;
  for (const step of steps) {
    if (step === "turn") slept = 0;
    if (step === "sleep") slept += sleeps[next++];
    longest = Math.max(longest, slept);
  }
  return longest;
}

Deno.test("Connections get their turn every few milliseconds, however dense the traffic", async () => {
  class EventfulSocket extends ScriptedSocket {
    override drain(): number {
      noteEvent();
      return super.drain();
    }
  }
  const socket = new EventfulSocket(gaps(20_000, DENSE));
  await socket.run();
  const longest = longestWithoutTurn(socket);
  assert.ok(longest <= 26_000, `${longest} µs without a turn of the event loop`);
  assert.ok(socket.turns > 40, `${socket.turns} turns`);
});

Deno.test("Without events the turns become rarer", async () => {
  takeEvent();
  const quiet = new ScriptedSocket(gaps(20_000, DENSE));
  await quiet.run();
  const longest = longestWithoutTurn(quiet);
  assert.ok(longest > 26_000 && longest <= 61_000, `${longest} µs without a turn of the event loop`);
  assert.ok(quiet.turns > 15, `${quiet.turns} turns`);
});

Deno.test("What each round has to do is done in each round, until it need not be", async () => {
  let done = 0;
  const end = eachRound(() => done++);
  const socket = new ScriptedSocket(gaps(5_000, DENSE));
  await socket.run();
  const rounds = socket.sleeps.length;
  end();
  assert.ok(done >= rounds && done > 50, `${done} times in ${rounds} rounds`);
  const before = done;
  await new ScriptedSocket(gaps(5_000, DENSE)).run();
  assert.equal(done, before);
});

Deno.test("When traffic ends the loop goes back to waiting, and does not spin", async () => {
  const socket = new ScriptedSocket([...gaps(5_000, DENSE), 60_000, ...gaps(100, SPARSE)]);
  await socket.run();
  const lastSleep = socket.steps.lastIndexOf("sleep");
  const waitsAfter = socket.steps.slice(lastSleep).filter((step) => step === "wait");
  assert.ok(waitsAfter.length >= 100, `${waitsAfter.length} waits`);
  const slept = socket.sleeps.reduce((sum, microseconds) => sum + microseconds, 0);
  assert.ok(slept < 5_000 * DENSE * 1_000 + 500_000, `slept ${slept} µs in all`);
});

Deno.test("Two sockets: whoever is woken takes what is at both, and sends what came of it by either", async () => {
  const steps: string[] = [];
  const wakeUps = [Promise.withResolvers<boolean>(), Promise.withResolvers<boolean>()];
  const socketOf = (name: string, first: Promise<boolean>): DrainedSocket => {
    const wakes = [first, Promise.resolve(false)];
    return {
      wait: () => wakes.shift()!,
      drain: () => steps.push(`drain ${name}`) && 0,
      flush: () => void steps.push(`flush ${name}`),
    };
  };
  const loop = new ReceiveLoop({ usleep: () => 0 } as unknown as Libc);
  const served = [
    loop.serve(socketOf("a", wakeUps[0].promise)),
    loop.serve(socketOf("b", wakeUps[1].promise)),
  ];
  wakeUps[1].resolve(true);
  await served[1];
  assert.deepEqual(steps, ["drain a", "drain b", "flush a", "flush b"]);
  steps.length = 0;
  wakeUps[0].resolve(true);
  await served[0];
  assert.deepEqual(steps, ["drain a", "flush a"]);
});

Deno.test("a long task that waits for its turn does not find the thread asleep", async () => {
  const socket = new ScriptedSocket(Array(2000).fill(DENSE));
  let isRunning = true;
  const turn = new Turn();
  const task = (async () => {
    while (isRunning) await turn.next();
  })();
  await socket.run();
  isRunning = false;
  await task;
  assert.deepEqual(socket.sleeps, []);
  assert.equal(socket.taken, 2000);
});
