/**
 * A text that changes whenever the file does; "" when there is none, or nothing to read: it is a folder, or larger than
 * so many bytes. Costs a few microseconds.
 */
export function fileState(path: string, largest = Infinity): string {
  try {
    const { mtime, size, ino, isFile } = Deno.statSync(path);
    return isFile && size <= largest ? `${mtime?.getTime()} ${size} ${ino}` : "";
  } catch {
    return "";
  }
}
