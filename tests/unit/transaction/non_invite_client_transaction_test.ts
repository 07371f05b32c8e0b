/** §17.1.2 as a table. */
import assert from "node:assert/strict";
import { NonInviteClientTransaction } from "../../../src/transaction/non_invite_client_transaction.ts";
import { type Machine, MachineRig, outgoing, response, type Row, testTable } from "./machine_rig.ts";

function start(protocol: "udp" | "tcp"): Machine {
  const rig = new MachineRig(protocol);
  const transaction = new NonInviteClientTransaction(rig, outgoing("MESSAGE", rig), rig);
  transaction.start();
  const events: Record<string, () => void> = {
    "cancel": () => transaction.cancel(),
    "abandon": () => transaction.abandon(),
    "transport error": () => rig.failToSend(),
    "connection closed": () => transaction.onFlowClosed(),
    "Timer E": () => rig.clock.advance(500),
    "Timer F": () => rig.clock.advance(32_000),
    "Timer K": () => rig.clock.advance(5_000),
    "ten minutes": () => rig.clock.advance(600_000),
  };
  return {
    rig,
    state: () => transaction.state,
    apply: (event) =>
      events[event] ? events[event]() : transaction.onResponse(response(Number(event), "MESSAGE")),
  };
}

const PATHS = { trying: [], proceeding: ["100"], completed: ["200"], terminated: ["transport error"] };

const COMMON: readonly Row[] = [
  ["trying", "100", "proceeding", ["user 100"]],
  ["trying", "183", "proceeding", ["user 183"]],
  ["trying", "transport error", "terminated", ["end", "failure"]],
  ["trying", "cancel", "trying", []],
  ["trying", "abandon", "terminated", ["end"]],
  ["proceeding", "100", "proceeding", ["user 100"]],
  ["proceeding", "transport error", "terminated", ["end", "failure"]],
  ["proceeding", "cancel", "proceeding", []],
  ["trying", "connection closed", "terminated", ["end", "failure"]],
  ["proceeding", "connection closed", "terminated", ["end", "failure"]],
  ["terminated", "connection closed", "terminated", []],
  ["proceeding", "abandon", "terminated", ["end"]],
  ["terminated", "200", "terminated", []],
  ["terminated", "100", "terminated", []],
  ["terminated", "abandon", "terminated", []],
  ["terminated", "transport error", "terminated", []],
  ["terminated", "ten minutes", "terminated", []],
];

testTable("§17.1.2 non-INVITE client, UDP", {
  start: () => start("udp"),
  paths: PATHS,
  rows: [
    ...COMMON,
    ["trying", "200", "completed", ["user 200"]],
    ["trying", "404", "completed", ["user 404"]],
    ["trying", "Timer E", "trying", ["send MESSAGE"]],
    ["proceeding", "Timer E", "proceeding", ["send MESSAGE"]],
    ["proceeding", "603", "completed", ["user 603"]],
    ["completed", "200", "completed", []],
    ["completed", "100", "completed", []],
    ["completed", "404", "completed", []],
    ["completed", "Timer E", "completed", []],
    ["completed", "transport error", "completed", []],
    ["completed", "Timer K", "terminated", ["end"]],
  ],
});

testTable("§17.1.2 non-INVITE client, TCP", {
  start: () => start("tcp"),
  paths: PATHS,
  rows: [
    ...COMMON,
    ["trying", "Timer E", "trying", []],
    ["trying", "Timer F", "terminated", ["end", "timeout"]],
    ["proceeding", "Timer F", "terminated", ["end", "timeout"]],
    // Timer K is zero where nothing is lost.
    ["trying", "200", "terminated", ["end", "user 200"]],
    ["proceeding", "500", "terminated", ["end", "user 500"]],
  ],
});

Deno.test("§17.1.2.2: Timer E doubles up to T2, Timer F fires at 64·T1", () => {
  const { rig } = start("udp");
  const sent = [500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500];
  assert.deepEqual(rig.record(60_000), [
    ...sent.map((at) => `${at} send MESSAGE`),
    "32000 end",
    "32000 timeout",
  ]);
});

Deno.test("§17.1.2.2: in Proceeding Timer E is T2, and Timer F runs on", () => {
  const machine = start("udp");
  machine.apply("100");
  const sent = [500, 4500, 8500, 12_500, 16_500, 20_500, 24_500, 28_500];
  assert.deepEqual(machine.rig.record(60_000), [
    ...sent.map((at) => `${at} send MESSAGE`),
    "32000 end",
    "32000 timeout",
  ]);
});

Deno.test("§17.1.2.2: Timer K is T4 over UDP", () => {
  const machine = start("udp");
  machine.apply("200");
  assert.deepEqual(machine.rig.record(60_000), ["5000 end"]);
});
