import { join } from "node:path";

/** A folder of its own for one test, gone at the end of its block: `await using folder = await TemporaryFolder.of({…})`. */
export class TemporaryFolder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** `files` maps names to contents. */
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

  /** As editors do that write a new file and put it in the place of the old one. */
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
