import assert from "node:assert/strict";
import { WriteRefused } from "../../../../src/data/data_provider.ts";
import { readExactText, replaceFile } from "../../../../src/data/files/replaced_file.ts";
import { TemporaryFolder } from "../temporary_folder.ts";

function namesIn(folder: TemporaryFolder): string[] {
  return [...Deno.readDirSync(folder.path)].map(({ name }) => name).sort();
}

async function refusal(change: Promise<unknown>): Promise<{ reason: string; message: string }> {
  const error = await change.then(() => undefined, (error) => error);
  assert.ok(error instanceof WriteRefused, String(error));
  return { reason: error.reason, message: error.message };
}

Deno.test("replaceFile() puts the new text in the place of the old one", async () => {
  await using folder = await TemporaryFolder.of({ "a.yaml": "\ufeffold\r\n" });
  const path = folder.pathOf("a.yaml");
  const version = await replaceFile(path, (current) => Promise.resolve(`${current?.text}new Zoë`));
  assert.deepEqual(await readExactText(path), { text: "\ufeffold\r\nnew Zoë", version });
  assert.deepEqual(namesIn(folder), ["a.yaml"]);
});

Deno.test("replaceFile() makes a file that only its owner can read", async () => {
  await using folder = await TemporaryFolder.of({});
  const path = folder.pathOf("a.yaml");
  await replaceFile(path, (current) => Promise.resolve(String(current)));
  assert.equal(await Deno.readTextFile(path), "undefined");
  assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
});

Deno.test("replaceFile() keeps permissions, owner, and a link", async () => {
  await using folder = await TemporaryFolder.of({ "target": "old" });
  await Deno.chmod(folder.pathOf("target"), 0o640);
  if (Deno.uid() === 0) await Deno.chown(folder.pathOf("target"), 12, 34);
  const before = await Deno.stat(folder.pathOf("target"));
  await Deno.symlink("target", folder.pathOf("a.yaml"));
  await replaceFile(folder.pathOf("a.yaml"), () => Promise.resolve("new"));
  assert.equal(await Deno.readLink(folder.pathOf("a.yaml")), "target");
  assert.equal(await Deno.readTextFile(folder.pathOf("target")), "new");
  const { mode, uid, gid, ino } = await Deno.stat(folder.pathOf("target"));
  assert.deepEqual([mode, uid, gid], [before.mode, before.uid, before.gid]);
  assert.notEqual(ino, before.ino);
  assert.deepEqual(namesIn(folder), ["a.yaml", "target"]);
});

Deno.test("replaceFile() leaves everything as it was when the edit is refused", async () => {
  await using folder = await TemporaryFolder.of({ "a.yaml": "old" });
  const refused = replaceFile(folder.pathOf("a.yaml"), () => Promise.reject(new RangeError("no")));
  await assert.rejects(refused, RangeError);
  assert.equal(await Deno.readTextFile(folder.pathOf("a.yaml")), "old");
  assert.deepEqual(namesIn(folder), ["a.yaml"]);
});

Deno.test("replaceFile() does not write over what somebody else wrote meanwhile", async () => {
  await using folder = await TemporaryFolder.of({ "a.yaml": "old", "b.yaml": "old" });
  const byEditor = (name: string) =>
    refusal(replaceFile(folder.pathOf(name), async () => {
      await folder.replace(name, "editor's");
      return "new";
    }));
  const { reason, message } = await byEditor("a.yaml");
  assert.equal(reason, "conflict");
  assert.match(message, /^Cannot change .+\/a\.yaml: it was changed by somebody else meanwhile$/);
  assert.equal(await Deno.readTextFile(folder.pathOf("a.yaml")), "editor's");
  assert.equal((await byEditor("c.yaml")).reason, "conflict");
  assert.deepEqual(namesIn(folder), ["a.yaml", "b.yaml", "c.yaml"]);
});

Deno.test("replaceFile() lets one writer at a time", async () => {
  await using folder = await TemporaryFolder.of({ "a.yaml": "" });
  const path = folder.pathOf("a.yaml");
  const writers = Array.from({ length: 8 }, (_, i) =>
    replaceFile(path, async (current) => {
      await Promise.resolve();
      return `${current?.text}${i}`;
    }));
  await Promise.all(writers);
  assert.equal([...await Deno.readTextFile(path)].sort().join(""), "01234567");
});

Deno.test("replaceFile() removes what a killed writer left, and nothing else", async () => {
  await using folder = await TemporaryFolder.of({
    "a.yaml": "old",
    ".a.yaml.routr-abcdefghij23": "half",
    ".a.yaml.routr-notes": "mine",
    ".b.yaml.routr-abcdefghij23": "of another file",
  });
  await replaceFile(folder.pathOf("a.yaml"), () => Promise.resolve("new"));
  assert.deepEqual(namesIn(folder), [".a.yaml.routr-notes", ".b.yaml.routr-abcdefghij23", "a.yaml"]);
});

Deno.test("replaceFile() tells why a file cannot be changed", async () => {
  await using folder = await TemporaryFolder.of({});
  await Deno.symlink("nowhere", folder.pathOf("link.yaml"));
  await Deno.mkdir(folder.pathOf("folder.yaml"));
  await Deno.writeFile(folder.pathOf("latin1.yaml"), new Uint8Array([0xe9]));
  const refusals = await Promise.all(
    [folder.pathOf("link.yaml"), folder.pathOf("missing/a.yaml"), folder.pathOf("latin1.yaml")].map((path) =>
      refusal(replaceFile(path, () => Promise.resolve("new")))
    ),
  );
  const cannot = (name: string) => `Cannot change ${folder.pathOf(name)}`;
  assert.deepEqual(refusals, [
    { reason: "unwritable", message: `${cannot("link.yaml")}: it is a link that leads nowhere` },
    { reason: "unwritable", message: `${cannot("missing/a.yaml")}: its folder does not exist` },
    { reason: "unwritable", message: `${cannot("latin1.yaml")}: its text is not UTF-8` },
  ]);
  assert.notEqual(
    (await refusal(replaceFile(folder.pathOf("folder.yaml"), () => Promise.resolve("")))).reason,
    "missing",
  );
});

Deno.test({
  name: "replaceFile() refuses a file that may not be written, and leaves it",
  permissions: { read: true, write: false },
  async fn() {
    const path = new URL("../../../../config/agents.yaml", import.meta.url).pathname;
    const before = await Deno.stat(path);
    assert.deepEqual(await refusal(replaceFile(path, () => Promise.resolve(""))), {
      reason: "unwritable",
      message: `Cannot change ${path}: it is not writable (NotCapable)`,
    });
    assert.deepEqual((await Deno.stat(path)).mtime, before.mtime);
  },
});
