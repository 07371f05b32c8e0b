import { systemClock } from "../clock.ts";
import { logger } from "../log.ts";
import type { RedisClient } from "./redis_client.ts";
import { describeRedisError } from "./redis_errors.ts";

export type RedisListener = (message: string, channel: string) => void;

/** Time until a failed subscription is tried again. */
const RETRY_MS = 1000;

const log = logger("redis");

/** The subscriptions of a connection, which Redis allows nothing else on. */
export class RedisSubscriptions {
  readonly #client: RedisClient;
  readonly #onSubscribed: () => void;
  /** Listeners by channel or pattern. */
  readonly #listeners = new Map<string, RedisListener[]>();
  readonly #refused = new Set<string>();
  #retry: unknown;
  #closed = false;

  /** @param onSubscribed called each time all subscriptions are in force; messages before may have been missed */
  constructor(client: RedisClient, onSubscribed: () => void) {
    this.#client = client;
    this.#onSubscribed = onSubscribed;
    client.on("ready", () => void this.#subscribeAll());
    client.on("message", (channel: string, message: string) => this.#tell(channel, message, channel));
    client.on("pmessage", (pattern: string, channel: string, message: string) => {
      this.#tell(pattern, message, channel);
    });
  }

  add(channelOrPattern: string, listener: RedisListener): void {
    const listeners = this.#listeners.get(channelOrPattern);
    if (listeners !== undefined) return void listeners.push(listener);
    this.#listeners.set(channelOrPattern, [listener]);
    if (this.#client.status === "ready") void this.#subscribeAll();
  }

  close(): void {
    this.#closed = true;
    systemClock.clearAlarm(this.#retry);
  }

  async #subscribeAll(): Promise<void> {
    systemClock.clearAlarm(this.#retry);
    for (const name of this.#listeners.keys()) {
      try {
        await (isPattern(name) ? this.#client.psubscribe(name) : this.#client.subscribe(name));
        this.#refused.delete(name);
      } catch (error) {
        if (this.#closed || this.#client.status !== "ready") return;
        const isRefused = error instanceof Error && error.message.startsWith("NOPERM");
        if (!isRefused) {
          this.#retry = systemClock.setAlarm(() => void this.#subscribeAll(), RETRY_MS);
          return;
        }
        // Other channels may be allowed; this one is refused until its access rule changes.
        if (!this.#refused.has(name)) {
          log.warn("Cannot subscribe to {name}: {reason}", { name, reason: describeRedisError(error) });
        }
        this.#refused.add(name);
      }
    }
    if (!this.#closed) this.#onSubscribed();
  }

  #tell(name: string, message: string, channel: string): void {
    if (this.#closed) return;
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        listener(message, channel);
      } catch (error) {
        log.error("Cannot handle a message of {name}: {error}", { name, error });
      }
    }
  }
}

function isPattern(name: string): boolean {
  return /[*?[]/.test(name);
}
