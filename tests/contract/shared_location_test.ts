/** Bindings that several nodes share by a real Redis. */
import assert from "node:assert/strict";
import type { Binding, BindingFlow } from "../../src/location/binding.ts";
import type { BindingRecord, NodeRecord } from "../../src/location/binding_record.ts";
import { LocationService } from "../../src/location/location_service.ts";
import { clusterKey, restoreClusterKey } from "../../src/location/redis/cluster_key.ts";
import { NodeTable } from "../../src/location/redis/node_table.ts";
import { RedisBindingExchange } from "../../src/location/redis/redis_binding_exchange.ts";
import { SharedLocation } from "../../src/location/shared_location.ts";
import { type Clock, systemClock } from "../../src/runtime/clock.ts";
import { RedisConnection } from "../../src/runtime/redis/redis_connection.ts";
import { TimerWheel } from "../../src/runtime/timer_wheel.ts";
import { bindingTo } from "../support/bindings.ts";
import { type RedisServer, startRedis } from "../support/redis_server.ts";
import { pause } from "../support/pause.ts";

const SECRET = "secret of the nodes";

interface TestFlow extends BindingFlow {
  readonly name: string;
  readonly node: NodeRecord;
}

let number = 0;

/** The location service of one of several servers. A flow named `tcp…` ends with its process. */
class Node implements AsyncDisposable {
  readonly location: LocationService<TestFlow>;
  readonly connection: RedisConnection;
  readonly self: NodeRecord;
  readonly #wheel = new TimerWheel(systemClock);
  readonly #nodes: NodeTable;
  readonly #shared: SharedLocation<TestFlow>;
  #isStopped = false;

  constructor(redis: RedisServer, address: string, clock: Clock) {
    this.self = { address, epoch: `epoch${++number}` };
    this.location = new LocationService(systemClock, this.#wheel);
    this.connection = new RedisConnection({
      host: "127.0.0.1",
      port: redis.port,
      db: 0,
      tls: false,
      max_retry: -1,
      retry_interval: 0.2,
      timeout: 1000,
    });
    this.#nodes = new NodeTable({
      connection: this.connection,
      clock,
      wheel: this.#wheel,
      self: this.self,
      lifetimeMs: 600,
      onChange: () => void this.#shared.compare(),
      onForgotten: () => void restoreClusterKey(this.connection, SECRET),
    });
    this.#shared = new SharedLocation({
      location: this.location,
      exchange: new RedisBindingExchange(this.connection),
      nodes: this.#nodes,
      clock,
      wheel: this.#wheel,
      onAdopted: () => {},
      flows: {
        describe: ({ name }) => ({
          protocol: name,
          local: address,
          remoteAddress: "192.0.2.9",
          remotePort: 5060,
          token: name,
        }),
        find: (record) => this.#find(record),
      },
    });
  }

  static async start(redis: RedisServer, address: string, clock: Clock = systemClock): Promise<Node> {
    const node = new Node(redis, address, clock);
    await node.connection.ready(5000);
    await node.#nodes.start();
    await node.#shared.start();
    return node;
  }

  compare(): Promise<void> {
    return this.#shared.compare();
  }

  flow(name: string): TestFlow {
    return { id: ++number, isOpen: true, isConnection: name.startsWith("tcp"), name, node: this.self };
  }

  #find({ flow: { token }, node = this.self }: BindingRecord): TestFlow | undefined {
    const isOver = token.startsWith("tcp") &&
      (this.#nodes.isOver(node) || !this.#nodes.isAlive(node.address));
    if (isOver) return undefined;
    const nodes = this.#nodes;
    return {
      id: ++number,
      isConnection: false,
      name: token,
      node,
      get isOpen() {
        return nodes.isAlive(node.address) && !(token.startsWith("tcp") && nodes.isOver(node));
      },
    };
  }

  binding(contact: string, parts: Partial<Binding<TestFlow>> = {}): Binding<TestFlow> {
    const now = systemClock.now();
    const times = { updatedAt: now, expiresAt: now + 60_000 };
    return bindingTo(contact, { flow: this.flow("udp"), ...times, ...parts });
  }

  /** Returns `contact by node`, sorted. */
  contacts(aor: string): string[] {
    return this.location.lookup(aor).map(({ contact, flow }) => `${contact} by ${flow.node.address}`).sort();
  }

  async until(aor: string, expected: readonly string[]): Promise<void> {
    const end = performance.now() + 10_000;
    while (performance.now() < end) {
      if (JSON.stringify(this.contacts(aor)) === JSON.stringify(expected)) return;
      await pause(10);
    }
    assert.deepEqual(this.contacts(aor), expected);
  }

  /** Ends as by SIGKILL, without a message. */
  die(): void {
    this.#isStopped = true;
    this.connection.close();
    this.#wheel.clear();
  }

  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    await this.#shared.stop();
    await this.#nodes.stop();
    this.connection.close();
    this.#wheel.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Returns the keys of bindings, without removed ones. */
