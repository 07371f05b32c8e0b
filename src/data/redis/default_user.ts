import { logger } from "../../runtime/log.ts";
import { describeRedisError } from "../../runtime/redis/redis_errors.ts";
import type { RedisConnection } from "../../runtime/redis/redis_connection.ts";
import { RedisScript } from "../../runtime/redis/redis_script.ts";
import { firstGeneratedRef } from "../generated_ref.ts";
import { API_VERSIONS } from "../resource_document.ts";
import { SHIPPED_SECRET } from "../user.ts";

const USERNAME = "admin";
/** Equal on all nodes, so that two nodes starting at once make one user. */
const REF = firstGeneratedRef("us", USERNAME);

const SCRIPT = new RedisScript(`
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('SADD', KEYS[1], KEYS[2])
return redis.call('SETNX', KEYS[2], ARGV[1])`);

const log = logger("redis");

/** Makes a user in an empty database, so that somebody can log in. Never rejects. */
export async function makeDefaultUser(
  connection: RedisConnection,
  secret: string = SHIPPED_SECRET,
): Promise<void> {
  const document = JSON.stringify({
    apiVersion: API_VERSIONS[0],
    kind: "User",
    metadata: { name: "Default", ref: REF },
    spec: { credentials: { username: USERNAME, secret } },
  });
  try {
    if (await make(connection, document)) {
      log.info("Made the user {username}, since there were none", { username: USERNAME });
    }
  } catch (error) {
    log.warn("Cannot make the user {username}: {reason}", {
      username: USERNAME,
      reason: describeRedisError(error),
    });
  }
}

async function make(connection: RedisConnection, document: string): Promise<boolean> {
  const { commands, isCluster } = connection;
  if (await commands.exists("users") === 1) return false;
  if (!isCluster) return await connection.evaluate(SCRIPT, ["users", REF], [document]) === 1;
  await commands.sadd("users", REF);
  return await commands.setnx(REF, document) === 1;
}
