/** Registrations that survive a restart: rows in files, written by a thread of its own. */
import { type Clock, systemClock } from "../runtime/clock.ts";
import { logger } from "../runtime/log.ts";
import { Turn } from "../runtime/turn.ts";
import { isFailure, type Notice } from "./registration_database_messages.ts";
import { RegistrationDatabaseThread } from "./registration_database_thread.ts";
import { readRows } from "./row_batch.ts";
import { RowQueue } from "./row_queue.ts";
import { ChangedRows, type RowSource } from "./row_source.ts";
import type { StoredRow } from "./stored_row.ts";

const log = logger("location");

/** Interval between removals of expired rows. */
const SWEEP_INTERVAL_MS = 60_000;
/** Delay of the next attempt after a failure; it doubles each time. */
const MIN_RETRY_MS = 1000;
const MAX_RETRY_MS = 30_000;
/** Time that `close` waits for the medium. */
const CLOSE_TIMEOUT_MS = 5000;
/** Size of a buffer that is kept for the next batch. */
const MAX_BUFFER_BYTES = 1_048_576;

export interface RegistrationDatabaseOptions {
  readonly clock?: Clock;
  /** The program of the thread, for tests of its end. */
  readonly program?: URL;
}

/**
 * Rows by key in two files. Writing waits for the medium, a tenth of a second and more on an SD card; so it is done by a
 * thread, and rows are collected here. One batch is written at a time; rows written meanwhile go with the next one, the
 * last row of each key. A written batch is durable, as a whole or not at all.
 *
 * Failed writes are repeated until they succeed. Each failure is logged once.
 */
export class RegistrationDatabase {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #thread: RegistrationDatabaseThread;
  /** Rows given to `write`. */
  readonly #rows = new ChangedRows<StoredRow>((batch) => (_key, row) => batch.add(row));
  readonly #queue = new RowQueue();
  /** The buffer of the latest batch, for the next one. */
  #buffer: ArrayBuffer | undefined;
  #isStoring = false;
  #isSweepDue = false;
  #sweepAlarm: unknown;
  #retryAlarm: unknown;
  /** 0 while all is well. */
  #retryDelayMs = 0;
  #quarantinedFiles = 0;
  /** The reason why nothing can be stored any more. */
  #end: string | undefined;
  #closing: Promise<void> | undefined;

  /**
   * Opens or creates the database at `path`. Folder and file are for this user alone, since they tell who is where. A
   * damaged or foreign file is quarantined and replaced. Rejects when that fails, and when another process has the
   * database open.
   */
  static async open(path: string, options: RegistrationDatabaseOptions = {}): Promise<RegistrationDatabase> {
    const database = new RegistrationDatabase(path, options);
    const answer = await database.#thread.ask({ kind: "open", path });
    if (isFailure(answer)) {
      await database.#thread.terminate();
      throw new Error(`Cannot open the registration database "${path}": ${answer.reason}`);
    }
    database.#awaitSweep();
    return database;
  }