async function keysOf(redis: RedisServer): Promise<string[]> {
  const keys = await redis.run("KEYS", "routr:binding:*");
  if (keys === "") return [];
  const values = await Promise.all(keys.split("\n").map(async (key) => [key, await redis.run("GET", key)]));
  return values.filter(([, value]) => !value.includes('"gone":true')).map(([key]) => key);
}

async function untilKeys(redis: RedisServer, count: number): Promise<void> {
  const end = performance.now() + 10_000;
  while ((await keysOf(redis)).length !== count && performance.now() < end) await pause(50);
  assert.equal((await keysOf(redis)).length, count);
}

Deno.test("shared location: what is registered at one node is known at the other, and so is its end", async () => {
  await using redis = await startRedis();
  await using a = await Node.start(redis, "a");
  await using b = await Node.start(redis, "b");
  const one = a.binding("sip:1@x");
  a.location.replace("sip:john@x", [one, a.binding("sip:2@x")]);
  await b.until("sip:john@x", ["sip:1@x by a", "sip:2@x by a"]);
  a.location.replace("sip:john@x", [one]);
  await b.until("sip:john@x", ["sip:1@x by a"]);
  b.location.replace("sip:john@x", []);
  await a.until("sip:john@x", []);
  assert.deepEqual(await keysOf(redis), []);
});

Deno.test("shared location: a device that moves from node to node has one binding, the latest", async () => {
  await using redis = await startRedis();
  await using a = await Node.start(redis, "a");
  await using b = await Node.start(redis, "b");
  a.location.replace("sip:john@x", [a.binding("sip:1@x")]);
  await b.until("sip:john@x", ["sip:1@x by a"]);
  b.location.replace("sip:john@x", [b.binding("sip:1@x", { cseq: 2 })]);
  await a.until("sip:john@x", ["sip:1@x by b"]);
  assert.equal((await keysOf(redis)).length, 1);
});

Deno.test("shared location: registrations at two nodes at once are both kept", async () => {
  await using redis = await startRedis();
  await using a = await Node.start(redis, "a");
  await using b = await Node.start(redis, "b");
  a.location.replace("sip:john@x", [a.binding("sip:1@x")]);
  b.location.replace("sip:john@x", [b.binding("sip:2@x")]);
  const both = ["sip:1@x by a", "sip:2@x by b"];
  await a.until("sip:john@x", both);
  await b.until("sip:john@x", both);
});

Deno.test("shared location: what arrives late does not undo what is newer (§10.3 step 7)", async () => {
  await using redis = await startRedis();
  await using a = await Node.start(redis, "a");
  await using b = await Node.start(redis, "b");
  b.location.replace("sip:john@x", [b.binding("sip:1@x", { cseq: 5 })]);
  await a.until("sip:john@x", ["sip:1@x by b"]);
  a.location.replace("sip:john@x", [a.binding("sip:1@x", { cseq: 4 })]);
  await pause(200);
  assert.deepEqual(b.contacts("sip:john@x"), ["sip:1@x by b"]);
  const [key] = await keysOf(redis);
  assert.match(await redis.run("GET", key), /"cseq":5/);
});

Deno.test("shared location: every binding expires in Redis by itself", async () => {
  await using redis = await startRedis();
  await using a = await Node.start(redis, "a");
  await using b = await Node.start(redis, "b");
  const expiresAt = systemClock.now() + 700;
  a.location.replace("sip:john@x", [a.binding("sip:short@x", { expiresAt }), a.binding("sip:long@x")]);
  await b.until("sip:john@x", ["sip:long@x by a", "sip:short@x by a"]);
  await b.until("sip:john@x", ["sip:long@x by a"]);
  const keys = await keysOf(redis);
  assert.deepEqual(keys.map((key) => key.replace("routr:binding:", "")), ["{sip:john@x}sip:long@x"]);
  const lifetime = Number(await redis.run("PTTL", keys[0]));
  assert.ok(lifetime > 50_000 && lifetime <= 60_000, `${lifetime}`);
});

Deno.test("shared location: a node that comes later knows everything when it has started", async () => {
  await using redis = await startRedis();
  await using a = await Node.start(redis, "a");
  for (let i = 0; i < 3000; i++) a.location.replace(`sip:${i}@x`, [a.binding(`sip:${i}@y`)]);
  await using b = await Node.start(redis, "b");
  await b.until("sip:2999@x", ["sip:2999@y by a"]);
  assert.equal([...b.location.entries()].length, 3000);
});

