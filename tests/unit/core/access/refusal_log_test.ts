/** Lines and events of refusals: which answers are refusals, and how many are told. */
import assert from "node:assert/strict";
import { networkOf } from "../../../../src/runtime/ip/address_words.ts";
import { RefusalLog } from "../../../../src/core/access/refusal_log.ts";
import { ServerEvents } from "../../../../src/core/server_events.ts";
import { Metrics } from "../../../../src/runtime/metrics.ts";
import type { Flow } from "../../../../src/transport/transport.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { logged } from "../../../support/log_lines.ts";
import { request } from "../requests.ts";

function start() {
  const clock = new FakeClock();
  const events = new ServerEvents(clock, new Metrics());
  return { clock, events, refusals: new RefusalLog({ clock, events }) };
}

function flowOf(remoteAddress: string): Flow {
  return { protocol: "tcp", remoteAddress, remotePort: 40_000 } as Flow;
}

const MESSAGE = request("MESSAGE sip:bob@sip.local SIP/2.0");

Deno.test("networkOf() is the address, or 64 bits of IPv6", () => {
  assert.equal(networkOf("192.0.2.1"), "192.0.2.1");
  assert.equal(networkOf("[2001:db8:1:2:3:4:5:6]"), "2001:db8:1:2::/64");
  assert.equal(networkOf("[2001:db8:1:2::9]"), "2001:db8:1:2::/64");
  assert.equal(networkOf("[::1]"), "0:0:0:0::/64");
});

Deno.test("note() tells of refusals, not of what clients go on from by themselves", async () => {
  const { refusals, events } = start();
  const told: unknown[] = [];
  events.listen(({ type, data }) => told.push([type, data.status]));
  const lines = await logged("info", () => {
    for (const status of [200, 202, 401, 407, 423]) refusals.note(MESSAGE, flowOf("192.0.2.1"), { status });
    refusals.note(MESSAGE, flowOf("192.0.2.1"), { status: 407, cause: "wrong", username: "alice" });
    refusals.note(MESSAGE, flowOf("[2001:db8::1]"), { status: 404 });
    refusals.note(undefined, flowOf("192.0.2.1"), {
      status: 403,
      reason: "Go Away",
      cause: "x".repeat(9999),
    });
    refusals.close();
  });
  assert.deepEqual(lines, [
    "info  refused: Authentication failed: alice from tcp 192.0.2.1:40000 (MESSAGE): " +
    "407 Proxy Authentication Required (wrong)",
    "info  refused: Refused MESSAGE of sip:alice@sip.local from tcp [2001:db8::1]:40000 to sip:bob@sip.local: " +
    "404 Not Found",
    `info  refused: Refused a message from tcp 192.0.2.1:40000: 403 Go Away (${"x".repeat(256)})`,
  ]);
  assert.deepEqual(told, [["authentication.failed", 407], ["request.denied", 404], ["request.denied", 403]]);
});

Deno.test("note() writes thirty lines a minute for a network, whatever its addresses, and then a number", async () => {
  const { refusals, clock } = start();
  const lines = await logged("info", () => {
    for (let i = 0; i < 100; i++) refusals.note(MESSAGE, flowOf(`[2001:db8::${i}]`), { status: 404 });
    refusals.note(MESSAGE, flowOf("192.0.2.7"), { status: 404 });
    clock.advance(60_000);
  });
  assert.equal(lines.length, 32);
  assert.equal(
    lines.at(-1),
    "info  refused: Refused 70 more requests from 2001:db8:0:0::/64 within a minute",
  );
});
