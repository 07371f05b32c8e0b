/** Clients of `ioredis` whose commands fail at once while there is no connection. */
import { Cluster, type ClusterOptions, Redis, type RedisOptions } from "ioredis";
import type { RedisAddress } from "./redis_address.ts";

export type RedisClient = Redis | Cluster;

export interface RedisClientOptions {
  /** Milliseconds for a command, and for connecting. */
  readonly timeout: number;
  /** Returns the milliseconds until the next attempt, null for no more; the first attempt is 1. */
  readonly retryDelay: (attempt: number) => number | null;
}

/** A connection that is silent for so many command timeouts is closed while an answer is due. */
const MAX_SILENT_TIMEOUTS = 4;

/** Connects at once, and again when the connection is lost. */
export function redisClient(address: RedisAddress, options: RedisClientOptions): RedisClient {
  const { nodes, master, username, secret, db, tls, type } = address;
  const { timeout, retryDelay } = options;
  const common: RedisOptions = {
    ...(username === undefined ? {} : { username }),
    ...(secret === undefined ? {} : { password: secret }),
    ...(tls ? { tls: {} } : {}),
    // The only protocol of servers before Redis 6.
    protocol: 2,
    disableClientInfo: true,
    connectTimeout: timeout,
    commandTimeout: timeout,
    socketTimeout: MAX_SILENT_TIMEOUTS * timeout,
    maxLoadingRetryTime: 1000,
    // A command under way when the connection was lost may have been executed, so its caller decides.
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
      // Certificates are issued for names, so names are not resolved here.
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

/** Describes an error in a few words without secrets. */
export function describeRedisError(error: unknown): string {
  if (!(error instanceof Error)) return "unknown reason";
  const cause = (error as Error & { lastNodeError?: unknown }).lastNodeError;
  if (cause instanceof Error) return describeRedisError(cause);
  const message = withoutFrame(error);
  const reason = REASONS.find(([pattern]) => pattern.test(message));
  return reason?.[1] ?? message.slice(0, MAX_REASON_LENGTH);
}

/** Returns the code that an error reply of Redis begins with, such as `READONLY`; undefined for other errors. */
export function redisErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.name !== "ReplyError") return undefined;
  return /^[A-Z]+/.exec(withoutFrame(error))?.[0];
}

/** Unwraps the error of a command in a script, which Redis before 7 wraps always, and later for a lack of rights. */
function withoutFrame({ message }: Error): string {
  return message.replace(/^ERR Error running script.*? -(?=[A-Z]+ )/s, "")
    .replace(/^ERR (?=The user executing the script)/, "NOPERM ");
}

export const CONNECTION_LOST = "connection lost";

const MAX_REASON_LENGTH = 120;

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
