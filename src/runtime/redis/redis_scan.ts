import type { RedisConnection } from "./redis_connection.ts";

/** Keys that Redis examines in one step. */
const STEP = 1000;

/** Yields the keys that match a pattern, of all nodes of a cluster, in batches; a key may come twice. Throws like a command. */
export async function* scanKeys({ servers }: RedisConnection, pattern: string): AsyncGenerator<string[]> {
  for (const server of servers) {
    let cursor = "0";
    do {
      const [next, keys] = await server.scan(cursor, "MATCH", pattern, "COUNT", STEP);
      cursor = next;
      if (keys.length > 0) yield keys;
    } while (cursor !== "0");
  }
}
