/** Moves damaged databases away. The latest ones are kept for examination. */
import { basename, dirname } from "node:path";
import { RECENT } from "./registration_log.ts";

const MAX_KEPT = 3;
/** Suffixes of the files beside a database: the recent rows, and those of SQLite. */
const COMPANIONS = [RECENT, "-wal", "-shm", "-journal"];

/**
 * Renames a database and its companions to `NAME.corrupt-TIME`, removes all but the latest of such files, and returns the
 * new path. Throws errors of the file system. A folder is renamed too, but never removed.
 */
export function quarantine(path: string, now: number): string {
  const name = freeName(path, now);
  // The database goes before its log: without its log it would pass for an older state of itself.
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
    // Names such as 20261231T235959.999Z sort by time.
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
  for (const name of names.slice(0, -MAX_KEPT)) {
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
