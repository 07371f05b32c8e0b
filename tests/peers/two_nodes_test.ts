// Two routr processes with one Redis are one server to their users: calls between phones that registered at either.

import assert from "node:assert/strict";
import { fromCaller, header } from "../support/sip_text.ts";
import { type Baresip, type BaresipOptions, registeredBaresip } from "./baresip.ts";
import type { Protocol } from "./matrix/way.ts";
import {
  addressOf,
  cancel,
  change,
  contactsAt,
  contactsIn,
  establish,
  expectCancelled,
  hangUp,
  known,
  phoneAt,
  refuse,
  registeredAt,
  sendWithin,
  tryRegister,
  unanswered,
} from "./nodes/node_phone.ts";
import { addAgents, bindingsIn, startRedisNode, startRedisNodes } from "./nodes/redis_nodes.ts";
import type { RoutrNode } from "./nodes/routr_node.ts";
import { until } from "./nodes/until.ts";

/** One for each phone, so that no step meets what another has left. */
const agents = Array.from({ length: 80 }, (_, i) => `user-${i}`);
const nodeNames = ["a", "b"] as const;

/** By protocol: how many servers the INVITE passes between nodes. Only UDP phones without NAT are called directly. */
const hopsTo = (protocol: Protocol) => protocol === "udp" ? 1 : 2;

Deno.test("Two nodes with one Redis", async (t) => {
  await using nodes = await startRedisNodes({ agents, notifies: true });
  const { redis, a, b } = nodes;
  const unused = [...agents];
  const newUser = () => unused.shift()!;

  for (const calleeBy of ["udp", "tcp"] as const) {
    for (const callerBy of ["udp", "tcp"] as const) {
      for (const name of nodeNames) {
        await t.step(`baresip at ${name} by ${callerBy} calls baresip at a by ${calleeBy}`, async () => {
          const user = newUser();
          await using callee = await baresipAt(a, { user, transport: calleeBy });
          await using caller = await baresipAt(nodes[name], { user: newUser(), transport: callerBy });
          await until(async () => (await contactsAt(nodes[name], user)).length === 1);
          await callsOfEveryKind(caller, callee, user);
        });
      }
    }
  }

  for (const calleeBy of ["udp", "tcp", "ws"] as const) {
    for (const callerBy of ["udp", "tcp", "ws"] as const) {
      await t.step(`${callerBy} at b calls ${calleeBy} at a: all that happens in calls`, async () => {
        await using callee = await registeredAt(a, { user: newUser(), protocol: calleeBy });
        await using caller = await registeredAt(b, { user: newUser(), protocol: callerBy });
        await known(b, caller, callee);
        const hops = hopsTo(calleeBy);
        const call = await establish(caller, callee, hops);
        await change(call);
        await hangUp(call, "caller");
        await hangUp(await establish(caller, callee, hops), "callee");
        await cancel(caller, callee);
        await refuse(caller, callee, hops);
      });
    }
  }

  await t.step("a UDP phone behind NAT is called from the other node by the way it registered", async () => {
    const sentBy = "192.0.2.77:5060";
    await using callee = await registeredAt(a, { user: newUser(), protocol: "udp", sentBy });
    await using caller = await registeredAt(b, { user: newUser(), protocol: "udp" });
    await known(b, caller, callee);
    const call = await establish(caller, callee, 2);
    assert.equal(header(call.invite, "Via").split(";")[0], `SIP/2.0/UDP ${a.address}`);
    await change(call);
    await hangUp(call, "callee");
    await hangUp(await establish(caller, callee, 2), "caller");
    await cancel(caller, callee);
  });

  for (const name of nodeNames) {
    await t.step(`a user with a phone at each node: a call at ${name} rings both, one answers`, async () => {
      const user = newUser();
      await using first = await registeredAt(a, { user, protocol: "tcp" });
      await using second = await registeredAt(b, { user, protocol: "tcp" });
      await using caller = await registeredAt(nodes[name], { user: newUser(), protocol: "udp" });
      await until(async () => (await contactsAt(nodes[name], user)).length === 2);
      const sent = await caller.invite(addressOf(user));
      const invites = { a: await first.expect("INVITE"), b: await second.expect("INVITE") };
      await first.answer(invites.a, "180 Ringing");
      await second.answer(invites.b, "180 Ringing");
      await caller.expect("180");
      await caller.expect("180");
      const [winner, loser] = name === "a" ? [second, first] : [first, second];
      const [won, lost] = name === "a" ? [invites.b, invites.a] : [invites.a, invites.b];
      await winner.answer(won, "200 OK");
      const ok = await caller.expect("200");
      await sendWithin(caller, fromCaller("ACK", { invite: sent, ok }));
      await winner.expect("ACK");
      await expectCancelled(loser, lost);
      await hangUp({ caller, callee: winner, invite: won, ok }, "callee");
      await loser.expectNothing(50);
      await caller.expectNothing(0);
    });
  }

  await t.step("a phone that moves to the other node is called there only", async () => {
    const user = newUser();
    const contact = `Contact: <sip:${user}@192.0.2.78:5060>\nExpires: 600`;
    await using before = await phoneAt(a, { user, protocol: "tcp" });
    await using after = await phoneAt(b, { user, protocol: "tcp" });
    await before.register(contact);
    await until(async () => (await contactsAt(b, user)).length === 1);
    await after.register(contact);
    const nodesOf = async () => (await bindingsIn(redis, user)).map(({ entry }) => entry.node.address).join();
    await until(async () => await nodesOf() === b.address);
    for (const name of nodeNames) {
      await using caller = await registeredAt(nodes[name], { user: newUser(), protocol: "udp" });
      const hops = name === "b" ? 1 : 2;
      await until(async () => (await contactsAt(nodes[name], user)).length === 1);
      await refuse(caller, after, hops);
    }
    await before.expectNothing(50);
  });

  await t.step("what was registered at one node is removed at the other", async () => {
    const user = newUser();
    await using phone = await registeredAt(a, { user, protocol: "tcp" });
    await using other = await registeredAt(a, { user, protocol: "udp" });
    await until(async () => (await contactsAt(b, user)).length === 2);
    await using away = await phoneAt(b, { user, protocol: "udp" });
    const left = await away.register(`Contact: <${phone.contact}>;expires=0`);
    assert.deepEqual(contactsIn(left), [other.contact]);
    await until(async () => (await contactsAt(a, user)).length === 1);
    assert.deepEqual(contactsIn(await away.register("Contact: *\nExpires: 0")), []);
    await until(async () => (await contactsAt(a, user)).length === 0);
    assert.deepEqual(await bindingsIn(redis, user), []);
    await using caller = await registeredAt(a, { user: newUser(), protocol: "udp" });
    assert.match(await unanswered(caller, user), /^SIP\/2\.0 480 /);
    await phone.expectNothing(50);
    await other.expectNothing(0);
  });

  await t.step(
    "an agent that an operator adds with redis-cli registers at both within a second",
    async () => {
      await addAgents(redis, ["newcomer"]);
      for (const name of nodeNames) {
        await until(async () => {
          await using phone = await phoneAt(nodes[name], { user: "newcomer", protocol: "udp" });
          return (await tryRegister(phone)).startsWith("SIP/2.0 200");
        }, 1_000);
      }
    },
  );

  await t.step("a third process with the address of another says so in the log", async () => {
    await using third = await startRedisNode(redis, { nodeAddr: a.address });
    const line = await third.logged(/Another node has the address/, 8_000);
    assert.ok(line.includes(a.address) && line.includes("nodeAddr"), line);
  });
});

