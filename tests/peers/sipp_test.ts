// SIPp against the server: the ladders of RFC 3665 that phones use every day, judged by SIPp's own counts.

import assert from "node:assert/strict";
import { startRoutr } from "../support/routr_process.ts";
import { assertAllCalls, assertSipp, type CallRow, runSipp, startSipp } from "./sipp.ts";

const agents = Array.from({ length: 20 }, (_, index) => String(1001 + index));
const everyone: CallRow[] = agents.map((user) => ({ user }));
const callee: CallRow[] = [{ user: "1020" }];
const callers: CallRow[] = agents.slice(0, 10).map((user) => ({ user, callee: "1020" }));

/** Registers 1020 from a port and returns the port, for a callee to start on. */
async function registeredPort(server: number): Promise<number> {
  await using registration = await startSipp("register", { server, calls: 1, rows: callee });
  assertAllCalls(await registration.result(), 1);
  return registration.port;
}

for (const transport of ["udp", "tcp"] as const) {
  Deno.test(`SIPp over ${transport}: twenty phones register and un-register`, async () => {
    await using server = await startRoutr({ agents });
    const options = { server: server.port, calls: agents.length, rows: everyone, transport };
    await assertSipp("register", options);
    await assertSipp("unregister", options);
  });

  Deno.test(`SIPp over ${transport}: ten phones are called on the flow they registered by`, async () => {
    await using server = await startRoutr({ agents });
    const options = { server: server.port, transport, calls: 10, callId: "%u-flow@127.0.0.1" };
    const callees = agents.slice(10).map((user) => ({ user }));
    await using answering = await startSipp("register_and_answer", { ...options, rows: callees });
    await answering.logged("registered", 10);
    const pairs = agents.slice(0, 10).map((user, index) => ({ user, callee: callees[index].user }));
    await assertSipp("call", { ...options, rows: pairs });
    assertAllCalls(await answering.result(), 10);
  });
}

Deno.test("SIPp: a wrong password never registers", async () => {
  await using server = await startRoutr({ agents });
  // More of them would be met with silence.
  const rows = everyone.slice(0, 8).map((row) => ({ ...row, password: "wrong" }));
  const { successful, failed } = await runSipp("register", { server: server.port, calls: rows.length, rows });
  assert.deepEqual({ successful, failed }, { successful: 0, failed: rows.length });
});

Deno.test("SIPp: thirty calls, INVITE 407 ACK INVITE 100 180 200 ACK BYE 200", async () => {
  await using server = await startRoutr({ agents });
  const options = { server: server.port, calls: 30 };
  const port = await registeredPort(server.port);
  await using answering = await startSipp("answer", { ...options, port });
  await assertSipp("call", { ...options, rows: callers });
  assertAllCalls(await answering.result(), 30);
});

Deno.test("SIPp: the caller cancels, both sides see CANCEL 200 487 ACK", async () => {
  await using server = await startRoutr({ agents });
  const options = { server: server.port, calls: 20 };
  const port = await registeredPort(server.port);
  await using ringing = await startSipp("ring", { ...options, port });
  await assertSipp("call_cancel", { ...options, rows: callers });
  assertAllCalls(await ringing.result(), 20);
});

Deno.test("SIPp: the callee is busy, the caller gets its 486", async () => {
  await using server = await startRoutr({ agents });
  const options = { server: server.port, calls: 20 };
  const port = await registeredPort(server.port);
  await using busy = await startSipp("busy", { ...options, port });
  await assertSipp("call_busy", { ...options, rows: callers });
  assertAllCalls(await busy.result(), 20);
});

Deno.test("SIPp: every tenth message is lost on both sides, and all calls complete", async () => {
  await using server = await startRoutr({ agents });
  const options = { server: server.port, calls: 20, lost: 10, seconds: 60 };
  const port = await registeredPort(server.port);
  await using answering = await startSipp("answer", { ...options, port, linger: 12_000 });
  const { retransmissions } = await assertSipp("call", { ...options, rows: callers });
  assert.ok(retransmissions > 0, "nothing was lost");
  assertAllCalls(await answering.result(), 20);
});

Deno.test("SIPp: three phones of one user ring, one answers, the others are cancelled", async () => {
  await using server = await startRoutr({ agents });
  const options = { server: server.port, calls: 10 };
  const ports = [];
  for (let phone = 0; phone < 3; phone++) ports.push(await registeredPort(server.port));
  await using answering = await startSipp("answer", { ...options, port: ports[0], ring: 300 });
  await using second = await startSipp("ring", { ...options, port: ports[1] });
  await using third = await startSipp("ring", { ...options, port: ports[2] });
  await assertSipp("call", { ...options, rows: callers });
  for (const phone of [answering, second, third]) assertAllCalls(await phone.result(), 10);
});
