import assert from "node:assert/strict";
import { FolderWatch } from "../../../../src/data/files/folder_watch.ts";
import { TemporaryFolder } from "../temporary_folder.ts";

/** Returns the content of `file` after the first reported change; `known` is the content before. */
async function firstChange(folder: TemporaryFolder, known: string): Promise<string> {
  const fingerprint = () => Deno.readTextFile(folder.pathOf("file")).catch(() => "gone");
  const { promise: changed, resolve: onChange } = Promise.withResolvers<void>();
  const watch = new FolderWatch(folder.path, { fingerprint, known, onChange });
  await changed;
  watch.close();
  return await fingerprint();
}

Deno.test("FolderWatch tells a change made before it began", async () => {
  await using folder = await TemporaryFolder.of({ file: "new" });
  assert.equal(await firstChange(folder, "old"), "new");
});

Deno.test("FolderWatch tells a change once the last of several writes is done", async () => {
  await using folder = await TemporaryFolder.of({ file: "0" });
  const change = firstChange(folder, "0");
  for (const text of ["1", "", "2", "3"]) {
    await folder.write("file", text);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.equal(await change, "3");
});

Deno.test("FolderWatch looks at files by itself where folders cannot be watched", async () => {
  await using folder = await TemporaryFolder.of({ file: "old" });
  const { watchFs } = Deno;
  Deno.watchFs = () => {
    throw new Deno.errors.NotSupported("No watches on this system");
  };
  try {
    const change = firstChange(folder, "old");
    const started = performance.now();
    await folder.write("file", "new");
    assert.equal(await change, "new");
    assert.ok(performance.now() - started < 2000);
  } finally {
    Deno.watchFs = watchFs;
  }
});
