/** Files that are changed by one writer at a time, as a whole or not at all, even when the power fails. */
import { basename, dirname } from "node:path";
import { sleep, systemClock } from "../../runtime/clock.ts";
import { randomToken } from "../../runtime/random.ts";
import { ChangedMeanwhile, type RefusalReason, WriteRefused } from "../data_provider.ts";
import { fileVersion, MAX_FILE_BYTES } from "./text_file.ts";

/** Time to wait for another writer, and between two attempts. */
const MAX_LOCK_WAIT_MS = 5000;
const LOCK_RETRY_MS = 10;

/** A file that is written while it is read is read again, up to this number of times. */
const MAX_READINGS = 5;

/** New files hold secrets; the owner decides who else may read them. */
const NEW_FILE_MODE = 0o600;

export interface TextAndVersion {
  /** The whole text, with byte order mark and line ends. */
  readonly text: string;
  readonly version: string;
}

/** Returns the text of a file, undefined for no file. Rejects with `WriteRefused` when it cannot be read. */
export async function readExactText(path: string): Promise<TextAndVersion | undefined> {
  try {
    for (let i = 0; i < MAX_READINGS; i++) {
      const version = await fileVersion(path);
      if (version === undefined) return undefined;
      const { size } = await Deno.stat(path);
      if (size > MAX_FILE_BYTES) {
        throw cannotChange("unwritable", path, "it is too large");
      }
      const bytes = await Deno.readFile(path);
      if (await fileVersion(path) === version) return { text: decode(bytes, path), version };
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw refusalOf(error, path, "read");
  }
  throw changedMeanwhile(path);
}

/** Bytes that are no text would be changed by decoding. */
function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw cannotChange("unwritable", path, "its text is not UTF-8");
  }
}

/**
 * Replaces a file by the result of `edit`, and resolves with its new version. Links, permissions and owner stay.
 * Rejects with `WriteRefused`, or as `edit` does; the file is then unchanged.
 */
export async function replaceFile(
  path: string,
  edit: (current: TextAndVersion | undefined) => Promise<string>,
): Promise<string> {
  const target = await targetOf(path);
  using _lock = await FolderLock.acquire(dirname(target), path);
  const current = await readExactText(target);
  await refuseUnlessWritable(target, path);
  const text = await edit(current);
  try {
    await removeLeftovers(target);
    return await replace(target, text, current?.version);
  } catch (error) {
    throw refusalOf(error, path, "changed");
  }
}

/** Returns the path of the content, following links. */
async function targetOf(path: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw refusalOf(error, path, "changed");
    const isLink = await Deno.lstat(path).then(() => true, () => false);
    if (isLink) {
      throw cannotChange("unwritable", path, "it is a link that leads nowhere");
    }
    return path;
  }
}

/** A read-only file is not replaced, although its folder would permit it. */
async function refuseUnlessWritable(target: string, path: string): Promise<void> {
  try {
    (await Deno.open(target, { write: true })).close();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw refusalOf(error, path, "changed");
  }
}

async function replace(target: string, text: string, versionBefore: string | undefined): Promise<string> {
  const temporary = `${dirname(target)}/${temporaryPrefix(target)}${randomToken()}`;
  try {
    await writeThrough(temporary, text, target);
    // Editors do not respect locks.
    if (await fileVersion(target) !== versionBefore) throw changedMeanwhile(target);
    await Deno.rename(temporary, target);
  } catch (error) {
    await Deno.remove(temporary).catch(() => undefined);
    throw error;
  }
  await syncFolder(dirname(target));
  return await fileVersion(target) ?? "";
}

/** Writes a new file to the disk, with permissions and owner of `like`. */
async function writeThrough(path: string, text: string, like: string): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true, mode: NEW_FILE_MODE });
  await copyOwnership(path, like);
  const bytes = new TextEncoder().encode(text);
  for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
  await file.sync();
}

