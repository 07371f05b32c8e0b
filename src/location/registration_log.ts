/** Rows in two files that only grow: when the recent one is long enough, it takes the place of the other one. */
import { DamagedFile } from "./damaged_file.ts";
import { KeyIndex } from "./key_index.ts";
import { LogFile, type LogRecord } from "./log_file.ts";
import { RowBatch, RowReader, rowsIn } from "./row_batch.ts";

/** The name of the recent file ends in this. */
export const RECENT = "-recent";
/** Rows of the recent file for each key, and beyond, at which the other one goes: every phone has registered again. */
const MAX_ROWS_PER_KEY = 1.25;
const MAX_MORE_ROWS = 1000;
/** The same for a sweep. */
const MAX_MORE_ROWS_SWEPT = 100;
/** Size of a batch of copies. */
const COPY_BYTES = 1_048_576;

interface Batch extends LogRecord {
  readonly file: LogFile;
  /** Identifies the batch in the index. */
  readonly number: number;
  /** Rows that are the latest of their key, or were when they expired. */
  latest: number;
}

export interface LogPart {
  readonly rows: ArrayBuffer;
  /** The number of the part. */
  readonly last: number;
}

/**
 * Batches of rows, each of which has a key once; the last row of a key counts. Before a file goes, its rows that still
 * count are copied: few, since phones register again and again. Removals stay as long as what they remove.
 *
 * After an exception of any method, only `close` may be called.
 */
export class RegistrationLog {
  readonly #path: string;
  #older: LogFile;
  #recent: LogFile;
  /** Oldest first; their numbers follow each other. */
  #batches: Batch[] = [];
  #recentRows = 0;
  #lastNumber = 0;
  /** The number of the latest batch of each key. */
  readonly #index = new KeyIndex();
  /** What ended the reading of the files. */
  #damage: DamagedFile | undefined;

  static async open(path: string): Promise<RegistrationLog> {
    const older = await LogFile.open(path);
    let recent: LogFile | undefined;
    try {
      recent = await LogFile.open(path + RECENT);
      return new RegistrationLog(path, { older, recent });
    } catch (error) {
      older.close();
      recent?.close();
      throw error;
    }
  }

  private constructor(path: string, { older, recent }: { older: LogFile; recent: LogFile }) {
    this.#path = path;
    this.#older = older;
    this.#recent = recent;
    try {
      if (!older.scan((record, rows) => this.#note({ ...record, file: older }, rows))) {
        throw new DamagedFile("it is too short");
      }
      if (!recent.scan((record, rows) => this.#note({ ...record, file: recent }, rows))) recent.trim();
    } catch (error) {
      if (error instanceof RangeError) this.#damage = new DamagedFile(error.message, { cause: error });
      else if (error instanceof DamagedFile) this.#damage = error;
      else throw error;
    }
  }

  /** Reports whether the opened files are still at their paths. */
  isInPlace(): boolean {
    return this.#older.isAt(this.#path) && this.#recent.isAt(this.#path + RECENT);
  }

  /** Stores all rows or none. They are durable afterwards. */
  write(rows: ArrayBuffer): void {
    this.#refuseDamage();
    this.#append(rows);
    this.#recent.sync();
    this.#turnOver(MAX_MORE_ROWS);
  }

  /** Forgets what has expired. */
  sweep(now: number): void {
    this.#refuseDamage();
    this.#index.expire(now);
    this.#turnOver(MAX_MORE_ROWS_SWEPT);
  }

  /**
   * Returns some rows: those after the part `after`, or the first ones; undefined when none follow. Where a damage ended
   * the reading of the files, throws instead.
   */
  load(after: number | undefined, now: number): LogPart | undefined {
    for (const batch of this.#batches) {
      if (after !== undefined && batch.number <= after) continue;
      const found = new RowBatch();
      for (const row of this.#latest(batch)) if (row.expiresAt > now) found.copy(row);
      if (found.size > 0) return { rows: found.finish(), last: batch.number };
    }
    this.#refuseDamage();
    return undefined;
  }

  close(): void {
    this.#older.close();
    this.#recent.close();
  }

  #refuseDamage(): void {
    if (this.#damage !== undefined) throw this.#damage;
  }

  #append(batch: ArrayBuffer): void {
    this.#note({ ...this.#recent.append(batch), file: this.#recent }, rowsIn(batch));
  }

  #note({ file, offset, size }: Omit<Batch, "number" | "latest">, rows: Uint8Array<ArrayBuffer>): void {
    const number = ++this.#lastNumber;
    const batch = { file, offset, size, number, latest: 0 };
    this.#batches.push(batch);
    const reader = new RowReader(rows);
    while (reader.next()) {
      if (file === this.#recent) this.#recentRows++;
      const { isRemoval, expiresAt } = reader;
      const former = isRemoval ? this.#index.delete(reader) : this.#index.set(reader, { number, expiresAt });
      if (former > 0) this.#batches[former - this.#batches[0].number].latest--;
      if (!isRemoval) batch.latest++;
    }
  }

  *#latest(batch: Batch): IterableIterator<RowReader> {
    if (batch.latest === 0) return;
    const reader = new RowReader(batch.file.read(batch));
    while (reader.next()) if (this.#index.get(reader) === batch.number) yield reader;
  }

  /** Replaces the older file by the recent one when that has many rows. */
  #turnOver(maxMoreRows: number): void {
    if (this.#recentRows <= MAX_ROWS_PER_KEY * this.#index.size + maxMoreRows) return;
    const [older, recent] = [this.#older, this.#recent];
    this.#copyOlder();
    recent.sync();
    recent.rename(this.#path + RECENT, this.#path);
    this.#batches = this.#batches.filter(({ file }) => file === recent);
    this.#older = recent;
    this.#recent = LogFile.create(this.#path + RECENT);
    this.#recentRows = 0;
    older.close();
  }

  /** Appends the rows of the older file that still count. */
  #copyOlder(): void {
    const copy = new RowBatch();
    for (const batch of this.#batches.filter(({ file }) => file === this.#older)) {
      for (const row of this.#latest(batch)) copy.copy(row);
      if (copy.size < COPY_BYTES) continue;
      this.#append(copy.finish());
      copy.clear();
    }
    if (copy.size > 0) this.#append(copy.finish());
  }
}
