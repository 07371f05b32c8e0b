/** The table of registrations in its SQLite database. */
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { readRows, RowBatch } from "./row_batch.ts";

/** "rout", which distinguishes our databases from others (https://sqlite.org/pragma.html#pragma_application_id). */
const APPLICATION_ID = 0x726f7574;
const SCHEMA_VERSION = 1;
/**
 * Rows in the order of first registration, in which phones also register again: neighbours are written together. Sorted
 * by key, each row would be on another page, three times the work.
 */
const SCHEMA = "CREATE TABLE registrations (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, " +
  "expires_at INTEGER NOT NULL, text TEXT NOT NULL) STRICT";

/** The size of the smallest database that is not empty. */
const MIN_PAGE_BYTES = 512;
/** Rows of a part: one millisecond for the receiver. */
const PART_ROWS = 1000;
/** Time for a predecessor to end. */
const BUSY_TIMEOUT_MS = 1000;
/** Pages of the log before they are moved to the file; a page that changed three times is moved once. */
const LOG_PAGES = 4000;

/** Result codes of SQLite (https://sqlite.org/rescode.html); the last byte of a longer code is its kind. */
const BUSY = 5;
const READONLY = 8;
const READONLY_DIRECTORY = 1544;
const IO_ERROR_READ = 266;
const IO_ERROR_SHORT_READ = 522;
/**
 * Errors of the file system or memory: PERM, BUSY, LOCKED, NOMEM, INTERRUPT, IOERR, FULL, CANTOPEN, AUTH; errors of the
 * request: TOOBIG, CONSTRAINT, MISMATCH, MISUSE, RANGE.
 */
const NOT_OF_THE_FILE = new Set([3, 5, 6, 7, 9, 10, 13, 14, 18, 19, 20, 21, 23, 25]);

export interface TablePart {
  readonly rows: ArrayBuffer;
  /** The number of the last row; undefined when nothing follows. */
  readonly last: number | undefined;
}

/** The file is foreign or damaged. */
class DamagedFile extends Error {
  override readonly name = "DamagedFile";
}

/** Reports whether an error came from the content of the file, and not from its surroundings or the request. */
export function isDamage(error: unknown, path: string): boolean {
  if (error instanceof DamagedFile) return true;
  const code = resultCode(error);
  if (code === undefined) return false;
  if (code === IO_ERROR_READ || code === IO_ERROR_SHORT_READ) return true;
  // A file whose own header forbids writing.
  if ((code & 0xff) === READONLY) return code !== READONLY_DIRECTORY && isWritable(path);
  return !NOT_OF_THE_FILE.has(code & 0xff);
}

/**
 * An open table that no other process can open. Commits are durable: with a log (WAL) and `synchronous=FULL`, SQLite
 * makes one fsync for each. After an exception of any method, only `close` may be called.
 */
export class RegistrationTable {
  readonly #path: string;
  readonly #identity: string | undefined;
  readonly #database: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #put: StatementSync;
  readonly #remove: StatementSync;
  readonly #expire: StatementSync;
  readonly #part: StatementSync;
  readonly #commit: StatementSync;

  static open(path: string): RegistrationTable {
    createFile(path);
    const database = new DatabaseSync(path);
    try {
      lock(database);
      check(database);
      database.prepare("PRAGMA journal_mode = WAL").get();
      database.prepare("PRAGMA synchronous = FULL").run();
      database.prepare(`PRAGMA wal_autocheckpoint = ${LOG_PAGES}`).get();
      return new RegistrationTable(path, database);
    } catch (error) {
      database.close();
      if (resultCode(error) !== BUSY) throw error;
      throw new Error("it is in use by another process", { cause: error });
    }
  }

