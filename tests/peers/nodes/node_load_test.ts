// Many calls from users of one node to users of the other, by UDP straight to the phones and by TCP through their node.

import assert from "node:assert/strict";
import { assertAllCalls, assertSipp, type CallRow, startSipp } from "../sipp.ts";
import { contactsAt, phoneAt, tryRegister } from "./node_phone.ts";
import { addAgents, startRedisNodes } from "./redis_nodes.ts";
import { until } from "./until.ts";

const users = 200;
const rate = 20;
/** Milliseconds after which a node has looked at all of Redis, whether anything was told or not. */
const checkedWithin = 35_000;
const named = (prefix: string) => Array.from({ length: users }, (_, i) => `${prefix}-${i}`);

Deno.test("20 calls a second by each of UDP and TCP, from 200 users of one node to 400 of the other: none is lost", async (t) => {
  const [callers, byUdp, byTcp] = ["caller", "udp", "tcp"].map(named);
  await using nodes = await startRedisNodes({ agents: [...callers, ...byUdp, ...byTcp] });
  const { redis, a, b } = nodes;
  let addedAt = Infinity;
  const rows = (users: readonly string[]): CallRow[] => users.map((user) => ({ user }));
  const calls = (callees: readonly string[]): CallRow[] =>
    callers.map((user, i) => ({ user, callee: callees[i] }));

  await t.step("calls", async () => {
    const options = { calls: users, rate: 100, seconds: 60 };
    await assertSipp("register", { ...options, server: b.port, rows: rows(callers) });
    const udpPort = await registered({ ...options, server: a.port, rows: rows(byUdp) });
    await using udpPhones = await startSipp("answer", { ...options, server: a.port, port: udpPort });
    const callId = "%u-load@127.0.0.1";
    await using tcpPhones = await startSipp("register_and_answer", {
      ...options,
      server: a.port,
      transport: "tcp",
      callId,
      rows: rows(byTcp),
    });
    await tcpPhones.logged("registered", users);
    await until(async () => (await contactsAt(b, `tcp-${users - 1}`)).length === 1);
    // Long after the nodes have read everything. Redis does not report it, so that it is found by looking.
    await addAgents(redis, ["newcomer"]);
    addedAt = performance.now();
    const [udp, tcp] = await Promise.all([
      assertSipp("call", { ...options, rate, server: b.port, rows: calls(byUdp) }),
      assertSipp("call", { ...options, rate, server: b.port, callId, rows: calls(byTcp) }),
    ]);
    assert.deepEqual([udp.successful, tcp.successful], [users, users]);
    assertAllCalls(await udpPhones.result(), users);
    assertAllCalls(await tcpPhones.result(), users);
  });

  await t.step("an agent that was added to a Redis that tells nothing registers at both nodes", async () => {
    for (const node of [a, b]) {
      const remaining = addedAt + checkedWithin - performance.now();
      await until(async () => {
        await using phone = await phoneAt(node, { user: "newcomer", protocol: "udp" });
        return (await tryRegister(phone)).startsWith("SIP/2.0 200");
      }, remaining);
    }
  });
});

/** Registers users from one port, and returns it. */
async function registered(
  options: { server: number; calls: number; rate: number; seconds: number; rows: readonly CallRow[] },
): Promise<number> {
  await using sipp = await startSipp("register", options);
  assertAllCalls(await sipp.result(), options.calls);
  return sipp.port;
}