  private constructor(path: string, { clock = systemClock, program }: RegistrationDatabaseOptions) {
    this.#path = path;
    this.#clock = clock;
    this.#thread = new RegistrationDatabaseThread({
      program,
      onNotice: (notice) => this.#onNotice(notice),
      onEnd: (reason) => this.#onEnd(reason),
    });
  }

  /**
   * Returns the rows that have not expired, and removes the others afterwards. Rows come in parts, in turns with other
   * tasks. Damage ends the loading: the rows read so far are returned, and are the content of a new database. Never
   * rejects.
   */
  async load(): Promise<readonly StoredRow[]> {
    const rows: StoredRow[] = [];
    const quarantinedFiles = this.#quarantinedFiles;
    const turn = new Turn();
    let after: number | undefined;
    for (;;) {
      const answer = await this.#thread.ask({ kind: "load", after, now: this.#clock.wallTime() });
      if (isFailure(answer)) {
        log.error("Cannot read the registration database {path}: {reason}", {
          path: this.#path,
          reason: answer.reason,
        });
        break;
      }
      if (answer === "done" || answer instanceof ArrayBuffer) break;
      for (const row of readRows(answer.rows)) {
        if (turn.isOver) await turn.next();
        rows.push(row);
      }
      after = answer.last;
    }
    if (this.#quarantinedFiles !== quarantinedFiles) this.write(rows);
    this.#sweep();
    return rows;
  }

  /** Stores rows soon; later rows replace earlier ones. The rows of a call are one batch, up to its size. */
  write(rows: readonly StoredRow[]): void {
    if (this.#end !== undefined || this.#closing !== undefined) return;
    for (const row of rows) this.#rows.note(row.key, row);
    this.store(this.#rows);
  }

  /** Stores the rows of a source soon. */
  store(source: RowSource): void {
    if (this.#end !== undefined || this.#closing !== undefined) return;
    this.#queue.add(source);
    if (this.#retryDelayMs === 0) this.#store();
  }

  /** Resolves when all earlier rows are durable. Rejects when the medium refuses them now; they are tried again. */
  flush(): Promise<void> {
    if (this.#end !== undefined) return Promise.reject(this.#failure(this.#end));
    const stored = this.#queue.stored();
    this.#store();
    return stored;
  }

  /** Stores the remaining rows, closes the file and ends the thread. Never rejects; may be called again. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#clock.clearAlarm(this.#sweepAlarm);
    let alarm: unknown;
    const limit = new Promise<void>((resolve) => alarm = this.#clock.setAlarm(resolve, CLOSE_TIMEOUT_MS));
    await Promise.race([limit, this.#finish()]);
    this.#clock.clearAlarm(alarm);
    this.#clock.clearAlarm(this.#retryAlarm);
    const lost = this.#queue.rows;
    if (lost > 0) {
      log.error("Registrations that could not be stored in {path}: {lost}", { lost, path: this.#path });
    }
    await this.#thread.terminate();
  }

  async #finish(): Promise<void> {
    await this.flush().catch(() => undefined);
    await this.#thread.ask({ kind: "close" });
  }

  /** Writes batch after batch, unless that is going on already. */
  async #store(): Promise<void> {
    if (this.#isStoring) return;
    this.#isStoring = true;
    this.#clock.clearAlarm(this.#retryAlarm);
    while (this.#end === undefined && (this.#isSweepDue || !this.#queue.isEmpty)) {
      if (!(this.#isSweepDue ? await this.#removeExpired() : await this.#storeBatch())) break;
    }
    this.#isStoring = false;
  }

  async #removeExpired(): Promise<boolean> {
    const answer = await this.#thread.ask({ kind: "sweep", expiredAt: this.#clock.wallTime() });
    if (isFailure(answer)) return this.#onRefusal(answer.reason);
    this.#isSweepDue = false;
    return this.#onStored();
  }

  async #storeBatch(): Promise<boolean> {
    const batch = this.#queue.takeBatch(this.#buffer);
    this.#buffer = undefined;
    const answer = await this.#thread.ask(batch);
    if (answer instanceof ArrayBuffer && answer.byteLength <= MAX_BUFFER_BYTES) this.#buffer = answer;
    return isFailure(answer) ? this.#onRefusal(answer.reason) : this.#onStored();
  }

  #onStored(): true {
    if (this.#retryDelayMs > 0) {
      this.#retryDelayMs = 0;
      log.info("Registrations are stored in {path} again", { path: this.#path });
    }
    this.#queue.onStored();
    return true;
  }

  #onRefusal(reason: string): false {
    this.#queue.onRefused(this.#failure(reason));
    if (this.#end !== undefined) return false;
    if (this.#retryDelayMs === 0) {
      log.error("Cannot store registrations in {path}: {reason}; trying again", { path: this.#path, reason });
    }
    this.#retryDelayMs = Math.min(this.#retryDelayMs * 2 || MIN_RETRY_MS, MAX_RETRY_MS);
    if (this.#closing === undefined) {
      this.#retryAlarm = this.#setAlarm(() => this.#store(), this.#retryDelayMs);
    }
    return false;
  }

  #onNotice(notice: Notice): void {
    if (notice.kind === "removed") {
      log.warn("The registration database {path} was removed or replaced; a new one is created", {
        path: this.#path,
      });
      return;
    }
    this.#quarantinedFiles++;
    log.warn(
      "{path} cannot be used as the registration database: {reason}; it is {name} now, and a new one is created",
      {
        path: this.#path,
        reason: notice.reason,
        name: notice.name,
      },
    );
  }

  #onEnd(reason: string): void {
    this.#end = reason;
    this.#clock.clearAlarm(this.#sweepAlarm);
    this.#clock.clearAlarm(this.#retryAlarm);
    this.#queue.clear();
    log.error(
      "The registration database {path} has failed: {reason}; registrations are not stored any more",
      {
        path: this.#path,
        reason,
      },
    );
  }

  #awaitSweep(): void {
    this.#sweepAlarm = this.#setAlarm(() => {
      this.#sweep();
      this.#awaitSweep();
    }, SWEEP_INTERVAL_MS);
  }

  #sweep(): void {
    this.#isSweepDue = true;
    if (this.#retryDelayMs === 0) this.#store();
  }

  /** Sets an alarm that does not keep the process alive. */
  #setAlarm(callback: () => void, delay: number): unknown {
    const alarm = this.#clock.setAlarm(callback, delay);
    if (this.#clock === systemClock) Deno.unrefTimer(alarm as number);
    return alarm;
  }

  #failure(reason: string): Error {
    return new Error(`Cannot store registrations in "${this.#path}": ${reason}`);
  }
}
