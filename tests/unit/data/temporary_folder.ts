import { join } from "node:path";

/** The folder of one test, removed at the end of its block: `await using folder = await TemporaryFolder.of({…})`. */
export class TemporaryFolder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** @param files contents by name */
  static async of(files: Readonly<Record<string, string>>): Promise<TemporaryFolder> {
    const folder = new TemporaryFolder(await Deno.makeTempDir({ prefix: "routr_test_" }));
    for (const [name, text] of Object.entries(files)) await folder.write(name, text);
    return folder;
  }

  pathOf(name: string): string {
    return join(this.path, name);
  }

  async write(name: string, text: string): Promise<void> {
    await Deno.writeTextFile(this.pathOf(name), text);
  }

  /** Replaces a file by a new one, as many editors do. */
  async replace(name: string, text: string): Promise<void> {
    await this.write(`.${name}.new`, text);
    await Deno.rename(this.pathOf(`.${name}.new`), this.pathOf(name));
  }

  async remove(name: string): Promise<void> {
    await Deno.remove(this.pathOf(name));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}
