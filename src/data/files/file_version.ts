/** Returns a text that differs when content or permissions of a file do; undefined for no file. */
export async function fileVersion(path: string): Promise<string | undefined> {
  try {
    const { mtime, ctime, size, ino } = await Deno.stat(path);
    return `${mtime?.getTime()} ${ctime?.getTime()} ${size} ${ino}`;
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? undefined : String(error);
  }
}
