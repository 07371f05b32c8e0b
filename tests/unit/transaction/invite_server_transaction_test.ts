/** §17.2.1 with RFC 6026 §7.1, as a table. */
import assert from "node:assert/strict";
import { InviteServerTransaction } from "../../../src/transaction/invite_server_transaction.ts";
import { incoming, type Machine, MachineRig, type Row, testTable } from "./machine_rig.ts";

/** `180`, `486` … are responses of the user; `ACK` is one that the machine takes, or `ACK to the user`. */
function start(protocol: "udp" | "tcp"): Machine {
  const rig = new MachineRig(protocol);
  const transaction = new InviteServerTransaction(rig, incoming("INVITE"), {
    id: "z9hG4bKtest",
    flow: rig.flow,
    ...rig.route,
  });
  const events: Record<string, () => void> = {
    "INVITE": () => transaction.onRetransmission(),
    "ACK": () => {
      if (!transaction.onAck()) rig.actions.push("ACK to the user");
    },
    "Timer G": () => rig.clock.advance(500),
    "Timer H": () => rig.clock.advance(32_000),
    "Timer I": () => rig.clock.advance(5_000),
    "Timer L": () => rig.clock.advance(32_000),
    "ten minutes": () => rig.clock.advance(600_000),
  };
  return {
    rig,
    state: () => transaction.state,
    apply: (event) =>
      events[event] ? events[event]() : transaction.respond(Number(event), `SIP/2.0 ${event} Reason\r\n\r\n`),
  };
}

const PATHS = {
  proceeding: ["180"],
  accepted: ["200"],
  completed: ["486"],
  confirmed: ["486", "ACK"],
  terminated: ["200", "Timer L"],
};

const COMMON: readonly Row[] = [
  ["proceeding", "INVITE", "proceeding", ["send 180"]],
  ["proceeding", "183", "proceeding", ["send 183"]],
  ["proceeding", "200", "accepted", ["send 200"]],
  ["proceeding", "299", "accepted", ["send 299"]],
  ["proceeding", "300", "completed", ["send 300"]],
  ["proceeding", "699", "completed", ["send 699"]],
  ["proceeding", "ACK", "proceeding", []],
  ["proceeding", "ten minutes", "proceeding", []],
  ["accepted", "INVITE", "accepted", []],
  ["accepted", "200", "accepted", ["send 200"]],
  ["accepted", "180", "accepted", []],
  ["accepted", "486", "accepted", []],
  ["accepted", "ACK", "accepted", ["ACK to the user"]],
  ["accepted", "Timer L", "terminated", ["end"]],
  ["completed", "INVITE", "completed", ["send 486"]],
  ["completed", "180", "completed", []],
  ["completed", "200", "completed", []],
  ["completed", "603", "completed", []],
  ["terminated", "180", "terminated", []],
  ["terminated", "200", "terminated", []],
  ["terminated", "486", "terminated", []],
  ["terminated", "INVITE", "terminated", []],
  ["terminated", "ten minutes", "terminated", []],
];

testTable("§17.2.1 INVITE server, UDP", {
  start: () => start("udp"),
  paths: PATHS,
  rows: [
    ...COMMON,
    ["completed", "Timer G", "completed", ["send 486"]],
    ["completed", "ACK", "confirmed", []],
    ["confirmed", "INVITE", "confirmed", []],
    ["confirmed", "ACK", "confirmed", []],
    ["confirmed", "200", "confirmed", []],
    ["confirmed", "Timer G", "confirmed", []],
    ["confirmed", "Timer I", "terminated", ["end"]],
  ],
});

testTable("§17.2.1 INVITE server, TCP", {
  start: () => start("tcp"),
  paths: PATHS,
  rows: [
    ...COMMON,
    ["completed", "Timer G", "completed", []],
    ["completed", "Timer H", "terminated", ["end"]],
    // Timer I is zero where nothing is lost.
    ["completed", "ACK", "terminated", ["end"]],
  ],
});

Deno.test("§17.2.1: an INVITE that comes again before any response is given is absorbed", () => {
  const { rig, apply, state } = start("udp");
  apply("INVITE");
  assert.deepEqual(rig.actions, []);
  assert.equal(state(), "proceeding");
});

Deno.test("§17.2.1: the last provisional response is the one that is sent again", () => {
  const { rig, apply } = start("udp");
  for (const event of ["100", "180", "183", "INVITE"]) apply(event);
  assert.deepEqual(rig.actions, ["send 100", "send 180", "send 183", "send 183"]);
});

Deno.test("§17.2.1: Timer G doubles up to T2, Timer H fires at 64·T1", () => {
  const machine = start("udp");
  machine.apply("486");
  const sent = [500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500];
  assert.deepEqual(machine.rig.record(60_000), [...sent.map((at) => `${at} send 486`), "32000 end"]);
});

Deno.test("§17.2.1: Timer I is T4 over UDP", () => {
  const machine = start("udp");
  machine.apply("486");
  machine.apply("ACK");
  assert.deepEqual(machine.rig.record(60_000), ["5000 end"]);
});

Deno.test("RFC 6026 §7.1: Timer L is 64·T1, over TCP, too", () => {
  for (const protocol of ["udp", "tcp"] as const) {
    const machine = start(protocol);
    machine.apply("200");
    assert.deepEqual(machine.rig.record(60_000), ["32000 end"]);
  }
});
