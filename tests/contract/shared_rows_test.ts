/** Rows of nodes in a real Redis. */
import assert from "node:assert/strict";
import { SharedRows } from "../../src/location/redis/shared_rows.ts";
import { RedisConnection } from "../../src/runtime/redis/redis_connection.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { logged } from "../support/log_lines.ts";
import { pause } from "../support/pause.ts";
import { type RedisServer, startRedis } from "../support/redis_server.ts";

function connect(redis: RedisServer): RedisConnection {
  return new RedisConnection({
    host: "127.0.0.1",
    port: redis.port,
    db: 0,
    tls: false,
    max_retry: -1,
    retry_interval: 0.2,
    timeout: 1000,
  });
}

async function texts(rows: SharedRows): Promise<string[]> {
  return (await rows.load()).map(({ key, text }) => `${key} ${text}`).sort();
}

Deno.test("rows in Redis: the latest of each key, those of this node, until they expire or are removed", async () => {
  await using redis = await startRedis();
  const connection = connect(redis);
  await connection.ready();
  const clock = new FakeClock();
  const one = new SharedRows(connection, clock, () => "[2001:db8::1]:5060");
  const other = new SharedRows(connection, clock, () => "192.0.2.2:5060");
  const expiresAt = clock.wallTime() + 60_000;
  one.write([{ key: "a", text: "first", expiresAt }, { key: "b", text: "b", expiresAt }]);
  other.write([{ key: "a", text: "of the other", expiresAt }]);
  one.write([
    { key: "a", text: "second", expiresAt },
    { key: "b", text: "", expiresAt: 0 },
    { key: "c", text: "over", expiresAt: clock.wallTime() - 1 },
  ]);
  // Commands of one connection are answered in order.
  assert.deepEqual(await texts(one), ["a second"]);
  assert.deepEqual(await texts(other), ["a of the other"]);
  connection.close();
  assert.deepEqual(await texts(one), []);
});

Deno.test("rows that change while Redis is away are as they were written last when it is back", async () => {
  await using redis = await startRedis();
  const connection = connect(redis);
  await connection.ready();
  const clock = new FakeClock();
  const rows = new SharedRows(connection, clock, () => "192.0.2.1:5060");
  const expiresAt = clock.wallTime() + 60_000;
  rows.write(["a", "b", "c"].map((key) => ({ key, text: "before", expiresAt })));
  assert.deepEqual(await texts(rows), ["a before", "b before", "c before"]);
  await redis.kill();
  const lines = await logged("warning", async () => {
    rows.write([{ key: "a", text: "", expiresAt: 0 }, { key: "b", text: "meanwhile", expiresAt }]);
    rows.write([{ key: "b", text: "later", expiresAt }, { key: "d", text: "new", expiresAt }]);
    await pause(100);
    rows.write([{ key: "d", text: "newer", expiresAt }]);
    await pause(100);
  });
  assert.equal(lines.filter((line) => line.includes("not stored in Redis")).length, 1, lines.join("\n"));
  await redis.restart();
  await connection.ready();
  for (let i = 0; i < 100 && (await texts(rows)).length !== 3; i++) await pause(20);
  assert.deepEqual(await texts(rows), ["b later", "c before", "d newer"]);
  connection.close();
});