Deno.test("shared location: Redis is killed and comes back; both nodes served, and agree again", async () => {
  await using redis = await startRedis();
  await using a = await Node.start(redis, "a");
  await using b = await Node.start(redis, "b");
  a.location.replace("sip:john@x", [a.binding("sip:1@x")]);
  await b.until("sip:john@x", ["sip:1@x by a"]);
  await redis.kill();
  a.location.replace("sip:john@x", []);
  a.location.replace("sip:mary@x", [a.binding("sip:2@x")]);
  b.location.replace("sip:jack@x", [b.binding("sip:3@x")]);
  // Longer than the lifetime of a node: none counts as dead while Redis is away.
  await pause(1000);
  assert.deepEqual(b.contacts("sip:john@x"), ["sip:1@x by a"]);
  await redis.restart();
  await b.until("sip:mary@x", ["sip:2@x by a"]);
  await a.until("sip:jack@x", ["sip:3@x by b"]);
  await b.until("sip:john@x", []);
});

Deno.test("shared location: a Redis that has lost everything learns it again", async () => {
  await using redis = await startRedis();
  await using a = await Node.start(redis, "a");
  await using b = await Node.start(redis, "b");
  a.location.replace("sip:john@x", [a.binding("sip:1@x")]);
  b.location.replace("sip:mary@x", [b.binding("sip:2@x")]);
  await b.until("sip:john@x", ["sip:1@x by a"]);
  await a.until("sip:mary@x", ["sip:2@x by b"]);
  await redis.run("FLUSHALL");
  await redis.kill();
  await redis.restart();
  await untilKeys(redis, 2);
  assert.deepEqual(b.contacts("sip:john@x"), ["sip:1@x by a"]);
  assert.deepEqual(a.contacts("sip:mary@x"), ["sip:2@x by b"]);
});

Deno.test("shared location: the secret of all nodes is put back where Redis has lost it", async () => {
  await using redis = await startRedis();
  await using a = await Node.start(redis, "a");
  await redis.run("FLUSHALL");
  const end = performance.now() + 5000;
  while (await redis.run("GET", "routr:key") === "" && performance.now() < end) await pause(50);
  assert.equal(await clusterKey(a.connection), SECRET);
});

Deno.test("shared location: when a node dies, nobody is sent there, and its connections are cleaned up", async () => {
  await using redis = await startRedis();
  const a = await Node.start(redis, "a");
  await using b = await Node.start(redis, "b");
  const flow = a.flow("tcp");
  a.location.replace("sip:john@x", [a.binding("sip:tcp@x", { flow }), a.binding("sip:udp@x")]);
  await b.until("sip:john@x", ["sip:tcp@x by a", "sip:udp@x by a"]);
  a.die();
  await b.until("sip:john@x", []);
  await untilKeys(redis, 1);
  assert.deepEqual((await keysOf(redis)).map((key) => key.replace(/.*}/, "")), ["sip:udp@x"]);
  // Another process at the same address receives its datagrams, but has none of its connections.
  await using again = await Node.start(redis, "a");
  await b.until("sip:john@x", ["sip:udp@x by a"]);
  assert.deepEqual(again.contacts("sip:john@x"), ["sip:udp@x by a"]);
});

Deno.test("shared location: a node with a wrong clock does no harm", async () => {
  await using redis = await startRedis();
  await using a = await Node.start(redis, "a");
  a.location.replace("sip:john@x", [a.binding("sip:1@x")]);
  await untilKeys(redis, 1);
  for (const minutes of [120, -120]) {
    const clock = { ...systemClock, wallTime: () => Date.now() + minutes * 60_000 };
    await using b = await Node.start(redis, `b${minutes}`, clock);
    await b.until("sip:john@x", ["sip:1@x by a"]);
    const left = b.location.lookup("sip:john@x")[0].expiresAt - systemClock.now();
    assert.ok(left > 50_000 && left <= 60_000, `${left}`);
    b.location.replace("sip:mary@x", [b.binding("sip:2@x")]);
    await a.until("sip:mary@x", [`sip:2@x by b${minutes}`]);
    const leftThere = a.location.lookup("sip:mary@x")[0].expiresAt - systemClock.now();
    assert.ok(leftThere > 50_000 && leftThere <= 60_000, `${leftThere}`);
    b.location.replace("sip:mary@x", []);
    await a.until("sip:mary@x", []);
  }
  assert.equal((await keysOf(redis)).length, 1);
  assert.deepEqual(a.contacts("sip:john@x"), ["sip:1@x by a"]);
});

