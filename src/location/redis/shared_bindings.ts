/** All bindings that are in Redis. */
import type { RedisConnection } from "../../runtime/redis_connection.ts";
import { scanKeys } from "../../runtime/redis_scan.ts";
import { Turn } from "../../runtime/turn.ts";
import { BINDING_KEYS, bindingKey } from "./binding_keys.ts";

export interface SharedBindings {
  /** Records by address-of-record, then by binding. */
  readonly byAor: ReadonlyMap<string, ReadonlyMap<string, unknown>>;
  /** Addresses of the nodes that have flows of them. */
  readonly nodes: ReadonlySet<string>;
}

/** Rejects when Redis cannot be read. Records are as others have written them, unchecked. */
export async function readSharedBindings(connection: RedisConnection): Promise<SharedBindings> {
  const byAor = new Map<string, Map<string, unknown>>();
  const nodes = new Set<string>();
  const turn = new Turn();
  for await (const keys of scanKeys(connection, BINDING_KEYS)) {
    const values = await readAll(connection, keys);
    for (const [i, value] of values.entries()) {
      if (turn.isOver) await turn.next();
      const record = value === null ? undefined : parse(value);
      if (typeof record?.aor !== "string") continue;
      const prefix = bindingKey(record.aor, "");
      if (!keys[i].startsWith(prefix)) continue;
      const bindings = byAor.get(record.aor) ?? new Map<string, unknown>();
      byAor.set(record.aor, bindings.set(keys[i].slice(prefix.length), record));
      const address = (record.node as { address?: unknown } | undefined)?.address;
      if (typeof address === "string") nodes.add(address);
    }
  }
  return { byAor, nodes };
}

/** In a cluster, the keys of one command have to be of one slot. */
function readAll(
  { commands, isCluster }: RedisConnection,
  keys: readonly string[],
): Promise<(string | null)[]> {
  if (keys.length === 0) return Promise.resolve([]);
  return isCluster ? Promise.all(keys.map((key) => commands.get(key))) : commands.mget(...keys);
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value as Record<string, unknown> : undefined;
  } catch {
    return undefined;
  }
}