function baresipAt({ port }: RoutrNode, options: Omit<BaresipOptions, "server">): Promise<Baresip> {
  return registeredBaresip({ ...options, server: port });
}

/** Either hangs up; the caller gives up while it rings; the callee is busy. */
async function callsOfEveryKind(caller: Baresip, callee: Baresip, user: string): Promise<void> {
  for (const [one, other] of [[caller, callee], [callee, caller]]) {
    await caller.dial(user);
    await callee.event("CALL_INCOMING");
    await caller.event("CALL_RINGING");
    await callee.accept();
    await caller.event("CALL_ESTABLISHED");
    await callee.event("CALL_ESTABLISHED");
    await one.hangUp();
    await one.event("CALL_CLOSED");
    await other.event("CALL_CLOSED");
  }
  await caller.dial(user);
  await callee.event("CALL_INCOMING");
  await caller.event("CALL_RINGING");
  await caller.hangUp();
  await caller.event("CALL_CLOSED");
  await callee.event("CALL_CLOSED");
  await callee.sipLine(/^CANCEL /);
  await caller.sipLine(/^SIP\/2\.0 487 /);
  await caller.dial(user);
  await callee.event("CALL_INCOMING");
  await callee.hangUp();
  assert.match((await caller.event("CALL_CLOSED")).param ?? "", /^486 /);
}
