import assert from "node:assert/strict";
import { EventHistory } from "../../../../src/rest/observe/event_history.ts";
import { eventStream, type EventStreamOptions } from "../../../../src/rest/observe/event_stream.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

/** A client like a browser's `EventSource`, which keeps the last id. */
class Follower {
  readonly clock: FakeClock;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  lastEventId = "";

  constructor(options: EventStreamOptions & { clock: FakeClock }) {
    this.clock = options.clock;
    this.#reader = eventStream(options).getReader();
  }

  /** Returns the text of the next block; undefined at the end. */
  async block(): Promise<string | undefined> {
    const { value } = await this.#reader.read();
    if (value === undefined) return undefined;
    const text = this.#decoder.decode(value);
    assert.match(text, /^(?:[^\r\n]+\n)+\n$/);
    this.lastEventId = /^id: (.*)$/m.exec(text)?.[1] ?? this.lastEventId;
    return text;
  }

  /** Returns the type of the next event; undefined at the end. */
  async type(): Promise<string | undefined> {
    for (;;) {
      const block = await this.block();
      if (block === undefined) return undefined;
      const [, type] = /^event: (.*)$/m.exec(block) ?? [];
      if (type !== undefined) return type;
    }
  }

  async types(count: number): Promise<(string | undefined)[]> {
    const types = [];
    for (let i = 0; i < count; i++) types.push(await this.type());
    return types;
  }

  async leave(): Promise<void> {
    await this.#reader.cancel();
  }
}

function follow(
  history: EventHistory,
  options: Omit<EventStreamOptions, "history" | "clock"> = {},
): Follower {
  return new Follower({ ...options, history, clock: new FakeClock() });
}

function add(history: EventHistory, ...types: readonly string[]): void {
  for (const type of types) history.add({ type, time: 0, data: { of: type } });
}

/** Adds `count` events of a kilobyte. */
function flood(history: EventHistory, count: number): void {
  for (let i = 0; i < count; i++) history.add({ type: "flood", time: 0, data: { text: "x".repeat(1024) } });
}

Deno.test("An event has its id, its type and all of it as JSON", async () => {
  const history = new EventHistory();
  const follower = follow(history);
  assert.equal(await follower.block(), `retry: 2000\nid: ${history.idOf(0)}\n\n`);
  history.add({ type: "call.started", time: 7, data: { from: "sip:a@h" } });
  const id = history.idOf(1);
  assert.equal(
    await follower.block(),
    `id: ${id}\nevent: call.started\n` +
      `data: {"id":"${id}","time":7,"type":"call.started","data":{"from":"sip:a@h"}}\n\n`,
  );
  await follower.leave();
});

Deno.test("A new client gets the events from now on", async () => {
  const history = new EventHistory();
  add(history, "before.1", "before.2");
  const follower = follow(history, { lastEventId: "" });
  add(history, "after.1");
  assert.equal(await follower.type(), "after.1");
  await follower.leave();
});

Deno.test("A client that reconnects gets missed events in order, then new ones", async () => {
  const history = new EventHistory();
  const first = follow(history);
  add(history, "a", "b");
  assert.deepEqual(await first.types(2), ["a", "b"]);
  await first.leave();
  add(history, "c", "d");
  const second = follow(history, { lastEventId: first.lastEventId });
  add(history, "e");
  assert.deepEqual(await second.types(3), ["c", "d", "e"]);
  await second.leave();
});

Deno.test("A client that was cut off before the first event misses none", async () => {
  const history = new EventHistory();
  add(history, "before");
  const first = follow(history);
  await first.block();
  await first.leave();
  add(history, "meanwhile");
  const second = follow(history, { lastEventId: first.lastEventId });
  assert.equal(await second.type(), "meanwhile");
  await second.leave();
});

Deno.test("Far more events than are written ahead arrive complete and in order", async () => {
  const history = new EventHistory();
  const lastEventId = history.idOf(0);
  flood(history, 500);
  const follower = follow(history, { lastEventId });
  await follower.block();
  for (let i = 1; i <= 500; i++) {
    assert.equal(await follower.type(), "flood");
    assert.equal(follower.lastEventId, history.idOf(i));
  }
  await follower.leave();
});

Deno.test("history.lost is sent for an id that is too old, of another process, or malformed; then new events", async () => {
  const history = new EventHistory(3);
  const tooOld = history.idOf(0);
  add(history, "a", "b", "c", "d");
  for (const lastEventId of [tooOld, new EventHistory().idOf(0), history.idOf(9), "none\nof these"]) {
    const follower = follow(history, { lastEventId });
    assert.equal(await follower.type(), "history.lost");
    assert.equal(follower.lastEventId, history.idOf(history.last));
    add(history, "next");
    assert.equal(await follower.type(), "next");
    await follower.leave();
  }
});

