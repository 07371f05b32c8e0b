/** The SQLite database that former releases kept registrations in. Its rows are taken over once. */
import { DatabaseSync } from "node:sqlite";
import { DamagedFile } from "./damaged_file.ts";
import { RowBatch } from "./row_batch.ts";

const APPLICATION_ID = 0x726f7574;
const SCHEMA_VERSION = 1;
/** The name that ended in `.sqlite` ends in this now. */
const SUFFIX = ".log";
/** Files that SQLite keeps beside a database. */
const COMPANIONS = ["-wal", "-shm", "-journal"];
/** Time for a predecessor to end. */
const BUSY_TIMEOUT_MS = 1000;
/** Result code of SQLite for a database that another process has open. */
const BUSY = 5;
const ROWS = "SELECT id, key, text, expires_at FROM registrations WHERE id > ? ORDER BY id LIMIT 1000";

export interface FormerDatabase {
  readonly path: string;
  /** Yields batches of rows. Throws `DamagedFile` when it is the file of another program, or cannot be read. */
  read(): IterableIterator<ArrayBuffer>;
  remove(): void;
}

/** @param path of the present file */
export function formerDatabase(path: string): FormerDatabase | undefined {
  const former = `${path.slice(0, -SUFFIX.length)}.sqlite`;
  if (!path.endsWith(SUFFIX) || !exists(former)) return undefined;
  return {
    path: former,
    read: () => readRows(former),
    remove() {
      for (const suffix of ["", ...COMPANIONS]) if (exists(former + suffix)) Deno.removeSync(former + suffix);
    },
  };
}

function* readRows(path: string): IterableIterator<ArrayBuffer> {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path);
    // Errors of `exec` have no code.
    database.prepare(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`).get();
    database.prepare("PRAGMA locking_mode = EXCLUSIVE").get();
    database.prepare("BEGIN EXCLUSIVE").run();
    database.prepare("COMMIT").run();
    yield* rowsIn(database);
  } catch (error) {
    if (codeOf(error) === BUSY) throw new Error("it is in use by another process", { cause: error });
    if (codeOf(error) === undefined && !(error instanceof RangeError)) throw error;
    throw new DamagedFile(error instanceof Error ? error.message : String(error), { cause: error });
  } finally {
    database?.close();
  }
}

function* rowsIn(database: DatabaseSync): IterableIterator<ArrayBuffer> {
  const [application, version] = ["application_id", "user_version"].map((name) => numberOf(database, name));
  // A process that was killed during its first start leaves an empty database.
  if (application === 0 && version === 0) return;
  if (application !== APPLICATION_ID || version !== SCHEMA_VERSION) {
    throw new DamagedFile("it is of another program");
  }
  const select = database.prepare(ROWS);
  let found = select.all(Number.MIN_SAFE_INTEGER);
  while (found.length > 0) {
    const batch = new RowBatch();
    for (const { key, text, expires_at } of found) {
      batch.add({ key: withNul(String(key)), text: withNul(String(text)), expiresAt: Number(expires_at) });
    }
    yield batch.finish();
    found = select.all(Number(found[found.length - 1].id));
  }
}

function numberOf(database: DatabaseSync, pragma: string): number {
  return Number(Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? {})[0]);
}

function codeOf(error: unknown): number | undefined {
  const isCode = error instanceof Error && "errcode" in error && typeof error.errcode === "number";
  return isCode ? Number(error.errcode) & 0xff : undefined;
}

/** SQLite returns a text up to its first U+0000, which was written as U+FDD0, a code without a character. */
function withNul(text: string): string {
  return text.includes("\ufdd0") ? text.replaceAll("\ufdd0", "\0") : text;
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
