/** §17.2.2 with RFC 4320, as a table. */
import assert from "node:assert/strict";
import { NonInviteServerTransaction } from "../../../src/transaction/non_invite_server_transaction.ts";
import { incoming, type Machine, MachineRig, type Row, testTable } from "./machine_rig.ts";

function start(protocol: "udp" | "tcp"): Machine {
  const rig = new MachineRig(protocol);
  const transaction = new NonInviteServerTransaction(rig, incoming("MESSAGE"), {
    id: "z9hG4bKtest",
    flow: rig.flow,
    ...rig.route,
  });
  const events: Record<string, () => void> = {
    "MESSAGE": () => transaction.onRetransmission(),
    "3.5 s": () => rig.clock.advance(3_500),
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

const PATHS = { trying: [], proceeding: ["3.5 s"], completed: ["200"], terminated: ["200", "Timer J"] };

const COMMON: readonly Row[] = [
  ["trying", "MESSAGE", "trying", []],
  // Only 100 may be sent, and no 408 (RFC 4320 §4.1, §4.2).
  ["trying", "180", "trying", []],
  ["trying", "183", "trying", []],
  ["trying", "408", "terminated", ["end"]],
  ["trying", "3.5 s", "proceeding", ["send 100"]],
  ["proceeding", "MESSAGE", "proceeding", ["send 100"]],
  ["proceeding", "180", "proceeding", []],
  ["proceeding", "408", "terminated", ["end"]],
  ["proceeding", "3.5 s", "proceeding", []],
  ["proceeding", "ten minutes", "terminated", ["end"]],
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
    ["proceeding", "486", "completed", ["send 486"]],
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
    ["proceeding", "200", "terminated", ["send 200", "end"]],
  ],
});

Deno.test("RFC 4320 §4.1: a 100 of the user neither goes out too early nor ends the transaction", () => {
  const { rig, apply } = start("udp");
  apply("100");
  apply("MESSAGE");
  assert.deepEqual(rig.actions, []);
  assert.deepEqual(rig.record(60_000), ["3500 send 100", "32000 end"]);
});

Deno.test("§17.2.2: Timer J is 64·T1 over UDP", () => {
  const machine = start("udp");
  machine.rig.clock.advance(10_000);
  machine.apply("200");
  assert.deepEqual(machine.rig.record(60_000), ["32000 end"]);
});

Deno.test("RFC 4320: a request that nobody answers gets its 100, and is forgotten when its client has given up", () => {
  for (const protocol of ["udp", "tcp"] as const) {
    const { rig } = start(protocol);
    assert.deepEqual(rig.record(60_000), ["3500 send 100", "32000 end"]);
  }
});
