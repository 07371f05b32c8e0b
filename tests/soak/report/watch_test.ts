import assert from "node:assert/strict";
import { excessOf } from "./watch.ts";

const idle = { "client transactions": 4, dialogs: 0, timers: 7, descriptors: 50 };

Deno.test("excessOf() wants no transactions but those with gateways, and few more timers than that", () => {
  const left = { "client transactions": 3, dialogs: 0, timers: 12, descriptors: 54 };
  assert.deepEqual(excessOf(left, idle, 0), ["3 client transactions, 2 wanted", "12 timers, 11 wanted"]);
});

Deno.test("excessOf() allows dialogs that a killed server revives, and a few descriptors", () => {
  const left = { "client transactions": 0, dialogs: 5, timers: 7, descriptors: 55 };
  assert.deepEqual(excessOf(left, idle, 5), ["55 descriptors, 54 wanted"]);
  assert.deepEqual(excessOf({ ...left, descriptors: 0 }, idle, 4), ["5 dialogs, 4 wanted"]);
  assert.deepEqual(excessOf({ dialogs: NaN }, idle, 4), ["NaN dialogs, 4 wanted"]);
});
