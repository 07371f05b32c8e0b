/**
 * Returns a text that changes whenever the file does; "" for a missing file, a folder, or a file of more than `maxBytes`.
 * Takes a few microseconds.
 */
export function fileState(path: string, maxBytes = Infinity): string {
  try {
    const { mtime, size, ino, isFile } = Deno.statSync(path);
    return isFile && size <= maxBytes ? `${mtime?.getTime()} ${size} ${ino}` : "";
  } catch {
    return "";
  }
}