Deno.test("The oldest id after which nothing is lost continues without a loss", async () => {
  const history = new EventHistory(3);
  add(history, "a");
  const lastEventId = history.idOf(1);
  add(history, "b", "c", "d");
  const follower = follow(history, { lastEventId });
  assert.deepEqual(await follower.types(3), ["b", "c", "d"]);
  await follower.leave();
});

Deno.test("Only wanted types are sent, also after a loss", async () => {
  const history = new EventHistory();
  const types = [" call.", "registration.added", ""];
  const names = ["call.started", "registration.removed", "registration.added", "gateway.failed", "recall.x"];
  const first = follow(history, { types });
  add(history, ...names, "call.ended");
  assert.deepEqual(await first.types(3), ["call.started", "registration.added", "call.ended"]);
  await first.leave();
  const second = follow(history, { types, lastEventId: history.idOf(0) });
  assert.deepEqual(await second.types(3), ["call.started", "registration.added", "call.ended"]);
  await second.leave();
});

Deno.test("A list of types that names none wants all", async () => {
  const history = new EventHistory();
  const follower = follow(history, { types: ["", " "] });
  add(history, "a");
  assert.equal(await follower.type(), "a");
  await follower.leave();
});

Deno.test("Every 15 seconds there is a comment with the id of the last skipped event", async () => {
  const history = new EventHistory();
  const follower = follow(history, { types: ["call."] });
  await follower.block();
  for (let i = 1; i <= 3; i++) {
    add(history, "registration.added");
    follower.clock.advance(14_999);
    follower.clock.advance(1);
    assert.equal(await follower.block(), `:\nid: ${history.idOf(i)}\n\n`);
  }
  await follower.leave();
});

Deno.test("Comments do not pile up before a client that does not read", async () => {
  const history = new EventHistory();
  const follower = follow(history);
  follower.clock.advance(1000 * 3600 * 24 * 7);
  let bytes = 0;
  add(history, "end");
  for (;;) {
    const block = await follower.block();
    if (block?.includes("event: end")) break;
    bytes += block?.length ?? 0;
  }
  assert.ok(bytes < 17 * 1024, `${bytes} bytes`);
  await follower.leave();
});

Deno.test("A client that reads too slowly gets overrun as its last event", async () => {
  const history = new EventHistory(100);
  const follower = follow(history);
  flood(history, 200);
  const types = [];
  for (let type = await follower.type(); type !== undefined; type = await follower.type()) types.push(type);
  assert.equal(types.at(-1), "overrun");
  assert.ok(types.length < 20, `${types.length} events were made for it`);
  follower.clock.advance(60_000);
  assert.equal(await follower.block(), undefined);
});

Deno.test("A client that was too slow is told of the loss when it reconnects, then gets new events", async () => {
  const history = new EventHistory(50);
  const slow = follow(history);
  flood(history, 70);
  let count = 0;
  for (let type = await slow.type(); type === "flood"; type = await slow.type()) count++;
  assert.equal(slow.lastEventId, history.idOf(count));
  const again = follow(history, { lastEventId: slow.lastEventId });
  add(history, "next");
  assert.deepEqual(await again.types(2), ["history.lost", "next"]);
  await again.leave();
});

Deno.test("A slow client does not delay others", async () => {
  const history = new EventHistory(10);
  const slow = follow(history);
  const quick = follow(history);
  for (let i = 1; i <= 100; i++) {
    flood(history, 1);
    assert.equal(await quick.type(), "flood");
    assert.equal(quick.lastEventId, history.idOf(i));
  }
  await quick.leave();
  await slow.leave();
});

Deno.test("A client that has left leaves no listener and no alarm", async () => {
  const history = new EventHistory();
  let listeners = 0;
  const listen = history.listen.bind(history);
  history.listen = (listener) => {
    listeners++;
    const forget = listen(listener);
    return () => {
      listeners--;
      forget();
    };
  };
  let alarms = 0;
  const clock = new class extends FakeClock {
    override setAlarm(callback: () => void, delay: number): unknown {
      alarms++;
      return super.setAlarm(callback, delay);
    }
    override clearAlarm(alarm: unknown): void {
      alarms--;
      super.clearAlarm(alarm);
    }
  }();
  const follower = new Follower({ history, clock });
  await follower.block();
  assert.deepEqual([listeners, alarms], [1, 1]);
  await follower.leave();
  assert.deepEqual([listeners, alarms], [0, 0]);
  add(history, "later");
  clock.advance(60_000);
});
