/** Rows of nodes in a real Redis. */
import assert from "node:assert/strict";
import { SharedRows } from "../../src/location/redis/shared_rows.ts";
import { RedisConnection } from "../../src/runtime/redis/redis_connection.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { startRedis } from "../support/redis_server.ts";

Deno.test("rows in Redis: the latest of each key, those of this node, until they expire or are removed", async () => {
  await using redis = await startRedis();
  const connection = new RedisConnection({
    host: "127.0.0.1",
    port: redis.port,
    db: 0,
    tls: false,
    max_retry: -1,
    retry_interval: 0.2,
    timeout: 1000,
  });
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
  const texts = async (rows: SharedRows) =>
    (await rows.load()).map(({ key, text }) => `${key} ${text}`).sort();
  // Commands of one connection are answered in order.
  assert.deepEqual(await texts(one), ["a second"]);
  assert.deepEqual(await texts(other), ["a of the other"]);
  connection.close();
  assert.deepEqual(await texts(one), []);
});
