import { randomToken } from "../../runtime/random.ts";
import type { RedisConnection } from "../../runtime/redis_connection.ts";

const KEY = "routr:key";

/** The secret that all nodes share; the first of them makes it. Rejects when Redis cannot be asked. */
export async function clusterKey({ commands }: RedisConnection): Promise<string> {
  const known = await commands.get(KEY);
  if (known) return known;
  await commands.set(KEY, randomToken() + randomToken() + randomToken(), "NX");
  const key = await commands.get(KEY);
  if (!key) throw new Error(`Cannot make ${KEY}`);
  return key;
}
