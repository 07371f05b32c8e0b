/** Batches that cannot be written to Redis. */
import assert from "node:assert/strict";
import { type DataProvider, WriteRefused } from "../../src/data/data_provider.ts";
import { freePort } from "../support/ports.ts";
import { agentDocument, type Document } from "../support/resources.ts";
import { RedisStorage } from "./redis_storage.ts";

function createAgents(
  provider: DataProvider,
  documents: Readonly<Record<string, Document>>,
): Promise<readonly string[]> {
  return provider.createAll(
    "Agent",
    Object.entries(documents).map(([ref, document]) => ({ ref, document })),
  );
}

function agents(...refs: string[]): Record<string, Document> {
  return Object.fromEntries(
    refs.map((ref) => [ref, { ...agentDocument(ref), metadata: { name: ref, ref } }]),
  );
}

async function reasonOf(change: Promise<unknown>): Promise<string> {
  const error = await change.then(() => undefined, (error) => error);
  assert.ok(error instanceof WriteRefused, String(error));
  return error.reason;
}

Deno.test("redis: of many documents none is created where one is too large, has a taken key, or memory is short", async () => {
  await using storage = await RedisStorage.start();
  const provider = storage.open();
  await provider.load();
  await storage.run("RPUSH", "list", "1");
  assert.equal(await reasonOf(createAgents(provider, agents("AG1", "list"))), "conflict");
  assert.equal(await reasonOf(createAgents(provider, agents("AG1", "users"))), "conflict");
  const large = { ...agentDocument("1"), metadata: { name: "x".repeat(1024 * 1024) } };
  assert.equal(await reasonOf(createAgents(provider, { ...agents("AG1"), AG2: large })), "unwritable");
  await storage.run("CONFIG", "SET", "maxmemory", "1");
  assert.equal(await reasonOf(createAgents(provider, agents("AG1", "AG2"))), "unavailable");
  await storage.run("CONFIG", "SET", "maxmemory", "0");
  assert.equal(await storage.run("EXISTS", "AG1", "AG2", "agents"), 0);
});

Deno.test("redis: many documents are refused by a replica (unwritable)", async () => {
  await using storage = await RedisStorage.start();
  await storage.run("REPLICAOF", "127.0.0.1", String(freePort()));
  const provider = storage.open();
  await provider.load();
  assert.equal(await reasonOf(createAgents(provider, agents("AG1", "AG2"))), "unwritable");
});

Deno.test("redis: a cluster has no step for many documents, and those that were made are rolled back", async () => {
  const args = ["--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1"];
  args.push("--cluster-port", String(freePort()));
  await using storage = await RedisStorage.start({ server: { args }, isCluster: true });
  const provider = storage.open();
  await provider.load();
  await storage.run("RPUSH", "list", "1");
  assert.equal(await reasonOf(createAgents(provider, agents("AG1", "AG2", "list"))), "conflict");
  assert.deepEqual(await storage.run("SMEMBERS", "agents"), []);
  assert.deepEqual([await storage.run("EXISTS", "AG1"), await storage.run("EXISTS", "AG2")], [0, 0]);
  assert.deepEqual(await createAgents(provider, agents("AG1", "AG2")), ["AG1", "AG2"]);
  assert.deepEqual((await storage.run("SMEMBERS", "agents") as string[]).sort(), ["AG1", "AG2"]);
});
