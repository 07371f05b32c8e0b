/** How dialogs are found, however many there are. */
import assert from "node:assert/strict";
import type { DialogEnd } from "../../../../src/core/dialogs/dialog.ts";
import { type DialogKey, DialogTable } from "../../../../src/core/dialogs/dialog_table.ts";
import type { DialogRoute } from "../../../../src/core/proxy/dialog_route.ts";
import { Metrics } from "../../../../src/runtime/metrics.ts";
import { TimerWheel } from "../../../../src/runtime/timer_wheel.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { request } from "../requests.ts";

const TOKEN = "0123456789abcdef.a0-1.a0-2";

function start(): DialogTable {
  const clock = new FakeClock();
  return new DialogTable({ clock, wheel: new TimerWheel(clock), metrics: new Metrics() });
}

function end(): DialogEnd {
  return {
    party: undefined,
    address: "",
    uri: "",
    target: "",
    formerTarget: "",
    routes: "",
    routeValues: [],
    cseq: 0,
    moved: undefined,
  };
}

function open(table: DialogTable, key: Partial<DialogKey> = {}) {
  const whole = { callId: "call", callerTag: "1", calleeTag: "2", flowToken: TOKEN, ...key };
  return table.open(whole, { caller: end(), callee: end() });
}

/** Finds the dialog of a request from the caller (tag 1) or the callee (tag 2). */
function find(
  table: DialogTable,
  { callId = "call", from = "1", to = "2", token = TOKEN, method = "BYE" }: Partial<Record<string, string>> =
    {},
) {
  const route: DialogRoute = {
    flow: undefined,
    to: from === "1" ? "callee" : "caller",
    annotations: "",
    token: token!,
    origin: "",
    isFromOrigin: true,
  };
  const head = `${method} sip:b@x SIP/2.0\nFrom: <sip:a@x>;tag=${from}\nTo: <sip:b@x>;tag=${to}`;
  return table.find(request(`${head}\nCall-ID: ${callId}\nCSeq: 2 ${method}`), route);
}

Deno.test("find() knows a dialog by requests of both ends, and by its whole key alone", () => {
  const table = start();
  const dialog = open(table);
  assert.equal(find(table), dialog);
  assert.equal(find(table, { from: "2", to: "1" }), dialog);
  for (
    const other of [
      { callId: "cal" },
      { callId: "call2" },
      { callId: "CALL" },
      { to: "22" },
      { to: "3" },
      { from: "2", to: "11" },
      { token: `1${TOKEN.slice(1)}` },
      { token: "0123456789abcde" },
    ]
  ) {
    assert.equal(find(table, other), undefined, JSON.stringify(other));
  }
  // Only the signature is in the key.
  assert.equal(find(table, { token: `${TOKEN}.mark` }), dialog);
});

Deno.test("find() does not know a dialog that is removed", () => {
  const table = start();
  const dialog = open(table);
  table.remove(dialog);
  assert.equal(find(table), undefined);
  assert.notEqual(open(table), dialog);
});

Deno.test("find() tells the dialogs of a forked call apart", () => {
  const table = start();
  const dialogs = ["2", "3", "4"].map((calleeTag) => open(table, { calleeTag }));
  for (const i of [0, 1, 2, 1, 0]) assert.equal(find(table, { to: `${i + 2}` }), dialogs[i]);
  table.remove(dialogs[2]);
  assert.deepEqual(["2", "3", "4"].map((to) => find(table, { to })), [dialogs[0], dialogs[1], undefined]);
});

Deno.test("find() knows each of many dialogs, also with long Call-IDs", () => {
  const table = start();
  const callIds = Array.from(
    { length: 12_000 },
    (_, i) => i % 100 === 0 ? `${i}`.repeat(200) : `${i}@192.0.2.1`,
  );
  const dialogs = callIds.map((callId) => open(table, { callId }));
  callIds.forEach((callId, i) => assert.equal(find(table, { callId }), dialogs[i], callId));
  assert.equal(open(table, { callId: callIds[5] }), dialogs[5]);
  assert.ok(dialogs.every(({ id }) => id.length < 600));
});

Deno.test("find() lets a NOTIFY begin the dialog that its SUBSCRIBE waits for (RFC 6665 §4.4.1)", () => {
  const table = start();
  const awaited = open(table, { calleeTag: "" });
  assert.equal(find(table, { from: "2", to: "1" }), undefined);
  const dialog = find(table, { from: "2", to: "1", method: "NOTIFY" });
  assert.ok(dialog && dialog !== awaited);
  assert.equal(find(table), dialog);
});
