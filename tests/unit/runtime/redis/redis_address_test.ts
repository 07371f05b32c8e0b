import assert from "node:assert/strict";
import { redisAddress } from "../../../../src/runtime/redis/redis_address.ts";

const PLACE = { host: "localhost", port: 6379, db: 2, tls: false, username: "u", secret: "s" };

function ofUrl(url: string) {
  return redisAddress({ ...PLACE, url });
}

Deno.test("Without URL, host and port are the address; IPv6 loses its brackets", () => {
  assert.deepEqual(redisAddress({ ...PLACE, host: "[::1]" }), {
    type: "server",
    nodes: [{ host: "::1", port: 6379 }],
    master: undefined,
    username: "u",
    secret: "s",
    db: 2,
    tls: false,
    name: "[::1]:6379",
  });
});

Deno.test("A URL says host, port, credentials, database and TLS, and leaves the rest as it is", () => {
  const { nodes, username, secret, db, tls, name } = ofUrl("rediss://me:p%40ss:word@[::1]:7000/5")!;
  assert.deepEqual({ nodes, username, secret, db, tls, name }, {
    nodes: [{ host: "::1", port: 7000 }],
    username: "me",
    secret: "p@ss:word",
    db: 5,
    tls: true,
    name: "[::1]:7000",
  });
  const plain = ofUrl("redis://:other@redis.local")!;
  assert.deepEqual(
    [plain.nodes, plain.username, plain.secret, plain.db, plain.tls],
    [[{ host: "redis.local", port: 6379 }], "u", "other", 2, false],
  );
});

Deno.test("Sentinels are listed with commas, and the master's name follows them", () => {
  const { type, nodes, master, db, name } = ofUrl("redis-sentinel://a,b:26380/mymaster/1")!;
  assert.deepEqual({ type, nodes, master, db, name }, {
    type: "sentinel",
    nodes: [{ host: "a", port: 26379 }, { host: "b", port: 26380 }],
    master: "mymaster",
    db: 1,
    name: "mymaster of a:26379,b:26380",
  });
});

Deno.test("Nodes of a cluster are listed with commas; a cluster has one database", () => {
  const { type, nodes, db, name } = ofUrl("redis-cluster://h1:7000,h2:7001")!;
  assert.deepEqual({ type, nodes, db, name }, {
    type: "cluster",
    nodes: [{ host: "h1", port: 7000 }, { host: "h2", port: 7001 }],
    db: 0,
    name: "h1:7000,h2:7001",
  });
});

Deno.test("A URL that says nothing usable is no address", () => {
  for (
    const url of [
      "redis://",
      "redis://a:0",
      "redis://a:65536",
      "redis://a,b",
      "redis://a/x",
      "redis://a/1/2",
      "redis-sentinel://a",
      "redis-cluster://a/1",
      "redis-cluster://a,,b",
      "http://a",
      "redis://a b",
    ]
  ) {
    assert.equal(ofUrl(url), undefined, url);
  }
});
