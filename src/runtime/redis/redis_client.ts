/** Clients of `ioredis`, set up so that commands fail rather than wait when there is no Redis to answer them. */
import { Cluster, type ClusterOptions, Redis, type RedisOptions } from "ioredis";
import type { RedisAddress } from "./redis_address.ts";

export type RedisClient = Redis | Cluster;

export interface RedisClientOptions {
  /** Milliseconds that a command may take, and connecting. */
  readonly timeout: number;
  /** Milliseconds until the next attempt, the first of which is 1; null for no more. */
  readonly retryDelay: (attempt: number) => number | null;
}

/** Milliseconds that a connection may be silent while an answer is due, in the time of one command. */
const SILENCE = 4;

/** Connects at once, and again when the connection is lost. */
export function redisClient(address: RedisAddress, options: RedisClientOptions): RedisClient {
  const { nodes, master, username, secret, db, tls, type } = address;
  const { timeout, retryDelay } = options;
  const common: RedisOptions = {
    ...(username === undefined ? {} : { username }),
    ...(secret === undefined ? {} : { password: secret }),
    ...(tls ? { tls: {} } : {}),
    // Servers before Redis 6 know no other.
    protocol: 2,
    disableClientInfo: true,
    connectTimeout: timeout,
    commandTimeout: timeout,
    socketTimeout: SILENCE * timeout,
    maxLoadingRetryTime: 1000,
    // What was on its way when the connection was lost may have been done: whoever asked for it has to know.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
  };
  if (type === "cluster") {
    const cluster: ClusterOptions = {
      redisOptions: common,
      clusterRetryStrategy: retryDelay,
      enableOfflineQueue: false,
      slotsRefreshTimeout: timeout,
      // Certificates are for names.
      ...(tls ? { dnsLookup: (name, callback) => callback(null, name) } : {}),
    };
    return new Cluster(nodes.map(({ host, port }) => ({ host, port })), cluster);
  }
  const single = { ...common, db, enableOfflineQueue: false, retryStrategy: retryDelay };
  if (type === "server") return new Redis({ ...single, host: nodes[0].host, port: nodes[0].port });
  return new Redis({
    ...single,
    sentinels: nodes.map(({ host, port }) => ({ host, port })),
    name: master,
    enableTLSForSentinelMode: tls,
    sentinelCommandTimeout: timeout,
    sentinelRetryStrategy: retryDelay,
  });
}

/** What went wrong, in a few words that hold no secret. */
export function describeRedisError(error: unknown): string {
  if (!(error instanceof Error)) return "unknown reason";
  const cause = (error as Error & { lastNodeError?: unknown }).lastNodeError;
  if (cause instanceof Error) return describeRedisError(cause);
  const message = withoutFrame(error);
  const reason = REASONS.find(([pattern]) => pattern.test(message));
  return reason?.[1] ?? message.slice(0, LONGEST_REASON);
}

/** The word that an answer of Redis begins with when it refuses: `READONLY`; undefined for other errors. */
export function redisErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.name !== "ReplyError") return undefined;
  return /^[A-Z]+/.exec(withoutFrame(error))?.[0];
}

/** Errors of commands in a script have more words around them before Redis 7, and later for a lack of rights. */
function withoutFrame({ message }: Error): string {
  return message.replace(/^ERR Error running script.*? -(?=[A-Z]+ )/s, "")
    .replace(/^ERR (?=The user executing the script)/, "NOPERM ");
}

export const CONNECTION_LOST = "connection lost";

const LONGEST_REASON = 120;

const REASONS: readonly (readonly [RegExp, string])[] = [
  [/ECONNREFUSED|connection refused/i, "connection refused"],
  [/ETIMEDOUT|timed out|Socket timeout/i, "no answer in time"],
  [/ENOTFOUND|EAI_|failed to lookup/i, "unknown host"],
  [/EHOSTUNREACH|ENETUNREACH|unreachable (?:host|network)/i, "unreachable"],
  [/^WRONGPASS|^ERR invalid (?:username-)?password|^ERR AUTH/, "username or secret is wrong"],
  [/^NOAUTH/, "a secret is required"],
  [/^NOPERM/, "this user has no permission"],
  [/^LOADING/, "it is loading its data"],
  [/^READONLY|^NOREPLICAS/, "it is read-only"],
  [/^OOM/, "it is out of memory"],
  [/DB index is out of range/, "there is no database with this number"],
  [
    /ECONNRESET|EPIPE|max retries per request|Connection is closed|aborted due to|isn't writeable/i,
    CONNECTION_LOST,
  ],
];
