/** Rows of the registration database in Redis, for state other than bindings. */
import { BoundedMap } from "../../runtime/bounded_map.ts";
import type { Clock } from "../../runtime/clock.ts";
import { logger } from "../../runtime/log.ts";
import { describeRedisError } from "../../runtime/redis/redis_errors.ts";
import type { RedisConnection } from "../../runtime/redis/redis_connection.ts";
import { scanKeys } from "../../runtime/redis/redis_scan.ts";
import type { StoredRow } from "../stored_row.ts";

const log = logger("cluster");

const PREFIX = "routr:row:";
/** Rows that wait for Redis; the oldest is lost when there are more. */
const MAX_WAITING = 20_000;
/** Time between two attempts while Redis takes some rows and refuses others. */
const RETRY_INTERVAL_MS = 5_000;
/** Rows that are sent again at a time. */
const BATCH = 200;

type RowClock = Pick<Clock, "now" | "wallTime">;

export class SharedRows {
  readonly #connection: RedisConnection;
  readonly #clock: RowClock;
  readonly #nodeAddress: () => string;
  /** The latest row of each key that was sent and not confirmed. */
  readonly #sent = new Map<string, StoredRow>();
  /** Rows that Redis has not taken, by key. */
  readonly #waiting = new BoundedMap<string, StoredRow>(MAX_WAITING);
  #retriedAt = -Infinity;

  /** Each node has its own rows, by its address, which is known once its sockets are open. */
  constructor(connection: RedisConnection, clock: RowClock, nodeAddress: () => string) {
    this.#connection = connection;
    this.#clock = clock;
    this.#nodeAddress = nodeAddress;
    connection.onUp(() => this.#retry());
  }

  /**
   * Stores rows soon. Rows that Redis does not take are written when it is back: what has ended meanwhile must not be
   * there after a restart.
   */
  write(rows: readonly StoredRow[]): void {
    for (const row of rows) this.#send(row);
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

  async #send(row: StoredRow): Promise<void> {
    const { key } = row;
    this.#sent.set(key, row);
    this.#waiting.delete(key);
    try {
      await this.#put(row);
    } catch (error) {
      // A later row of this key takes its place.
      if (this.#sent.get(key) === row) this.#keep(row, error);
      return;
    }
    if (this.#sent.get(key) === row) this.#sent.delete(key);
    if (this.#clock.now() - this.#retriedAt >= RETRY_INTERVAL_MS) this.#retry();
  }

  #keep(row: StoredRow, error: unknown): void {
    this.#sent.delete(row.key);
    if (this.#waiting.size === 0) {
      log.warn("Calls are not stored in Redis until it is back: {reason}", {
        reason: describeRedisError(error),
      });
    }
    this.#waiting.set(row.key, row);
  }

  /** Sends the rows that wait, some at a time, so that nobody else waits for long. */
  async #retry(): Promise<void> {
    this.#retriedAt = this.#clock.now();
    const rows = [...this.#waiting].map(([, row]) => row);
    for (let begin = 0; begin < rows.length; begin += BATCH) {
      const due = rows.slice(begin, begin + BATCH).filter((row) => this.#waiting.get(row.key) === row);
      await Promise.all(due.map((row) => this.#send(row)));
      if (this.#waiting.get(rows[begin].key) === rows[begin]) return; // refused again
    }
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
