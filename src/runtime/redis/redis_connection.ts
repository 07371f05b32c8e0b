/** A connection to Redis that comes back by itself. */
import { hash } from "node:crypto";
import type { Redis, RedisCommander } from "ioredis";
import { repeat, systemClock } from "../clock.ts";
import { logger } from "../log.ts";
import { redisAddress, type RedisPlace } from "./redis_address.ts";
import {
  CONNECTION_LOST,
  describeRedisError,
  type RedisClient,
  redisClient,
  redisErrorCode,
} from "./redis_client.ts";
import { type RedisListener, RedisSubscriptions } from "./redis_subscriptions.ts";

export interface RedisConnectionOptions extends RedisPlace {
  /** How often connecting is tried again before Redis was there for the first time; -1: for ever. */
  readonly max_retry: number;
  /** Seconds between two attempts, once some have failed. */
  readonly retry_interval: number;
  /** Milliseconds that a command may take, and connecting; 0: ten seconds. */
  readonly timeout: number;
}

/** All commands of Redis. They reject at once while the connection is down, and none is ever sent twice. */
export type RedisCommands =
  & RedisCommander<{ type: "default"; mapping: "resp2" }>
  & Pick<Redis, "pipeline" | "multi">;

/** A script in Lua, which Redis runs as one step. */
export class RedisScript {
  readonly text: string;
  readonly sha1: string;

  constructor(text: string) {
    this.text = text;
    this.sha1 = hash("sha1", text);
  }
}

const DEFAULT_TIMEOUT = 10_000;
const SHORTEST_RETRY = 100;
/** Milliseconds between two signs of life, so that a link that died without a word is noticed. */
const HEARTBEAT = 10_000;
/** Reasons that are told while Redis is away; it may have many. */
const MOST_REASONS = 8;

const log = logger("redis");

export class RedisConnection {
  /** As logs and faults name it: `127.0.0.1:6379`. */
  readonly name: string;
  readonly db: number;
  /** Keys of one command must then be of one slot, and keyspace notifications are only those of one node. */
  readonly isCluster: boolean;
  readonly #options: RedisConnectionOptions;
  readonly #client: RedisClient;
  readonly #stopBeating: () => void;
  readonly #newSubscriber: () => RedisClient;
  readonly #upListeners: (() => void)[] = [];
  readonly #downListeners: (() => void)[] = [];
  readonly #subscribedListeners: (() => void)[] = [];
  readonly #waiting = new Set<(error?: Error) => void>();
  #subscriber: RedisClient | undefined;
  #subscriptions: RedisSubscriptions | undefined;
  #state: "waiting" | "up" | "down" | "ended" = "waiting";
  /** Why there is no connection, as far as it was told. */
  readonly #told = new Set<string>();
  #reason = CONNECTION_LOST;

  /** Connects at once. Throws a TypeError if the URL says nothing that can be used. */
  constructor(options: RedisConnectionOptions) {
    const address = redisAddress(options);
    if (address === undefined) throw new TypeError("Cannot connect to Redis: its URL is malformed");
    this.name = address.name;
    this.db = address.db;
    this.isCluster = address.type === "cluster";
    this.#options = options;
    const timeout = options.timeout || DEFAULT_TIMEOUT;
    this.#client = redisClient(address, { timeout, retryDelay: (attempt) => this.#retryDelay(attempt) });
    this.#newSubscriber = () =>
      redisClient(address, {
        timeout,
        retryDelay: (attempt) => this.#state === "ended" ? null : this.#backOff(attempt),
      });
    this.#client.on("ready", () => this.#onReady());
    this.#client.on("close", () => this.#onClose());
    this.#client.on("error", (error) => this.#onError(error));
    // Of the nodes of a cluster.
    this.#client.on("node error", (error) => this.#onError(error));
    this.#client.on("end", () => this.#onEnd());
    this.#stopBeating = repeat(() => this.#beat(), { intervalMs: HEARTBEAT });
  }

  get commands(): RedisCommands {
    return this.#client;
  }

  get isUp(): boolean {
    return this.#state === "up";
  }

  /** Runs a script; its text is sent only to servers that do not know it yet. */
  async evaluate(
    { text, sha1 }: RedisScript,
    keys: readonly string[],
    values: readonly (string | number)[] = [],
  ): Promise<unknown> {
    try {
      return await this.commands.evalsha(sha1, keys.length, ...keys, ...values);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
      return await this.commands.eval(text, keys.length, ...keys, ...values);
    }
  }

