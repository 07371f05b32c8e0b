// Two routr processes with one Redis, and what an operator does there.

import { type RedisServer, startRedis } from "../../support/redis_server.ts";
import { domain, secret } from "../../support/routr_process.ts";
import { type RoutrNode, startNode } from "./routr_node.ts";
import { agentDocument, withRef } from "../../support/resources.ts";

export interface RedisNodesOptions {
  /** User names, all with one secret. */
  readonly agents: readonly string[];
  /** True when Redis reports the changes of operators by itself. */
  readonly notifies?: boolean;
}

export interface RedisNodes extends AsyncDisposable {
  readonly redis: RedisServer;
  readonly a: RoutrNode;
  readonly b: RoutrNode;
}

const domainDocument = {
  apiVersion: "v1beta1",
  kind: "Domain",
  metadata: { name: "Test domain", ref: "dm0" },
  spec: { context: { domainUri: domain } },
};

/** Resolves when both nodes are ready and know each other. */
export async function startRedisNodes({ agents, notifies = false }: RedisNodesOptions): Promise<RedisNodes> {
  await using resources = new AsyncDisposableStack();
  const args = notifies ? ["--notify-keyspace-events", "KEA"] : [];
  const redis = resources.use(await startRedis({ args }));
  await redis.run("SET", "dm0", JSON.stringify(domainDocument));
  await redis.run("SADD", "domains", "dm0");
  await addAgents(redis, agents);
  const [a, b] = await Promise.all([startRedisNode(redis), startRedisNode(redis)]);
  resources.use(a);
  resources.use(b);
  const owned = resources.move();
  return { redis, a, b, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** A node whose resources and registrations are in this Redis. */
export function startRedisNode(
  redis: RedisServer,
  parameters: Readonly<Record<string, unknown>> = {},
): Promise<RoutrNode> {
  return startNode({
    spec: {
      dataSource: {
        provider: "redis_data_provider",
        parameters: { host: "127.0.0.1", port: redis.port, retry_interval: 1, ...parameters },
      },
    },
  });
}

/** Writes agents as an operator does, in the layout of the predecessor: documents, and a set of their refs. */
export async function addAgents(redis: RedisServer, users: readonly string[]): Promise<void> {
  if (users.length === 0) return;
  const refOf = (user: string) => `ag-${user}`;
  const documentOf = (username: string) =>
    withRef(
      refOf(username),
      agentDocument(username, { credentials: { username, secret }, domains: [domain] }),
    );
  const documents = users.flatMap((user) => [refOf(user), JSON.stringify(documentOf(user))]);
  await redis.run("MSET", ...documents);
  await redis.run("SADD", "agents", ...users.map(refOf));
}

/** The parts of a binding in Redis that tests examine. */
export interface SharedBinding {
  readonly key: string;
  /** Everything that stands there. */
  readonly entry: {
    readonly contact: string;
    readonly gone?: boolean;
    readonly node: { readonly address: string };
    readonly flow: { readonly token: string };
  };
}

/** Returns the number of a node's dialogs in Redis. */
export async function dialogsIn(redis: RedisServer, { address }: { address: string }): Promise<number> {
  const keys = await redis.run("KEYS", `routr:row:${address}:dialog:*`);
  return keys.split("\n").filter((line) => line !== "").length;
}

/** The bindings of a user that Redis has, those left out that it only remembers to be gone. */
export async function bindingsIn(redis: RedisServer, user: string): Promise<SharedBinding[]> {
  const keys = await redis.run("KEYS", `routr:binding:{sip:${user}@${domain}}*`);
  const bindings: SharedBinding[] = [];
  for (const key of keys.split("\n").filter((line) => line !== "")) {
    const text = await redis.run("GET", key);
    if (text !== "") bindings.push({ key, entry: JSON.parse(text) });
  }
  return bindings.filter(({ entry }) => !entry.gone);
}