/** Copies owner and permissions. Where the group cannot be set, it has no more rights than everybody. */
async function copyOwnership(path: string, like: string): Promise<void> {
  const original = await Deno.stat(like).catch(() => undefined);
  if (original === undefined) return;
  const { uid, gid, mode } = original;
  const own = await Deno.stat(path);
  if (uid !== own.uid) {
    await Deno.chown(path, uid, null).catch(() => {
      throw cannotChange("unwritable", like, "it belongs to another user than the server's");
    });
  }
  const hasGroup = gid === own.gid || await Deno.chown(path, null, gid).then(() => true, () => false);
  if (mode !== null) await Deno.chmod(path, hasGroup ? mode & 0o7777 : mode & (mode << 3 & 0o070 | 0o707));
}

/** Makes the new name survive a power cut. Some file systems do so by themselves, and fail here. */
async function syncFolder(folder: string): Promise<void> {
  try {
    using file = await Deno.open(folder);
    await file.sync();
  } catch {
    // The change is made anyway.
  }
}

/** Other programs ignore hidden files without their extension. */
function temporaryPrefix(target: string): string {
  return `.${basename(target)}.routr-`;
}

/** Removes files of writers that were killed. */
async function removeLeftovers(target: string): Promise<void> {
  const folder = dirname(target);
  const prefix = temporaryPrefix(target);
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (isFile && name.startsWith(prefix) && /^[a-z2-7]{12}$/.test(name.slice(prefix.length))) {
      await Deno.remove(`${folder}/${name}`);
    }
  }
}

/** Excludes other writers, also of other processes; released at the end of the process at the latest. */
class FolderLock implements Disposable {
  readonly #folder: Deno.FsFile | undefined;

  private constructor(folder: Deno.FsFile | undefined) {
    this.#folder = folder;
  }

  static async acquire(folder: string, path: string): Promise<FolderLock> {
    let file: Deno.FsFile;
    try {
      file = await Deno.open(folder);
    } catch (error) {
      throw refusalOf(error, path, "changed");
    }
    try {
      for (const end = systemClock.now() + MAX_LOCK_WAIT_MS; !(await file.tryLock(true));) {
        if (systemClock.now() > end) {
          throw cannotChange("unavailable", path, "somebody else is changing files of its folder");
        }
        await sleep(LOCK_RETRY_MS);
      }
      return new FolderLock(file);
    } catch (error) {
      file.close();
      if (error instanceof WriteRefused) throw error;
      // Some file systems have no locks. The version is compared before the file is replaced.
      return new FolderLock(undefined);
    }
  }

  [Symbol.dispose](): void {
    this.#folder?.close();
  }
}

export function cannotChange(reason: RefusalReason, path: string, cause: string): WriteRefused {
  return new WriteRefused(reason, `Cannot change ${path}: ${cause}`);
}

function changedMeanwhile(path: string): WriteRefused {
  return new ChangedMeanwhile(`Cannot change ${path}: it was changed by somebody else meanwhile`);
}

const NOT_WRITABLE = [Deno.errors.PermissionDenied, Deno.errors.NotCapable, Deno.errors.IsADirectory];

function refusalOf(error: unknown, path: string, action: "read" | "changed"): unknown {
  if (!(error instanceof Error) || error instanceof WriteRefused) return error;
  const code = (error as Error & { readonly code?: string }).code;
  const name = error.name === "Error" ? code ?? "Error" : error.name;
  if (action === "read") return new WriteRefused("unavailable", `Cannot read ${path} (${name})`);
  if (error instanceof Deno.errors.NotFound) {
    return cannotChange("unwritable", path, "its folder does not exist");
  }
  if (code === "EROFS" || code === "EPERM" || NOT_WRITABLE.some((type) => error instanceof type)) {
    return cannotChange("unwritable", path, `it is not writable (${name})`);
  }
  return new WriteRefused("unavailable", `Cannot change ${path} (${name})`);
}