  /**
   * Resolves once there is a connection. Rejects after `patience` milliseconds, after the last attempt, or when the
   * connection is closed; the message then says why.
   */
  ready(patience?: number): Promise<void> {
    if (this.isUp) return Promise.resolve();
    if (this.#state === "ended") return Promise.reject(this.#unreachable());
    return new Promise((resolve, reject) => {
      const alarm = patience === undefined
        ? undefined
        : systemClock.setAlarm(() => finish(this.#unreachable()), patience);
      const finish = (error?: Error) => {
        systemClock.clearAlarm(alarm);
        this.#waiting.delete(finish);
        if (error === undefined) resolve();
        else reject(error);
      };
      this.#waiting.add(finish);
    });
  }

  /** Calls back each time a connection has been made. */
  onUp(listener: () => void): void {
    this.#upListeners.push(listener);
  }

  /** Calls back each time the connection is lost, and not when it is closed. */
  onDown(listener: () => void): void {
    this.#downListeners.push(listener);
  }

  /** Calls back each time all subscriptions are in force: until then, messages may have been missed. */
  onSubscribed(listener: () => void): void {
    this.#subscribedListeners.push(listener);
  }

  /** Names with `*`, `?` or `[` are patterns. Lasts until the connection is closed, and beyond interruptions. */
  subscribe(channelOrPattern: string, listener: RedisListener): void {
    if (this.#state === "ended") return;
    if (this.#subscriptions === undefined) {
      // A client of a cluster has a connection for its subscriptions.
      this.#subscriber = this.isCluster ? this.#client : this.#newSubscriber();
      // The other connection tells what is wrong.
      if (!this.isCluster) this.#subscriber.on("error", () => {});
      this.#subscriptions = new RedisSubscriptions(this.#subscriber, () => call(this.#subscribedListeners));
    }
    this.#subscriptions.add(channelOrPattern, listener);
  }

  close(): void {
    this.#end();
    this.#client.disconnect();
  }

  /** `attempt` is 1 for the first one after a failure. */
  #retryDelay(attempt: number): number | null {
    if (this.#state === "ended") return null;
    const { max_retry } = this.#options;
    // A server that was given up while others are served would never learn of changes again.
    if (this.#state === "waiting" && max_retry >= 0 && attempt > max_retry) return null;
    return this.#backOff(attempt);
  }

  #backOff(attempt: number): number {
    const longest = Math.max(SHORTEST_RETRY, this.#options.retry_interval * 1000);
    return Math.min(longest, Math.max(SHORTEST_RETRY, longest / 10) * 2 ** Math.min(attempt - 1, 10));
  }

  #onReady(): void {
    if (this.#state === "ended") return;
    if (this.#state === "down") log.info("Redis at {name} is back", { name: this.name });
    else log.info("Connected to Redis at {name}", { name: this.name });
    this.#state = "up";
    this.#told.clear();
    this.#reason = CONNECTION_LOST;
    for (const finish of [...this.#waiting]) finish();
    call(this.#upListeners);
  }

  #onClose(): void {
    if (this.#state !== "up") return;
    this.#state = "down";
    this.#told.add(this.#reason);
    log.warn("Lost Redis at {name}: {reason}", { name: this.name, reason: this.#reason });
    call(this.#downListeners);
  }

  #onError(error: unknown): void {
    if (this.#state === "ended") return;
    const reason = describeRedisError(error);
    // A connection that is ended because of something says so in the end.
    if (reason !== CONNECTION_LOST) this.#reason = reason;
    // Otherwise it would go on with database 0.
    if (error instanceof Error && error.message.includes("DB index")) this.#client.disconnect(true);
    // That it is lost was told; news is only what somebody has to mend at the server.
    if (this.#state === "down" && redisErrorCode(error) === undefined) return;
    if (this.#state === "up" || this.#told.has(this.#reason) || this.#told.size >= MOST_REASONS) return;
    this.#told.add(this.#reason);
    log.warn("Waiting for Redis at {name}: {reason}", { name: this.name, reason: this.#reason });
  }

  /** The client makes no more attempts. */
  #onEnd(): void {
    if (this.#state === "ended") return;
    log.error("Gave up on Redis at {name}: {reason}", { name: this.name, reason: this.#reason });
    this.#end();
  }

  #end(): void {
    this.#state = "ended";
    this.#stopBeating();
    this.#subscriptions?.close();
    this.#subscriber?.disconnect();
    for (const finish of [...this.#waiting]) finish(this.#unreachable());
  }

  /** An answer that does not come ends the connection, which is then made again. */
  #beat(): void {
    for (const client of new Set([this.#client, this.#subscriber])) {
      if (client?.status === "ready") client.ping().catch(() => {});
    }
  }

  #unreachable(): Error {
    return new Error(`Cannot reach Redis at ${this.name}: ${this.#reason}`);
  }
}

function call(listeners: readonly (() => void)[]): void {
  for (const listener of listeners) {
    try {
      listener();
    } catch (error) {
      log.error("Cannot follow the connection to Redis: {error}", { error });
    }
  }
}