  private constructor(path: string, database: DatabaseSync) {
    this.#path = path;
    this.#identity = identityOf(path);
    this.#database = database;
    this.#begin = database.prepare("BEGIN IMMEDIATE");
    this.#commit = database.prepare("COMMIT");
    this.#put = database.prepare(
      "INSERT INTO registrations (key, expires_at, text) VALUES (?, ?, ?) " +
        "ON CONFLICT (key) DO UPDATE SET expires_at = excluded.expires_at, text = excluded.text",
    );
    this.#remove = database.prepare("DELETE FROM registrations WHERE key = ?");
    this.#expire = database.prepare("DELETE FROM registrations WHERE expires_at <= ?");
    this.#part = database.prepare(
      "SELECT id, key, text, expires_at FROM registrations WHERE id > ? AND expires_at > ? " +
        `ORDER BY id LIMIT ${PART_ROWS}`,
    );
  }

  /** Reports whether the opened file is still at its path. */
  isInPlace(): boolean {
    return this.#identity !== undefined && identityOf(this.#path) === this.#identity;
  }

  /** Writes everything in one transaction. */
  write(rows: ArrayBuffer): void {
    this.#begin.run();
    for (const { key, text, expiresAt } of readRows(rows)) {
      if (text === "") this.#remove.run(withoutNul(key));
      else this.#put.run(withoutNul(key), wholeTime(expiresAt), withoutNul(text));
    }
    this.#commit.run();
  }

  sweep(expiredAt: number): void {
    this.#expire.run(wholeTime(expiredAt));
  }

  /** Returns the rows after the row with the number `after`, or the first ones, without those expired by `now`. */
  load(after: number | undefined, now: number): TablePart {
    const found = this.#read(after ?? Number.MIN_SAFE_INTEGER, wholeTime(now));
    const rows = new RowBatch();
    for (const { key, text, expires_at } of found) {
      rows.add({ key: withNul(String(key)), text: withNul(String(text)), expiresAt: Number(expires_at) });
    }
    return {
      rows: rows.finish(),
      last: found.length < PART_ROWS ? undefined : Number(found[PART_ROWS - 1].id),
    };
  }

  close(): void {
    this.#database.close();
  }

  #read(after: number, now: number): ReturnType<StatementSync["all"]> {
    try {
      return this.#part.all(after, now);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new DamagedFile(error.message, { cause: error });
    }
  }
}

/** Creates folder and file, both for this user alone; the log gets the mode of the file. */
function createFile(path: string): void {
  Deno.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    Deno.openSync(path, { write: true, createNew: true, mode: 0o600 }).close();
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
  const { isFile, size, mode } = Deno.statSync(path);
  if (!isFile) throw new DamagedFile("it is not a file");
  // SQLite would take these files for new ones, and overwrite them.
  if (size > 0 && size < MIN_PAGE_BYTES) throw new DamagedFile("it is too short");
  if (size === 0 && sizeOf(`${path}-wal`) > 0) throw new DamagedFile("it is empty, but its log is not");
  if (mode !== null && (mode & 0o077) !== 0) Deno.chmodSync(path, 0o600);
}

/** Excludes other processes until the file is closed, even readers. Set before WAL, so that no memory is shared. */
function lock(database: DatabaseSync): void {
  database.prepare(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`).get();
  database.prepare("PRAGMA locking_mode = EXCLUSIVE").get();
  database.prepare("BEGIN EXCLUSIVE").run();
  database.prepare("COMMIT").run();
}

/** Checks the file, and creates the table in an empty one. */
function check(database: DatabaseSync): void {
  database.prepare("PRAGMA trusted_schema = OFF").run();
  const isOk = Object.values(database.prepare("PRAGMA integrity_check(1)").get() ?? {});
  if (isOk[0] !== "ok") throw new DamagedFile(`it is damaged: ${String(isOk[0]).replaceAll("\n", " ")}`);
  const schema = database.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL").all();
  const version = numberOf(database, "user_version");
  const application = numberOf(database, "application_id");
  if (schema.length === 0 && version === 0 && application === 0) return createTable(database);
  if (application !== APPLICATION_ID) throw new DamagedFile("it is the database of another program");
  if (version !== SCHEMA_VERSION) {
    throw new DamagedFile(`its version is ${version} instead of ${SCHEMA_VERSION}`);
  }
  if (schema.length !== 1 || schema[0].sql !== SCHEMA) throw new DamagedFile("its tables are others");
}

function createTable(database: DatabaseSync): void {
  database.prepare("BEGIN IMMEDIATE").run();
  database.prepare(SCHEMA).run();
  database.prepare(`PRAGMA application_id = ${APPLICATION_ID}`).run();
  database.prepare(`PRAGMA user_version = ${SCHEMA_VERSION}`).run();
  database.prepare("COMMIT").run();
}

function numberOf(database: DatabaseSync, pragma: string): number {
  return Number(Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? {})[0]);
}

function resultCode(error: unknown): number | undefined {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number"
    ? error.errcode
    : undefined;
}

function isWritable(path: string): boolean {
  try {
    Deno.openSync(path, { append: true }).close();
    return true;
  } catch {
    return false;
  }
}

/** Distinguishes a file from another one that takes its name. */
function identityOf(path: string): string | undefined {
  try {
    const { dev, ino } = Deno.statSync(path);
    return `${dev} ${ino}`;
  } catch {
    return undefined;
  }
}

function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch {
    return 0;
  }
}

function wholeTime(milliseconds: number): number {
  return Math.min(Math.max(0, Math.trunc(milliseconds) || 0), Number.MAX_SAFE_INTEGER);
}

/** SQLite returns a text up to its first U+0000. U+FDD0 is never assigned to a character. */
function withoutNul(text: string): string {
  return text.includes("\0") ? text.replaceAll("\0", "\ufdd0") : text;
}

function withNul(text: string): string {
  return text.includes("\ufdd0") ? text.replaceAll("\ufdd0", "\0") : text;
}
