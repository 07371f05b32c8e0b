/**
 * A connection to Redis that is made again whenever it is lost. Import it dynamically: the client takes 16 MB, which only
 * servers with Redis need.
 */
import { Cluster, type Redis, type RedisCommander } from "ioredis";
import { repeat, systemClock } from "../clock.ts";
import { logger } from "../log.ts";
import { redisAddress, type RedisSettings } from "./redis_address.ts";
import { type RedisClient, redisClient } from "./redis_client.ts";
import { CONNECTION_LOST, describeRedisError, redisErrorCode } from "./redis_errors.ts";
import type { RedisScript } from "./redis_script.ts";
import { type RedisListener, RedisSubscriptions } from "./redis_subscriptions.ts";

export interface RedisConnectionOptions extends RedisSettings {
  /** Retries before the first connection; -1 for no limit. */
  readonly max_retry: number;
  /** Longest time between two attempts, in seconds. */
  readonly retry_interval: number;
  /** Milliseconds for a command, and for connecting; 0 means ten seconds. */
  readonly timeout: number;
}

/** The commands of Redis. They reject at once while the connection is down, and are sent once at most. */
export type RedisCommands =
  & RedisCommander<{ type: "default"; mapping: "resp2" }>
  & Pick<Redis, "pipeline" | "multi">;

const DEFAULT_TIMEOUT = 10_000;
const MIN_RETRY_MS = 100;
/** Time between two PINGs, which detect a dead link. */
const HEARTBEAT_MS = 10_000;
/** Different reasons logged during one interruption. */
const MAX_REASONS = 8;

const log = logger("redis");

export class RedisConnection {
  /** The name for logs and faults: `127.0.0.1:6379`. */
  readonly name: string;
  readonly db: number;
  /** In a cluster the keys of a command share a slot, and keyspace notifications come from one node only. */
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
  /** Reasons of this interruption that were logged. */
  readonly #logged = new Set<string>();
  #reason = CONNECTION_LOST;

  /** Connects at once. Throws a TypeError for a malformed URL. */
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
    // An error of one node of a cluster.
    this.#client.on("node error", (error) => this.#onError(error));
    this.#client.on("end", () => this.#onEnd());
    this.#stopBeating = repeat(() => this.#beat(), { intervalMs: HEARTBEAT_MS });
  }

  get commands(): RedisCommands {
    return this.#client;
  }

  /** The server, or every node of a cluster that has keys of its own. */
  get servers(): readonly RedisCommands[] {
    return this.#client instanceof Cluster ? this.#client.nodes("master") : [this.#client];
  }

  get isUp(): boolean {
    return this.#state === "up";
  }

  /** Executes a script; the text is sent only to servers that do not have it. */
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
   * Resolves when there is a connection. Rejects with the reason after `timeoutMs`, after the last attempt, or when the
   * connection is closed.
   */
  ready(timeoutMs?: number): Promise<void> {
    if (this.isUp) return Promise.resolve();
    if (this.#state === "ended") return Promise.reject(this.#unreachable());
    return new Promise((resolve, reject) => {
      const alarm = timeoutMs === undefined
        ? undefined
        : systemClock.setAlarm(() => finish(this.#unreachable()), timeoutMs);
      const finish = (error?: Error) => {
        systemClock.clearAlarm(alarm);
        this.#waiting.delete(finish);
        if (error === undefined) resolve();
        else reject(error);
      };
      this.#waiting.add(finish);
    });
  }

  /** Calls back each time a connection is made. */
  onUp(listener: () => void): void {
    this.#upListeners.push(listener);
  }

  /** Calls back each time the connection is lost, not when it is closed. */
  onDown(listener: () => void): void {
    this.#downListeners.push(listener);
  }

  /** Calls back each time all subscriptions are in force; messages before may have been missed. */
  onSubscribed(listener: () => void): void {
    this.#subscribedListeners.push(listener);
  }

  /** Subscribes until the connection is closed, beyond interruptions. Names with `*`, `?` or `[` are patterns. */
  subscribe(channelOrPattern: string, listener: RedisListener): void {
    if (this.#state === "ended") return;
    if (this.#subscriptions === undefined) {
      // A cluster client has its own connection for subscriptions.
      this.#subscriber = this.isCluster ? this.#client : this.#newSubscriber();
      // The main connection reports errors.
      if (!this.isCluster) this.#subscriber.on("error", () => {});
      this.#subscriptions = new RedisSubscriptions(this.#subscriber, () => call(this.#subscribedListeners));
    }
    this.#subscriptions.add(channelOrPattern, listener);
  }

  close(): void {
    this.#end();
    this.#client.disconnect();
  }

  /** Returns the delay before an attempt; the first after a failure is 1. */
  #retryDelay(attempt: number): number | null {
    if (this.#state === "ended") return null;
    const { max_retry } = this.#options;
    // Once it was up, it is never given up: the process would miss all further changes.
    if (this.#state === "waiting" && max_retry >= 0 && attempt > max_retry) return null;
    return this.#backOff(attempt);
  }

  #backOff(attempt: number): number {
    const longest = Math.max(MIN_RETRY_MS, this.#options.retry_interval * 1000);
    return Math.min(longest, Math.max(MIN_RETRY_MS, longest / 10) * 2 ** Math.min(attempt - 1, 10));
  }

  #onReady(): void {
    if (this.#state === "ended") return;
    if (this.#state === "down") log.info("Redis at {name} is back", { name: this.name });
    else log.info("Connected to Redis at {name}", { name: this.name });
    this.#state = "up";
    this.#logged.clear();
    this.#reason = CONNECTION_LOST;
    for (const finish of [...this.#waiting]) finish();
    call(this.#upListeners);
  }

  #onClose(): void {
    if (this.#state !== "up") return;
    this.#state = "down";
    this.#logged.add(this.#reason);
    log.warn("Lost Redis at {name}: {reason}", { name: this.name, reason: this.#reason });
    call(this.#downListeners);
  }

  #onError(error: unknown): void {
    if (this.#state === "ended") return;
    const reason = describeRedisError(error);
    // The error before a loss is the reason of the loss.
    if (reason !== CONNECTION_LOST) this.#reason = reason;
    // The client would continue with database 0.
    if (error instanceof Error && error.message.includes("DB index")) this.#client.disconnect(true);
    // The loss is logged already; an error reply says what has to be mended at the server.
    if (this.#state === "down" && redisErrorCode(error) === undefined) return;
    if (this.#state === "up" || this.#logged.has(this.#reason) || this.#logged.size >= MAX_REASONS) return;
    this.#logged.add(this.#reason);
    log.warn("Waiting for Redis at {name}: {reason}", { name: this.name, reason: this.#reason });
  }

  /** The client has given up. */
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

  /** Sends a PING; the client reconnects when it is not answered for some command timeouts. */
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
      log.error("A listener of the connection to Redis failed: {error}", { error });
    }
  }
}
