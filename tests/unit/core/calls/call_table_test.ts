/** The table of calls: how many it remembers, and of whom. */
import assert from "node:assert/strict";
import { CallTable } from "../../../../src/core/calls/call_table.ts";
import { ServerEvents } from "../../../../src/core/server_events.ts";
import { Metrics } from "../../../../src/runtime/metrics.ts";
import { TimerWheel } from "../../../../src/runtime/timer_wheel.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { request, response } from "../requests.ts";

const INTERNAL = {
  account: undefined,
  address: "192.0.2.11:5060",
  transport: "udp",
  direction: "internal",
  gatewayRef: undefined,
  didRef: undefined,
} as const;
const SILENT = { reason: "No answer", isRemote: false };

function start() {
  const clock = new FakeClock();
  const metrics = new Metrics();
  const events = new ServerEvents(clock, metrics);
  const ended: unknown[] = [];
  events.listen(({ type, data }) => {
    if (type === "call.ended") ended.push([data.callId, data.cause]);
  });
  const table = new CallTable({ clock, wheel: new TimerWheel(clock), metrics, events });
  return { clock, metrics, ended, table };
}

function invite(callId: string) {
  return request(`INVITE sip:bob@sip.local SIP/2.0\nCall-ID: ${callId}`);
}

const OK = response("SIP/2.0 200 OK\nRecord-Route: <sip:x@192.0.2.1;lr>");

/** A call that was answered by `b`. */
function answered(table: CallTable, callId: string) {
  const call = table.begin(invite(callId), INTERNAL);
  call.onRecordRoute();
  call.onSuccess(OK);
  return call;
}

function inDialog(method: string, callId: string) {
  return request(`${method} sip:bob@sip.local SIP/2.0\nCall-ID: ${callId}\nTo: <sip:bob@sip.local>;tag=b`);
}

function bye(callId: string) {
  return inDialog("BYE", callId);
}

Deno.test("a table of 100,000 calls gives up the one that was heard of longest ago", () => {
  const { table, ended } = start();
  for (let i = 0; i < 100_000; i++) answered(table, `call-${i}`);
  table.onRequest(inDialog("UPDATE", "call-0"));
  assert.deepEqual(ended, []);
  table.begin(invite("one-more"), INTERNAL);
  assert.deepEqual(ended, [["call-1", "lost"]]);
  assert.equal(table.list().length, 100_000);
  assert.equal(table.onRequest(bye("call-1")), undefined);
  table.onRequest(bye("call-0"))?.onSuccess(OK);
  assert.deepEqual(ended.at(-1), ["call-0", "caller hung up"]);
});

Deno.test("a dialog that goes through twice is two calls, both ended by its BYE", () => {
  const { table, ended } = start();
  answered(table, "spiral");
  answered(table, "spiral");
  assert.equal(table.list().length, 2);
  const passages = [table.onRequest(bye("spiral")), table.onRequest(bye("spiral"))];
  for (const passage of passages) passage?.onSuccess(OK);
  assert.deepEqual(ended, [["spiral", "caller hung up"], ["spiral", "caller hung up"]]);
  assert.equal(table.onRequest(bye("spiral")), undefined);
});

Deno.test("of one dialog so many passages are followed as loops may have, the others are not observed", () => {
  const { table, ended } = start();
  for (let i = 0; i < 6; i++) answered(table, "same");
  assert.deepEqual(ended, [["same", "not observed"], ["same", "not observed"]]);
  assert.equal(table.list().length, 4);
});

Deno.test("of a call that was answered sixteen times no further answers are noted", () => {
  const { table, ended } = start();
  const call = table.begin(invite("fork"), INTERNAL);
  call.onRecordRoute();
  const oks = Array.from(
    { length: 20 },
    (_, i) =>
      response(
        `SIP/2.0 200 OK\nRecord-Route: <sip:x@192.0.2.1;lr>\nTo: <sip:bob@sip.local>;tag=t${i}`,
      ),
  );
  for (const ok of oks) call.onSuccess(ok);
  assert.equal(call.dialogs.length, 16);
  for (let i = 0; i < 20; i++) {
    const text = `BYE sip:bob@sip.local SIP/2.0\nCall-ID: fork\nTo: <sip:bob@sip.local>;tag=t${i}`;
    table.onRequest(request(text))?.onSuccess(OK);
    assert.equal(ended.length, i < 15 ? 0 : 1);
  }
});

Deno.test("an answer that comes after the call was given up leaves nothing behind", () => {
  const { table, ended, metrics } = start();
  const call = table.begin(invite("late"), INTERNAL);
  call.onRecordRoute();
  call.onFailure(408, true, SILENT);
  call.onSuccess(OK);
  assert.deepEqual(ended, [["late", "rejected"]]);
  assert.equal(table.onRequest(bye("late")), undefined);
  assert.equal(metrics.snapshot()["routr_calls_answered_total"], 0);
});

Deno.test("texts that are long beyond reason are told apart, but not kept", () => {
  const { table, ended } = start();
  const long = "x".repeat(40_000);
  answered(table, `${long}1`);
  answered(table, `${long}2`);
  assert.ok(JSON.stringify(table.list()).length < 2000);
  assert.ok(table.list().every((call) => JSON.stringify(call).length < 2000));
  table.onRequest(bye(`${long}2`))?.onSuccess(OK);
  assert.equal(ended.length, 1);
  assert.equal(table.onRequest(bye(`${long}2`)), undefined);
  assert.notEqual(table.onRequest(bye(`${long}1`)), undefined);
});

Deno.test("the last thousand calls that ended are kept, the latest first", () => {
  const { table } = start();
  for (let i = 0; i < 1500; i++) table.begin(invite(`call-${i}`), INTERNAL).onFailure(408, true, SILENT);
  const ended = table.listEnded();
  assert.equal(ended.length, 1000);
  assert.deepEqual([ended[0].callId, ended[999].callId], ["call-1499", "call-500"]);
});
