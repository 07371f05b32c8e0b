/** §17.1.1 with RFC 6026 §7.2, as a table. */
import assert from "node:assert/strict";
import { InviteClientTransaction } from "../../../src/transaction/invite_client_transaction.ts";
import { type Machine, MachineRig, outgoing, response, type Row, testTable } from "./machine_rig.ts";

function start(protocol: "udp" | "tcp"): Machine {
  const rig = new MachineRig(protocol);
  const transaction = new InviteClientTransaction(rig, outgoing("INVITE", rig), rig);
  transaction.start();
  const events: Record<string, () => void> = {
    "cancel": () => transaction.cancel(),
    "abandon": () => transaction.abandon(),
    "transport error": () => rig.failToSend(),
    "connection closed": () => transaction.onFlowClosed(),
    "Timer A": () => rig.clock.advance(500),
    "Timer B": () => rig.clock.advance(32_000),
    "Timer D": () => rig.clock.advance(32_000),
    "Timer M": () => rig.clock.advance(32_000),
    "ten minutes": () => rig.clock.advance(600_000),
  };
  return {
    rig,
    state: () => transaction.state,
    apply: (event) =>
      events[event] ? events[event]() : transaction.onResponse(response(Number(event), "INVITE")),
  };
}

const PATHS = {
  calling: [],
  proceeding: ["180"],
  accepted: ["200"],
  completed: ["486"],
  terminated: ["transport error"],
};

const COMMON: readonly Row[] = [
  ["calling", "100", "proceeding", ["user 100"]],
  ["calling", "183", "proceeding", ["user 183"]],
  ["calling", "200", "accepted", ["user 200"]],
  ["calling", "transport error", "terminated", ["end", "failure"]],
  ["calling", "cancel", "calling", []],
  ["calling", "abandon", "terminated", ["end"]],
  ["proceeding", "100", "proceeding", ["user 100"]],
  ["proceeding", "183", "proceeding", ["user 183"]],
  ["proceeding", "299", "accepted", ["user 299"]],
  ["proceeding", "ten minutes", "proceeding", []],
  ["proceeding", "cancel", "proceeding", ["cancel"]],
  ["calling", "connection closed", "terminated", ["end", "failure"]],
  ["proceeding", "connection closed", "terminated", ["end", "failure"]],
  ["accepted", "connection closed", "accepted", []],
  ["proceeding", "abandon", "terminated", ["end"]],
  ["accepted", "200", "accepted", ["user 200"]],
  ["accepted", "180", "accepted", []],
  ["accepted", "486", "accepted", []],
  ["accepted", "cancel", "accepted", []],
  ["accepted", "transport error", "accepted", []],
  ["accepted", "Timer M", "terminated", ["end"]],
  ["terminated", "180", "terminated", []],
  ["terminated", "200", "terminated", []],
  ["terminated", "486", "terminated", []],
  ["terminated", "cancel", "terminated", []],
  ["terminated", "abandon", "terminated", []],
  ["terminated", "transport error", "terminated", []],
  ["terminated", "ten minutes", "terminated", []],
];

testTable("§17.1.1 INVITE client, UDP", {
  start: () => start("udp"),
  paths: PATHS,
  rows: [
    ...COMMON,
    ["calling", "300", "completed", ["send ACK", "user 300"]],
    ["calling", "699", "completed", ["send ACK", "user 699"]],
    ["calling", "Timer A", "calling", ["send INVITE"]],
    ["proceeding", "Timer A", "proceeding", []],
    ["proceeding", "486", "completed", ["send ACK", "user 486"]],
    ["completed", "486", "completed", ["send ACK"]],
    ["completed", "503", "completed", ["send ACK"]],
    ["completed", "180", "completed", []],
    ["completed", "200", "completed", []],
    ["completed", "cancel", "completed", []],
    ["completed", "Timer D", "terminated", ["end"]],
  ],
});

testTable("§17.1.1 INVITE client, TCP", {
  start: () => start("tcp"),
  paths: PATHS,
  rows: [
    ...COMMON,
    ["calling", "Timer A", "calling", []],
    ["calling", "Timer B", "terminated", ["end", "timeout"]],
    // Timer D is zero where nothing is lost.
    ["calling", "486", "terminated", ["send ACK", "end", "user 486"]],
    ["proceeding", "603", "terminated", ["send ACK", "end", "user 603"]],
  ],
});

Deno.test("§17.1.1.2: Timer A doubles without bound, Timer B fires at 64·T1", () => {
  const { rig } = start("udp");
  assert.deepEqual(rig.record(60_000), [
    "500 send INVITE",
    "1500 send INVITE",
    "3500 send INVITE",
    "7500 send INVITE",
    "15500 send INVITE",
    "31500 send INVITE",
    "32000 end",
    "32000 timeout",
  ]);
});

Deno.test("§17.1.1.2: a provisional response stops Timers A and B", () => {
  const machine = start("udp");
  machine.apply("180");
  assert.deepEqual(machine.rig.record(600_000), []);
});

Deno.test("§17.1.1.2: Timer D is 32 s over UDP", () => {
  const machine = start("udp");
  machine.apply("486");
  assert.deepEqual(machine.rig.record(60_000), ["32000 end"]);
});

Deno.test("RFC 6026 §7.2: Timer M is 64·T1 after the first 2xx, over TCP, too", () => {
  for (const protocol of ["udp", "tcp"] as const) {
    const machine = start(protocol);
    machine.apply("200");
    machine.rig.clock.advance(20_000);
    machine.apply("200");
    assert.deepEqual(machine.rig.record(60_000), ["12000 end"]);
  }
});

Deno.test("§9.1: a CANCEL that had to wait goes out with the first provisional response, once", () => {
  const { rig, apply } = start("udp");
  rig.actions = [];
  apply("cancel");
  apply("cancel");
  assert.deepEqual(rig.actions, []);
  apply("100");
  apply("180");
  apply("cancel");
  assert.deepEqual(rig.actions, ["cancel", "user 100", "user 180"]);
});

Deno.test("§9.1: a final response before any provisional one makes the waiting CANCEL needless", () => {
  for (const final of ["200", "486"]) {
    const { rig, apply } = start("udp");
    apply("cancel");
    apply(final);
    rig.clock.advance(60_000);
    assert.ok(!rig.actions.includes("cancel"));
  }
});

Deno.test("§9.1: what is cancelled and never answered times out 64·T1 after the CANCEL", () => {
  for (const events of [["180", "cancel", "180"], ["cancel", "180", "183"]]) {
    const machine = start("udp");
    for (const event of events) machine.apply(event);
    assert.deepEqual(machine.rig.record(60_000), ["32000 end", "32000 timeout"]);
    assert.equal(machine.state(), "terminated");
  }
});
