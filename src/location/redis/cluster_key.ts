import { sleep } from "../../runtime/clock.ts";
import { logger } from "../../runtime/log.ts";
import { randomToken } from "../../runtime/random.ts";
import { describeRedisError, redisErrorCode } from "../../runtime/redis/redis_errors.ts";
import type { RedisConnection } from "../../runtime/redis/redis_connection.ts";

const log = logger("cluster");

const KEY = "routr:key";
const RETRY_INTERVAL_MS = 1000;

/**
 * Returns the secret that all nodes share; the first node creates it. Waits until Redis can be read and written, since
 * a node with another secret would stay alone. Rejects when Redis does not allow it.
 */
export async function clusterKey(connection: Pick<RedisConnection, "commands" | "name">): Promise<string> {
  let loggedReason = "";
  for (;;) {
    try {
      return await readOrMake(connection);
    } catch (error) {
      if (redisErrorCode(error) === "NOPERM") throw error;
      const reason = describeRedisError(error);
      if (reason !== loggedReason) {
        log.warn("Waiting for Redis at {name}: {reason}", { name: connection.name, reason });
      }
      loggedReason = reason;
    }
    await sleep(RETRY_INTERVAL_MS);
  }
}

/** Stores the secret again after Redis has lost it: a node that starts then would make another one, and stay alone. */
export async function restoreClusterKey(
  { commands }: Pick<RedisConnection, "commands">,
  key: string,
): Promise<void> {
  await commands.set(KEY, key, "NX").catch(() => {
    // The connection logs that Redis is away, and `clusterKey` what is not allowed.
  });
}

async function readOrMake({ commands }: Pick<RedisConnection, "commands">): Promise<string> {
  const known = await commands.get(KEY);
  if (known) return known;
  await commands.set(KEY, randomToken() + randomToken() + randomToken(), "NX");
  const key = await commands.get(KEY);
  if (!key) throw new Error(`${KEY} does not stay`);
  return key;
}
