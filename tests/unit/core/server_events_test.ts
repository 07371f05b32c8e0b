/** Events reach every listener; refusals are limited in number. */
import assert from "node:assert/strict";
import { type ServerEvent, ServerEvents } from "../../../src/core/server_events.ts";
import { Metrics } from "../../../src/runtime/metrics.ts";
import { FakeClock } from "../../support/fake_clock.ts";

function start() {
  const clock = new FakeClock();
  const metrics = new Metrics();
  const events = new ServerEvents(clock, metrics);
  const heard: ServerEvent[] = [];
  const suppressed = () => metrics.list().find(({ name }) => name === "routr_events_suppressed_total")?.value;
  return { clock, events, heard, suppressed };
}

Deno.test("Events are told to each listener with their time, until it leaves", () => {
  const { clock, events, heard } = start();
  assert.equal(events.isHeard, false);
  events.emit("call.started", { id: "unheard" });
  const leave = events.listen((event) => heard.push(event));
  assert.equal(events.isHeard, true);
  clock.advance(1500);
  events.emit("call.answered", { id: "1" });
  leave();
  assert.equal(events.isHeard, false);
  events.emit("call.ended", { id: "1" });
  assert.deepEqual(heard, [{ type: "call.answered", time: clock.wallTime(), data: { id: "1" } }]);
});

Deno.test("Of refusals the first 50 of a second are told, the others counted; the rest is always told", () => {
  const { clock, events, heard, suppressed } = start();
  events.listen((event) => heard.push(event));
  for (let i = 0; i < 80; i++) events.refused("request.denied", { address: `192.0.2.${i}` });
  assert.equal(heard.length, 50);
  assert.equal(suppressed(), 30);
  events.emit("call.started", {});
  assert.equal(heard.length, 51);
  clock.advance(999);
  events.refused("authentication.failed", {});
  assert.equal(suppressed(), 31);
  clock.advance(1);
  events.refused("authentication.failed", {});
  assert.equal(heard.at(-1)?.type, "authentication.failed");
  assert.equal(suppressed(), 31);
});
