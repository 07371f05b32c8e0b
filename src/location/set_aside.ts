/** Damaged databases are kept, so that somebody can find out what happened, but not without end. */
import { basename, dirname } from "node:path";

/** Set-aside files that are kept. */
const KEPT = 3;
/** What SQLite has beside a database. */
const COMPANIONS = ["-wal", "-shm", "-journal"];

/**
 * Renames a database, with what belongs to it, to `NAME.corrupt-TIME`, and removes all but the latest of such files.
 * Returns the new path. Throws what the file system has against it. A folder is set aside too, but never removed.
 */
export function setAside(path: string, now: number): string {
  const name = freeName(path, now);
  // The database before its log: without its log it would pass for an older state of itself.
  Deno.renameSync(path, name);
  for (const suffix of COMPANIONS) {
    try {
      Deno.renameSync(path + suffix, name + suffix);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  removeOldest(path);
  return name;
}

function freeName(path: string, now: number): string {
  for (let time = now;; time++) {
    // 20261231T235959.999Z: the order of the names is that of the times.
    const name = `${path}.corrupt-${new Date(time).toISOString().replace(/[-:]/g, "")}`;
    if (!exists(name)) return name;
  }
}

function removeOldest(path: string): void {
  const prefix = `${basename(path)}.corrupt-`;
  const names = [...Deno.readDirSync(dirname(path))]
    .filter(({ name, isDirectory }) => name.startsWith(prefix) && /Z$/.test(name) && !isDirectory)
    .map(({ name }) => `${dirname(path)}/${name}`)
    .sort();
  for (const name of names.slice(0, -KEPT)) {
    for (const suffix of ["", ...COMPANIONS]) {
      try {
        Deno.removeSync(name + suffix);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
  }
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
