/** §17.2.2 with RFC 4320, as a table. */
import assert from "node:assert/strict";
import { NonInviteServerTransaction } from "../../../src/transaction/non_invite_server_transaction.ts";
import { incoming, type Machine, MachineRig, type Row, testTable } from "./machine_rig.ts";

function start(protocol: "udp" | "tcp"): Machine {
  const rig = new MachineRig(protocol);
  const transaction = new NonInviteServerTransaction(rig, incoming("MESSAGE"), {
    key: "key",
    flow: rig.flow,
    route: rig.route,
  });
  const events: Record<string, () => void> = {
    "MESSAGE": () => transaction.onRetransmission(),
    "Timer J": () => rig.clock.advance(32_000),
    "ten minutes": () => rig.clock.advance(600_000),
  };
  return {
    rig,
    state: () => transaction.state,
    apply: (event) =>
      events[event] ? events[event]() : transaction.respond(Number(event), `SIP/2.0 ${event} Reason\r\n\r\n`),
  };
}

const PATHS = { trying: [], completed: ["200"], terminated: ["200", "Timer J"] };

const COMMON: readonly Row[] = [
  ["trying", "MESSAGE", "trying", []],
  // Only 100 may be sent, and no 408 (RFC 4320 §4.1, §4.2).
  ["trying", "180", "trying", []],
  ["trying", "183", "trying", []],
  ["trying", "408", "terminated", ["end"]],
  ["terminated", "200", "terminated", []],
  ["terminated", "ten minutes", "terminated", []],
];

testTable("§17.2.2 non-INVITE server, UDP", {
  start: () => start("udp"),
  paths: PATHS,
  rows: [
    ...COMMON,
    ["trying", "200", "completed", ["send 200"]],
    ["trying", "603", "completed", ["send 603"]],
    ["completed", "MESSAGE", "completed", ["send 200"]],
    ["completed", "200", "completed", []],
    ["completed", "404", "completed", []],
    ["completed", "100", "completed", []],
    ["completed", "Timer J", "terminated", ["end"]],
  ],
});

testTable("§17.2.2 non-INVITE server, TCP", {
  start: () => start("tcp"),
  paths: PATHS,
  rows: [
    ...COMMON,
    // Timer J is zero where nothing is lost.
    ["trying", "200", "terminated", ["send 200", "end"]],
    ["trying", "404", "terminated", ["send 404", "end"]],
  ],
});

Deno.test("§17.2.2: after a 100 the request that comes again is answered with it", () => {
  const { rig, apply, state } = start("udp");
  apply("100");
  rig.actions = [];
  apply("MESSAGE");
  assert.deepEqual(rig.actions, ["send 100"]);
  assert.equal(state(), "proceeding");
  apply("486");
  assert.equal(state(), "completed");
});

Deno.test("§17.2.2: Timer J is 64·T1 over UDP", () => {
  const machine = start("udp");
  machine.rig.clock.advance(10_000);
  machine.apply("200");
  assert.deepEqual(machine.rig.record(60_000), ["32000 end"]);
});

Deno.test("RFC 4320: a request that nobody answers is forgotten when its client has given up", () => {
  for (const protocol of ["udp", "tcp"] as const) {
    const { rig } = start(protocol);
    const record = rig.record(60_000).filter((action) => !action.endsWith("send 100"));
    assert.deepEqual(record, ["32000 end"]);
  }
});
