/** Bindings shared by Redis: a key for each, and a channel for changes. */
import * as z from "zod";
import { describeRedisError } from "../../runtime/redis/redis_errors.ts";
import type { RedisConnection } from "../../runtime/redis/redis_connection.ts";
import { scanKeys } from "../../runtime/redis/redis_scan.ts";
import { Turn } from "../../runtime/turn.ts";
import { type BindingEntry, readEntry } from "../binding_entry.ts";
import type { BindingExchange, BindingMessage, StoredBindings } from "../binding_exchange.ts";
import { BINDING_CHANNEL, BINDING_KEYS, bindingKey, CHANGE_BINDINGS, READ_BINDINGS } from "./binding_keys.ts";

const message = z.object({
  node: z.object({ address: z.string(), epoch: z.string() }),
  aor: z.string(),
  entries: z.array(z.unknown()),
  lost: z.array(z.object({ id: z.string(), callId: z.string(), cseq: z.number() })),
});

export class RedisBindingExchange implements BindingExchange {
  readonly #connection: RedisConnection;

  constructor(connection: RedisConnection) {
    this.#connection = connection;
  }

  get isUp(): boolean {
    return this.#connection.isUp;
  }

  async time(): Promise<number> {
    const [seconds, microseconds] = await this.#connection.commands.time().catch(rethrow);
    return Number(seconds) * 1000 + Number(microseconds) / 1000;
  }

  async publish({ node, aor, entries, lost }: BindingMessage): Promise<void> {
    const keys = [...entries, ...lost].map(({ id }) => bindingKey(aor, id));
    const values = [
      ...entries.flatMap((entry) => [JSON.stringify(entry), entry.lifetime]),
      ...lost.flatMap((binding) => ["", JSON.stringify(binding)]),
    ];
    const about = [BINDING_CHANNEL, JSON.stringify(node), JSON.stringify(aor)];
    await this.#connection.evaluate(CHANGE_BINDINGS, keys, [...about, ...values]).catch(rethrow);
  }

  async readAll(): Promise<StoredBindings> {
    return await this.#readAll().catch(rethrow);
  }

  subscribe(onMessage: (message: BindingMessage) => void, onReady: () => void): void {
    this.#connection.subscribe(BINDING_CHANNEL, (text) => {
      const message = parseMessage(text);
      if (message !== undefined) onMessage(message);
    });
    this.#connection.onSubscribed(onReady);
  }

  async #readAll(): Promise<StoredBindings> {
    const byAor = new Map<string, Map<string, BindingEntry>>();
    const nodes = new Set<string>();
    const turn = new Turn();
    for await (const keys of scanKeys(this.#connection, BINDING_KEYS)) {
      const answers = await this.#readKeys(keys);
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

  /** In a cluster, the keys of one command must share a slot. */
  async #readKeys(keys: readonly string[]): Promise<unknown[]> {
    const connection = this.#connection;
    if (!connection.isCluster) return await connection.evaluate(READ_BINDINGS, keys) as unknown[];
    const answers = await Promise.all(keys.map((key) => connection.evaluate(READ_BINDINGS, [key])));
    return (answers as unknown[][]).flat();
  }
}

/** Returns undefined for other texts: everybody with access to Redis may write to the channel. */
function parseMessage(text: string): BindingMessage | undefined {
  const { data } = message.safeParse(parse(text));
  if (data === undefined) return undefined;
  return { ...data, entries: data.entries.map(readEntry).filter((entry) => entry !== undefined) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function rethrow(error: unknown): never {
  throw new Error(describeRedisError(error), { cause: error });
}
