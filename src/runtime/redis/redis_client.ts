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
