/** Rows of the registration database in Redis, for state other than bindings. */
import type { Clock } from "../../runtime/clock.ts";
import { logger } from "../../runtime/log.ts";
import { describeRedisError } from "../../runtime/redis/redis_errors.ts";
import type { RedisConnection } from "../../runtime/redis/redis_connection.ts";
import { scanKeys } from "../../runtime/redis/redis_scan.ts";
import type { StoredRow } from "../stored_row.ts";

const log = logger("cluster");

const PREFIX = "routr:row:";

export class SharedRows {
  readonly #connection: RedisConnection;
  readonly #clock: Pick<Clock, "wallTime">;
  readonly #nodeAddress: () => string;

  /** Each node has its own rows, by its address, which is known once its sockets are open. */
  constructor(connection: RedisConnection, clock: Pick<Clock, "wallTime">, nodeAddress: () => string) {
    this.#connection = connection;
    this.#clock = clock;
    this.#nodeAddress = nodeAddress;
  }

  /** Stores rows soon. Rows that Redis does not take are lost, which is logged. */
  write(rows: readonly StoredRow[]): void {
    Promise.all(rows.map((row) => this.#put(row))).catch((error) => {
      log.warn("{count} rows are not in Redis: {reason}", {
        count: rows.length,
        reason: describeRedisError(error),
      });
    });
  }

  /** Returns the rows that have not expired; none when Redis cannot be read. Never rejects. */
  async load(): Promise<readonly StoredRow[]> {
    const rows: StoredRow[] = [];
    try {
      const prefix = this.#prefix;
      for await (const keys of scanKeys(this.#connection, `${prefix.replace(/[[\]]/g, "\\$&")}*`)) {
        const texts = await Promise.all(keys.map((key) => this.#connection.commands.get(key)));
        keys.forEach((key, i) => {
          const text = texts[i];
          if (text !== null) rows.push({ key: key.slice(prefix.length), text, expiresAt: 0 });
        });
      }
    } catch (error) {
      log.warn("Cannot read the dialogs in Redis: {reason}", { reason: describeRedisError(error) });
    }
    return rows;
  }

  get #prefix(): string {
    return `${PREFIX}${this.#nodeAddress()}:`;
  }

  async #put({ key, text, expiresAt }: StoredRow): Promise<void> {
    const { commands } = this.#connection;
    const lifetime = Math.ceil(expiresAt - this.#clock.wallTime());
    if (text === "" || lifetime <= 0) await commands.del(this.#prefix + key);
    else await commands.set(this.#prefix + key, text, "PX", lifetime);
  }
}
