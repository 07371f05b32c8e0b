import assert from "node:assert/strict";
import { EventHistory } from "../../../../src/rest/observe/event_history.ts";

/** Returns a history with `count` events: `test.1`, `test.2` and so on. */
function filled(count: number, capacity?: number): EventHistory {
  const history = new EventHistory(capacity);
  for (let i = 1; i <= count; i++) history.add({ type: `test.${i}`, time: i, data: {} });
  return history;
}

Deno.test("EventHistory: an event is kept as one line of JSON under its number", () => {
  const history = filled(1);
  history.add({ type: "call.ended", time: 5, data: { from: "sip:a@h\r\n\r\nevent: forged" } });
  const kept = history.at(2);
  assert.equal(kept?.type, "call.ended");
  assert.ok(!/[\r\n]/.test(kept.json));
  assert.deepEqual(JSON.parse(kept.json), {
    id: history.idOf(2),
    time: 5,
    type: "call.ended",
    data: { from: "sip:a@h\r\n\r\nevent: forged" },
  });
});

Deno.test("EventHistory: later changes of an object do not change the event", () => {
  const history = new EventHistory();
  const data = { state: "ringing" };
  history.add({ type: "call.started", time: 0, data });
  data.state = "answered";
  assert.match(history.at(1)?.json ?? "", /"ringing"/);
});

Deno.test("EventHistory: of more events than it keeps, the oldest are gone", () => {
  const history = filled(7, 3);
  assert.equal(history.last, 7);
  assert.deepEqual([3, 4, 5, 6, 7, 8].map((number) => history.at(number)?.type), [
    undefined,
    undefined,
    "test.5",
    "test.6",
    "test.7",
    undefined,
  ]);
  assert.deepEqual([3, 4, 7, 8].map((number) => history.hasAllAfter(number)), [false, true, true, false]);
});

Deno.test("EventHistory: long events are dropped when the room is used up", () => {
  const history = new EventHistory();
  for (let i = 0; i < 100; i++) history.add({ type: "test", time: 0, data: { text: "x".repeat(100_000) } });
  let kept = 0;
  for (let number = 1; number <= 100; number++) kept += history.at(number)?.json.length ?? 0;
  assert.ok(kept > 900_000 && kept <= 1024 * 1024, `${kept} characters`);
  history.add({ type: "test", time: 0, data: { text: "x".repeat(2_000_000) } });
  assert.equal(history.at(history.last), undefined);
  history.add({ type: "test", time: 0, data: {} });
  assert.notEqual(history.at(history.last), undefined);
});

Deno.test("EventHistory: data that are made when asked for are made for the first reader, and count as long as they say", () => {
  const history = new EventHistory(2);
  let made = 0;
  const late = (approximateLength: number) => ({
    type: "call.started",
    time: 1,
    approximateLength,
    get data() {
      return { made: ++made };
    },
  });
  history.add(late(100));
  assert.equal(made, 0);
  const [first, second] = [history.at(1)?.json, history.at(1)?.json];
  assert.deepEqual([first, second, made], [second, first, 1]);
  assert.deepEqual(JSON.parse(first ?? ""), {
    id: history.idOf(1),
    time: 1,
    type: "call.started",
    data: { made: 1 },
  });
  history.add(late(600_000));
  history.add(late(600_000));
  assert.deepEqual([2, 3].map((number) => history.at(number)?.type), [undefined, "call.started"]);
  assert.equal(history.hasAllAfter(2), true);
});

Deno.test("EventHistory: an id is known again by the process that gave it, and by no other", () => {
  const history = filled(3);
  assert.equal(history.numberOf(history.idOf(0)), 0);
  assert.equal(history.numberOf(history.idOf(3)), 3);
  const epoch = history.idOf(0).slice(0, -2);
  const bad = [
    filled(3).idOf(2),
    history.idOf(4),
    "2",
    "",
    `${epoch}-`,
    `${epoch}--1`,
    `${epoch}-1e0`,
    epoch,
  ];
  assert.deepEqual(bad.map((id) => history.numberOf(id)), bad.map(() => undefined));
});

Deno.test("EventHistory: listeners hear of each event until they have enough", () => {
  const history = filled(1);
  const heard: string[] = [];
  const forget = history.listen(() => heard.push(`one ${history.last}`));
  history.listen(() => heard.push(`two ${history.last}`));
  history.add({ type: "test", time: 0, data: {} });
  forget();
  history.add({ type: "test", time: 0, data: {} });
  assert.deepEqual(heard, ["one 2", "two 2", "two 3"]);
});
