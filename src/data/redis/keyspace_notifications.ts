import { describeRedisError } from "../../runtime/redis/redis_errors.ts";
import type { RedisConnection } from "../../runtime/redis/redis_connection.ts";
import { logger } from "../../runtime/log.ts";

const SETTING = "notify-keyspace-events";
/** Notifications by key, for commands of any type, of strings and of sets. */
const WANTED = "Kg$s";
/** The flag of all types. */
const ALL_TYPES = "A";

const log = logger("redis");

/**
 * Makes a Redis server report written keys. Other flags stay. Where the server does not allow it, the command for its
 * administrator is logged once.
 */
export class KeyspaceNotifications {
  readonly #connection: RedisConnection;
  #isOn = false;
  #isRefusalLogged = false;

  constructor(connection: RedisConnection) {
    this.#connection = connection;
  }

  /** Reports whether the server is known to report changes. */
  get areOn(): boolean {
    return this.#isOn;
  }

  /** Notes a notification, or the end of the connection. */
  note(isOn: boolean): void {
    this.#isOn = isOn;
  }

  /**
   * Resolves with true when the server has begun to report. Never rejects. Nodes of a cluster report own keys only.
   */
  async turnOn(): Promise<boolean> {
    const { commands, isCluster, name } = this.#connection;
    if (isCluster) return false;
    let flags = WANTED;
    try {
      const known = flagsIn(await commands.config("GET", SETTING));
      const missing = [...WANTED].filter((flag) => !hasFlag(known, flag));
      const wasOn = this.#isOn;
      if (missing.length > 0) {
        flags = known + missing.join("");
        await commands.config("SET", SETTING, flags);
        log.info("Redis at {name} reports changes by other programs from now on ({setting} {flags})", {
          name,
          setting: SETTING,
          flags,
        });
      }
      this.#isOn = true;
      return !wasOn || missing.length > 0;
    } catch (error) {
      if (this.#connection.isUp) this.#logRefusal(flags, describeRedisError(error));
      return false;
    }
  }

  #logRefusal(flags: string, reason: string): void {
    if (this.#isRefusalLogged || this.#isOn) return;
    this.#isRefusalLogged = true;
    log.warn(
      "Redis at {name} may not report changes by other programs ({reason}): they take effect " +
        "a second to half a minute later. To have them at once: redis-cli CONFIG SET {setting} '{flags}'",
      { name: this.#connection.name, reason, setting: SETTING, flags },
    );
  }
}

/** Returns the flags of an answer such as `["notify-keyspace-events", "xE"]`. */
function flagsIn(answer: unknown): string {
  const text: unknown = Array.isArray(answer) ? answer[1] : undefined;
  return typeof text === "string" ? text : "";
}

function hasFlag(flags: string, flag: string): boolean {
  return flags.includes(flag) || (flag !== "K" && flags.includes(ALL_TYPES));
}
