import type { Fault } from "../fault.ts";

/** Larger files would use up the memory of a small host. */
export const MAX_FILE_BYTES = 128 * 2 ** 20;

/** Returns the text of a file, or the fault that prevents reading it. */
export async function readTextFile(path: string): Promise<string | Fault> {
  try {
    const { size } = await Deno.stat(path);
    if (size <= MAX_FILE_BYTES) return await Deno.readTextFile(path);
    const found = `a file of ${Math.ceil(size / 2 ** 20)} MiB`;
    return { file: path, property: "", found, expected: `at most ${MAX_FILE_BYTES / 2 ** 20} MiB` };
  } catch (error) {
    const reason = error instanceof Error ? error.name : String(error);
    return {
      file: path,
      property: "",
      found: `a file that cannot be read (${reason})`,
      expected: "a readable file",
    };
  }
}

/** Returns a text that differs when content or permissions of a file do; undefined for no file. */
export async function fileVersion(path: string): Promise<string | undefined> {
  try {
    const { mtime, ctime, size, ino } = await Deno.stat(path);
    return `${mtime?.getTime()} ${ctime?.getTime()} ${size} ${ino}`;
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? undefined : String(error);
  }
}
