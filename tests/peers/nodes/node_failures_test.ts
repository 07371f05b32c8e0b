// Two nodes after one of them, or their Redis, was killed.

import assert from "node:assert/strict";
import { fromCaller } from "../../support/sip_text.ts";
import { registeredBaresip } from "../baresip.ts";
import {
  contactsAt,
  establish,
  hangUp,
  known,
  phoneAt,
  registeredAt,
  sendWithin,
  tryRegister,
  unanswered,
} from "./node_phone.ts";
import { bindingsIn, dialogsIn, startRedisNode, startRedisNodes } from "./redis_nodes.ts";
import { until } from "./until.ts";

/** Milliseconds until a node without a sign of life counts as dead, and then some. */
const deadWithin = 12_000;
/** Milliseconds until what was removed while Redis was away is forgotten everywhere, and then some. */
const forgottenWithin = 12_000;

Deno.test("a node is killed: the other serves its users, and cleans up", async () => {
  const agents = ["alice", "bob", "carol", "dora", "erik", "bare"];
  await using nodes = await startRedisNodes({ agents });
  const { redis, a, b } = nodes;
  await using alice = await registeredAt(b, { user: "alice", protocol: "udp" });
  await using bob = await registeredAt(b, { user: "bob", protocol: "tcp" });
  const carol = await registeredAt(a, { user: "carol", protocol: "tcp" });
  await using dora = await registeredAt(a, { user: "dora", protocol: "udp" });
  await using bare = await registeredBaresip({ user: "bare", server: a.port, transport: "tcp" });
  await known(b, carol, dora);
  await until(async () => (await contactsAt(b, "bare")).length === 1);
  await until(async () => (await bindingsIn(redis, "carol")).length === 1);
  const call = await establish(alice, bob, 1);
  const other = await establish(bob, alice, 1);
  const lost = await establish(alice, carol, 2);
  const direct = await establish(alice, dora, 1);
  await until(async () => await dialogsIn(redis, a) === 1);

  await a.kill();
  const killedAt = performance.now();
  await carol[Symbol.asyncDispose]();
  await hangUp(call, "caller");
  await hangUp(other, "callee");
  // Between phones that B reaches by itself, nothing has happened.
  await hangUp(direct, "callee");
  await hangUp(await establish(bob, alice, 1), "caller");
  await hangUp(await establish(alice, dora, 1), "callee");

  // A baresip listens where it registered, so that others than its dead node can reach it.
  await alice.invite("sip:bare@sip.local");
  await bare.event("CALL_INCOMING");
  await bare.hangUp();
  await alice.expect("180");
  await alice.expect("486");

  await until(async () => (await contactsAt(b, "carol")).length === 0, deadWithin);
  assert.match(await unanswered(alice, "carol"), /^SIP\/2\.0 480 /);
  await until(async () => (await bindingsIn(redis, "carol")).length === 0, deadWithin);
  const milliseconds = performance.now() - killedAt;
  assert.ok(milliseconds < deadWithin, `It took ${milliseconds} ms`);
  await b.logged(new RegExp(`Node ${a.address} is gone`));
  // What B reaches by itself has no need of A.
  await hangUp(await establish(alice, dora, 1), "caller");

  await a.start();
  await b.logged(new RegExp(`Node ${a.address} is there`));
  // Its call went by a connection that ended with the process, which is told at once (RFC 5626 §5.3.1).
  await sendWithin(alice, fromCaller("BYE", { ...lost, cseq: 100 }));
  await alice.expect("430");
  await using carolAgain = await registeredAt(a, { user: "carol", protocol: "tcp" });
  await known(b, carolAgain);
  await hangUp(await establish(alice, carolAgain, 2), "callee");
  await using erik = await registeredAt(a, { user: "erik", protocol: "tcp" });
  await hangUp(await establish(erik, bob, 2), "caller");
});

Deno.test("a node is started anew before it counts as dead: what ended with it is known to the other at once", async () => {
  await using nodes = await startRedisNodes({ agents: ["alice", "carol", "nat"] });
  const { redis, a, b } = nodes;
  await using alice = await registeredAt(b, { user: "alice", protocol: "udp" });
  await using nat = await registeredAt(a, { user: "nat", protocol: "udp", sentBy: "192.0.2.77:5060" });
  {
    await using carol = await registeredAt(a, { user: "carol", protocol: "tcp" });
    await known(b, carol, nat);
    await a.kill();
  }
  await a.start();
  await until(async () => (await contactsAt(b, "carol")).length === 0);
  assert.match(await unanswered(alice, "carol"), /^SIP\/2\.0 480 /);
  await until(async () => (await bindingsIn(redis, "carol")).length === 0);
  // A datagram finds its way by any process at the address, and the phone behind NAT has not noticed.
  await hangUp(await establish(alice, nat, 2), "caller");
});

Deno.test("Redis is killed: both nodes serve, and know of each other's registrations when it is back", async () => {
  const agents = ["alice", "bob", "carol", "dora", "erik", "fred"];
  await using nodes = await startRedisNodes({ agents });
  const { redis, a, b } = nodes;
  await using alice = await registeredAt(a, { user: "alice", protocol: "tcp" });
  await using bob = await registeredAt(b, { user: "bob", protocol: "tcp" });
  await using carol = await registeredAt(a, { user: "carol", protocol: "udp" });
  await using erik = await registeredAt(b, { user: "erik", protocol: "tcp" });
  await known(b, alice, carol);
  await known(a, bob, erik);
  const call = await establish(alice, bob, 2);

  await redis.kill();
  for (const node of [a, b]) await node.logged(/Lost Redis/);
  await hangUp(call, "callee");
  for (let i = 0; i < 3; i++) {
    await hangUp(await establish(alice, bob, 2), "caller");
    await hangUp(await establish(bob, alice, 2), "callee");
    await hangUp(await establish(bob, carol, 1), "caller");
  }
  await using dora = await phoneAt(a, { user: "dora", protocol: "tcp" });
  assert.match(await tryRegister(dora), /^SIP\/2\.0 200 /);
  await using fred = await phoneAt(b, { user: "fred", protocol: "udp" });
  assert.match(await tryRegister(fred), /^SIP\/2\.0 200 /);
  await erik.register("Contact: *\nExpires: 0");
  await hangUp(await establish(alice, dora, 1), "caller");

  await redis.restart();
  for (const node of [a, b]) await node.logged(/Redis at .* is back/);
  await known(b, dora);
  await known(a, fred);
  await until(async () => (await contactsAt(a, "erik")).length === 0, forgottenWithin);
  await hangUp(await establish(bob, dora, 2), "callee");
  await hangUp(await establish(alice, fred, 1), "callee");
  await hangUp(await establish(alice, bob, 2), "callee");
  assert.match(await unanswered(alice, "erik"), /^SIP\/2\.0 480 /);
});

Deno.test("a node that finds Redis read-only waits for it, and then shares what is registered", async () => {
  await using nodes = await startRedisNodes({ agents: ["alice", "bob"] });
  const { redis, b } = nodes;
  await redis.run("DEL", "routr:key");
  await redis.run("CONFIG", "SET", "min-replicas-to-write", "1");
  const starting = startRedisNode(redis);
  await new Promise((resolve) => setTimeout(resolve, 3000));
  await redis.run("CONFIG", "SET", "min-replicas-to-write", "0");
  await using late = await starting;
  assert.match(late.output, /Waiting for Redis at .*read-only/);
  await using alice = await registeredAt(late, { user: "alice", protocol: "udp" });
  await known(b, alice);
});