Deno.test("shared location: what another release has written is left alone", async () => {
  await using redis = await startRedis();
  const record = { aor: "sip:john@x", id: "sip:1@x", contact: "sip:1@x", callId: "c", cseq: 1, q: "high" };
  await redis.run("SET", "routr:binding:{sip:john@x}sip:1@x", JSON.stringify(record));
  await using a = await Node.start(redis, "a");
  await a.compare();
  assert.equal((await keysOf(redis)).length, 1);
  assert.deepEqual(a.contacts("sip:john@x"), []);
});

Deno.test("shared location: a node that was held up and counted as dead has its connections again", async () => {
  await using redis = await startRedis();
  await using a = await Node.start(redis, "a");
  await using b = await Node.start(redis, "b");
  a.location.replace("sip:john@x", [a.binding("sip:1@x", { flow: a.flow("tcp") })]);
  await b.until("sip:john@x", ["sip:1@x by a"]);
  await pause(700);
  // The key expires.
  for (let i = 0; i < 100 && b.contacts("sip:john@x").length > 0; i++) {
    await redis.run("DEL", "routr:node:a");
    await pause(5);
  }
  assert.deepEqual(a.contacts("sip:john@x"), ["sip:1@x by a"]);
  await b.until("sip:john@x", ["sip:1@x by a"]);
  await untilKeys(redis, 1);
});

Deno.test("shared location: what a node was late to tell does not undo a later registration elsewhere", async () => {
  await using redis = await startRedis();
  await using a = await Node.start(redis, "a");
  await using b = await Node.start(redis, "b");
  const old = a.binding("sip:1@x", { callId: "old" });
  await pause(20);
  b.location.replace("sip:john@x", [b.binding("sip:1@x", { callId: "new" })]);
  await a.until("sip:john@x", ["sip:1@x by b"]);
  a.location.replace("sip:john@x", [old]);
  await pause(200);
  await a.compare();
  await a.until("sip:john@x", ["sip:1@x by b"]);
  assert.deepEqual(b.contacts("sip:john@x"), ["sip:1@x by b"]);
});

Deno.test("shared location: an un-REGISTER is in force at a node that did not hear of it", async () => {
  await using redis = await startRedis();
  await using a = await Node.start(redis, "a");
  await using b = await Node.start(redis, "b");
  const one = a.binding("sip:1@x");
  a.location.replace("sip:john@x", [one]);
  await b.until("sip:john@x", ["sip:1@x by a"]);
  b.location.replace("sip:john@x", []);
  await a.until("sip:john@x", []);
  a.location.adopt("sip:john@x", [one]);
  await a.compare();
  assert.deepEqual(a.contacts("sip:john@x"), []);
  // The device may register again at once, and count from 1.
  a.location.replace("sip:john@x", [a.binding("sip:1@x")]);
  await b.until("sip:john@x", ["sip:1@x by a"]);
});

Deno.test("shared location: a connection that ends takes its binding along, and not what came after it", async () => {
  await using redis = await startRedis();
  await using a = await Node.start(redis, "a");
  await using b = await Node.start(redis, "b");
  const flow = a.flow("tcp");
  a.location.replace("sip:john@x", [a.binding("sip:1@x", { flow })]);
  a.location.replace("sip:mary@x", [a.binding("sip:2@x", { flow })]);
  await b.until("sip:mary@x", ["sip:2@x by a"]);
  b.location.replace("sip:mary@x", [b.binding("sip:2@x", { callId: "another" })]);
  a.location.removeConnection(flow);
  await b.until("sip:john@x", []);
  await a.until("sip:mary@x", ["sip:2@x by b"]);
  assert.deepEqual(b.contacts("sip:mary@x"), ["sip:2@x by b"]);
  await untilKeys(redis, 1);
});

Deno.test("shared location: what others write to the channel and the keys does no harm", async () => {
  await using redis = await startRedis();
  await using a = await Node.start(redis, "a");
  a.location.replace("sip:john@x", [a.binding("sip:1@x")]);
  const message = { node: { address: "b", epoch: "e" }, aor: "sip:john@x", entries: [5, {}], lost: [{}] };
  for (const text of ["", "{", "[]", '{"node":5}', JSON.stringify(message)]) {
    await redis.run("PUBLISH", "routr:bindings", text);
  }
  await redis.run("SET", "routr:binding:{sip:john@x}sip:9@x", "{");
  await redis.run("SET", "routr:binding:nothing", "null");
  await redis.run("LPUSH", "routr:binding:{sip:john@x}list", "x");
  await using b = await Node.start(redis, "b");
  await b.until("sip:john@x", ["sip:1@x by a"]);
  assert.deepEqual(a.contacts("sip:john@x"), ["sip:1@x by a"]);
});
