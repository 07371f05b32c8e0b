/** All bindings that are in Redis. */
import type { RedisConnection } from "../../runtime/redis/redis_connection.ts";
import { scanKeys } from "../../runtime/redis/redis_scan.ts";
import { Turn } from "../../runtime/turn.ts";
import { type BindingEntry, readEntry } from "./binding_entry.ts";
import { BINDING_KEYS, bindingKey, READ_BINDINGS } from "./binding_keys.ts";

export interface SharedBindings {
  /** Entries by address-of-record, then by binding, with the lifetime that they have now. */
  readonly byAor: ReadonlyMap<string, ReadonlyMap<string, BindingEntry>>;
  /** Addresses of the nodes that have flows of them. */
  readonly nodes: ReadonlySet<string>;
}

/** Rejects when Redis cannot be read. What is no entry is passed by. */
export async function readSharedBindings(connection: RedisConnection): Promise<SharedBindings> {
  const byAor = new Map<string, Map<string, BindingEntry>>();
  const nodes = new Set<string>();
  const turn = new Turn();
  for await (const keys of scanKeys(connection, BINDING_KEYS)) {
    const answers = await readAll(connection, keys);
    for (const [i, key] of keys.entries()) {
      if (turn.isOver) await turn.next();
      const [text, lifetime] = answers.slice(2 * i, 2 * i + 2);
      const entry = typeof text === "string" ? readEntry(parse(text)) : undefined;
      if (entry === undefined || bindingKey(entry.aor, entry.id) !== key) continue;
      const entries = byAor.get(entry.aor) ?? new Map<string, BindingEntry>();
      byAor.set(entry.aor, entries.set(entry.id, { ...entry, lifetime: Number(lifetime) }));
      if (!entry.gone && entry.node) nodes.add(entry.node.address);
    }
  }
  return { byAor, nodes };
}

/** In a cluster, the keys of one command have to be of one slot. */
async function readAll(connection: RedisConnection, keys: readonly string[]): Promise<unknown[]> {
  if (!connection.isCluster) return await connection.evaluate(READ_BINDINGS, keys) as unknown[];
  const answers = await Promise.all(keys.map((key) => connection.evaluate(READ_BINDINGS, [key])));
  return (answers as unknown[][]).flat();
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
