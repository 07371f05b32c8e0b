/** Changes of Redis by other programs and operators, who publish nothing. */
import assert from "node:assert/strict";
import { WriteRefused } from "../../src/data/data_provider.ts";
import { LiveDirectory } from "../../src/data/live_directory.ts";
import { ResourceStore } from "../../src/data/resource_store.ts";
import { configureLogging, logHistory } from "../../src/runtime/log.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { agentDocument, domainDocument, userDocument } from "../support/resources.ts";
import { RedisStorage, type RedisStorageOptions } from "./redis_storage.ts";

/** A second, and the allowance for a busy machine. */
const ALLOWED_MS = 3000;
/** For a provider without notifications, whose refreshes take longer intervals when they are slow. */
const ALLOWED_BY_REFRESH_MS = 15_000;
const USER = { name: "routr", password: "of the user", rules: ["~*", "&*", "+@all", "-config"] };

class Followed implements AsyncDisposable {
  readonly storage: RedisStorage;
  readonly live: LiveDirectory;
  readonly clock = new FakeClock();

  private constructor(storage: RedisStorage) {
    this.storage = storage;
    this.live = new LiveDirectory(storage.open(), this.clock);
  }

  static async start(options: RedisStorageOptions = {}): Promise<Followed> {
    configureLogging({ level: "info", format: "text" });
    const storage = await RedisStorage.start(options);
    await storage.put("users", [userDocument("admin")]);
    await storage.put("domains", [domainDocument("sip.local")]);
    await storage.put("agents", [agentDocument("1001"), agentDocument("1002")]);
    const followed = new Followed(storage);
    await followed.live.load();
    followed.live.follow(() => {});
    return followed;
  }

  get agents(): number {
    return this.live.directory.counts.agents;
  }

  async until(condition: () => boolean | Promise<boolean>, allowed = ALLOWED_MS): Promise<void> {
    const end = performance.now() + allowed;
    while (!(await condition())) {
      assert.ok(performance.now() < end, "Not in time");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Adds and removes an agent as another program does. */
  async addAndRemove(allowed?: number): Promise<void> {
    await this.storage.run("SET", "1003", JSON.stringify(agentDocument("1003")));
    await this.storage.run("SADD", "agents", "1003");
    await this.until(() => this.agents === 3, allowed);
    await this.storage.run("SREM", "agents", "1003");
    await this.until(() => this.agents === 2, allowed);
    await this.storage.run("SET", "agents-0", JSON.stringify(agentDocument("1001", { privacy: "private" })));
    const isChanged = () => this.live.directory.agent("1001", "sip.local")?.privacy === "private";
    await this.until(isChanged, allowed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.live.close();
    await this.storage[Symbol.asyncDispose]();
  }
}

Deno.test("redis: what another program changes is in force within a second, and flags of others stay", async () => {
  await using followed = await Followed.start({ server: { args: ["--notify-keyspace-events", "Ex"] } });
  const { storage } = followed;
  await followed.until(async () => {
    const [, flags] = await storage.run("CONFIG", "GET", "notify-keyspace-events") as string[];
    return [..."ExK$sg"].every((flag) => flags.includes(flag));
  });
  await followed.addAndRemove();
  await storage.server.restart();
  await followed.until(async () => {
    const [, flags] = await storage.run("CONFIG", "GET", "notify-keyspace-events") as string[];
    return flags.includes("K");
  });
  await followed.addAndRemove();
});

Deno.test("redis: where it may not be told to notify, it is looked at often, and the log has the line to type", async () => {
  const before = logHistory.text().length;
  await using followed = await Followed.start({ server: { user: USER } });
  await followed.addAndRemove(ALLOWED_BY_REFRESH_MS);
  const line = /CONFIG SET notify-keyspace-events '([^']+)'/g;
  assert.deepEqual([...logHistory.text().slice(before).matchAll(line)].map(([, flags]) => flags), ["Kg$s"]);
});

Deno.test("redis: emptied (FLUSHALL), killed and started again, everything is served, and the log says so", async () => {
  const before = logHistory.text().length;
  await using followed = await Followed.start();
  const { storage, live, clock } = followed;
  await storage.run("FLUSHALL");
  await storage.server.restart();
  await followed.until(() => live.lost("Agent").length > 0);
  assert.equal(followed.agents, 2);
  assert.ok(live.directory.user("admin"));
  clock.advance(599_000);
  // A node that starts now makes a user.
  await storage.put("users", [userDocument("admin", "changeit")]);
  await followed.until(() => logHistory.text().slice(before).includes("has its content again"));
  assert.equal(followed.agents, 2);
  assert.match(
    logHistory.text().slice(before),
    /Everything is gone from redis .* agents: .*2 agents stay in force for 10 min/,
  );
  await storage.put("domains", [domainDocument("sip.local")]);
  await storage.put("agents", [agentDocument("1001")]);
  await followed.until(() => followed.agents === 1);
});

Deno.test("redis: what is written a moment after it was emptied (FLUSHALL) is refused, and nobody is lost", async () => {
  await using followed = await Followed.start();
  const { storage, live } = followed;
  const store = new ResourceStore({ provider: storage.open(), live });
  await storage.run("FLUSHALL");
  const refusal = await store.create("Agent", agentDocument("1003")).catch((error) => error);
  assert.ok(refusal instanceof WriteRefused, String(refusal));
  assert.equal(refusal.reason, "conflict");
  assert.equal(followed.agents, 2);
  assert.equal(await storage.run("DBSIZE"), 0);
});

Deno.test("redis: one of two agents is removed by another program, then the other: each is gone at once", async () => {
  await using followed = await Followed.start();
  for (const [i, left] of [[0, 1], [1, 0]]) {
    await followed.storage.run("SREM", "agents", `agents-${i}`);
    await followed.until(() => followed.agents === left);
  }
});
