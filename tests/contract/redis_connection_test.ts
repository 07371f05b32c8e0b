import assert from "node:assert/strict";
import { RedisConnection, type RedisConnectionOptions } from "../../src/runtime/redis/redis_connection.ts";
import { RedisScript } from "../../src/runtime/redis/redis_script.ts";
import { configureLogging } from "../../src/runtime/log.ts";
import { freePort } from "../support/ports.ts";
import { startRedis } from "../support/redis_server.ts";
import { startProcess } from "../support/process.ts";
import { SlowProxy } from "../support/slow_proxy.ts";
import { pause } from "../support/pause.ts";

const OPTIONS = { host: "127.0.0.1", db: 0, tls: false, max_retry: -1, retry_interval: 0.1, timeout: 1000 };

function connect(port: number, options: Partial<RedisConnectionOptions> = {}): RedisConnection & Disposable {
  const connection = new RedisConnection({ ...OPTIONS, port, ...options });
  return Object.assign(connection, { [Symbol.dispose]: () => connection.close() });
}

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 10_000;
  while (!condition()) {
    assert.ok(performance.now() < end, "Not in time");
    await pause(10);
  }
}

Deno.test("A connection to Redis is there once it is ready, and runs commands and scripts", async () => {
  await using server = await startRedis();
  using connection = connect(server.port);
  await connection.ready();
  assert.ok(connection.isUp);
  await connection.commands.set("a", "1");
  const script = new RedisScript("return redis.call('GET', KEYS[1]) .. ARGV[1]");
  assert.equal(await connection.evaluate(script, ["a"], ["2"]), "12");
  assert.equal(await connection.evaluate(script, ["a"], [3]), "13");
});

Deno.test("Commands fail at once while there is no Redis, and ready() has its patience", async () => {
  using connection = connect(freePort());
  await assert.rejects(connection.commands.get("a"));
  await assert.rejects(
    connection.ready(200),
    /^Error: Cannot reach Redis at 127.0.0.1:\d+: connection refused$/,
  );
  assert.equal(connection.isUp, false);
});

Deno.test("After max_retry attempts ready() tells that Redis was given up", async () => {
  using connection = connect(freePort(), { max_retry: 1 });
  await assert.rejects(connection.ready(), /connection refused/);
  await assert.rejects(connection.ready(), /connection refused/);
});

Deno.test("Redis that was killed is noticed, and used again when it is back; subscriptions go on", async () => {
  await using server = await startRedis();
  using connection = connect(server.port);
  const told: string[] = [];
  connection.onUp(() => told.push("up"));
  connection.onDown(() => told.push("down"));
  connection.onSubscribed(() => told.push("subscribed"));
  connection.subscribe("channel", (message, channel) => told.push(`${channel} ${message}`));
  connection.subscribe("pattern:*", (message, channel) => told.push(`${channel} ${message}`));
  await until(() => told.includes("up") && told.includes("subscribed"));
  await connection.commands.publish("channel", "1");
  await connection.commands.publish("pattern:x", "2");
  await until(() => told.includes("pattern:x 2"));
  await server.kill();
  await until(() => told.includes("down"));
  await assert.rejects(connection.commands.get("a"));
  told.length = 0;
  await server.restart();
  await until(() => told.includes("up") && told.includes("subscribed"));
  await connection.commands.publish("channel", "3");
  await until(() => told.includes("channel 3"));
});

Deno.test("A wrong secret is told and tried again, and so is a secret that is missing", async () => {
  await using server = await startRedis({ password: "right" });
  using wrong = connect(server.port, { secret: "wrong" });
  await assert.rejects(wrong.ready(500), /username or secret is wrong$/);
  using none = connect(server.port);
  await assert.rejects(none.ready(500), /a secret is required$/);
  await server.run("CONFIG", "SET", "requirepass", "wrong");
  await wrong.ready(5000);
  using right = connect(1, { url: `redis://:wrong@127.0.0.1:${server.port}/3` });
  await right.ready(5000);
  assert.equal(right.db, 3);
});

Deno.test("A database that does not exist is not taken for another one", async () => {
  await using server = await startRedis();
  using connection = connect(server.port, { db: 99 });
  await assert.rejects(connection.ready(500), /there is no database with this number$/);
});

Deno.test("Redis that is stopped or behind a link that died fails commands in time", async () => {
  await using server = await startRedis();
  using proxy = new SlowProxy(server.port);
  using connection = connect(proxy.port, { timeout: 100 });
  await connection.ready();
  let downs = 0;
  connection.onDown(() => downs++);
  proxy.isSilent = true;
  const started = performance.now();
  await assert.rejects(connection.commands.get("a"));
  assert.ok(performance.now() - started < 5000);
  await until(() => downs === 1);
  proxy.isSilent = false;
  await connection.ready(10_000);
  assert.equal(await connection.commands.get("a"), null);
});

Deno.test("The master is found by its sentinels", async () => {
  await using server = await startRedis({ password: "secret" });
  const folder = await Deno.makeTempDir({ prefix: "routr-sentinel-" });
  const port = freePort();
  const lines = [`port ${port}`, "bind 127.0.0.1", `dir ${folder}`];
  lines.push(`sentinel monitor mymaster 127.0.0.1 ${server.port} 1`, "sentinel auth-pass mymaster secret");
  await Deno.writeTextFile(`${folder}/sentinel.conf`, lines.join("\n"));
  await using sentinel = startProcess("redis-server", { args: [`${folder}/sentinel.conf`, "--sentinel"] });
  await sentinel.waitForLine(/\+monitor master/, 10_000);
  using connection = connect(1, {
    url: `redis-sentinel://127.0.0.1:${freePort()},127.0.0.1:${port}/mymaster`,
    secret: "secret",
  });
  await connection.ready(10_000);
  assert.equal(await connection.commands.set("a", "1"), "OK");
  await server.kill();
  await until(() => !connection.isUp);
  await server.restart();
  await connection.ready(10_000);
  await sentinel.stop();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("One line each tells that Redis is waited for, there, lost and back, without its secret", async () => {
  const lines: string[] = [];
  const methods = ["debug", "info", "warn", "error"] as const;
  const saved = methods.map((method) => console[method]);
  for (const method of methods) console[method] = (...words: unknown[]) => void lines.push(words.join(" "));
  try {
    configureLogging({ level: "info", format: "text" });
    await using server = await startRedis({ password: "of the server" });
    await server.kill();
    using connection = connect(server.port, { secret: "of the server" });
    connection.subscribe("x", () => {});
    await connection.ready(500).catch(() => {});
    await server.restart();
    await connection.ready(5000);
    await server.kill();
    await until(() => !connection.isUp);
    await server.restart();
    await connection.ready(5000);
    const place = `Redis at 127.0.0.1:${server.port}`;
    assert.deepEqual(lines.map((line) => line.slice(13)), [
      `warning redis: Waiting for ${place}: connection refused`,
      `info  redis: Connected to ${place}`,
      `warning redis: Lost ${place}: connection lost`,
      `info  redis: ${place} is back`,
    ]);
  } finally {
    methods.forEach((method, i) => console[method] = saved[i]);
    configureLogging({ level: "fatal", format: "text" });
  }
});
