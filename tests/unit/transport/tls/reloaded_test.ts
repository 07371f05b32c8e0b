import assert from "node:assert/strict";
import { configureLogging } from "../../../../src/runtime/log.ts";
import { Reloaded } from "../../../../src/transport/tls/reloaded.ts";
import { TemporaryFolder } from "../../data/temporary_folder.ts";

configureLogging({ level: "fatal", format: "text" });

/** Reads a file of which every content but `no good` can be used, and counts how often. */
async function watch(folder: TemporaryFolder) {
  const path = folder.pathOf("store");
  const count = { reads: 0 };
  const reloaded = await Reloaded.read([path], async () => {
    count.reads++;
    const text = await Deno.readTextFile(path);
    if (text === "no good") throw new Error("It cannot be used");
    return text;
  });
  return { reloaded, count };
}

Deno.test("what does not change is read once, and had at once", async () => {
  await using folder = await TemporaryFolder.of({ store: "one" });
  const { reloaded, count } = await watch(folder);
  assert.equal(reloaded.get(), "one");
  assert.equal(reloaded.get(), "one");
  assert.equal(count.reads, 1);
});

Deno.test("what is written or moved there is read, once for all who ask meanwhile", async () => {
  await using folder = await TemporaryFolder.of({ store: "one" });
  const { reloaded, count } = await watch(folder);
  await folder.write("store", "second");
  assert.deepEqual(
    await Promise.all([reloaded.get(), reloaded.get(), reloaded.get()]),
    Array(3).fill("second"),
  );
  await folder.replace("store", "third!");
  assert.equal(await reloaded.get(), "third!");
  assert.equal(reloaded.get(), "third!");
  assert.equal(count.reads, 3);
});

Deno.test("another file of the same size and content counts as a change", async () => {
  await using folder = await TemporaryFolder.of({ store: "one" });
  const { reloaded, count } = await watch(folder);
  await folder.replace("store", "one");
  assert.equal(await reloaded.get(), "one");
  assert.equal(count.reads, 2);
});

Deno.test("what cannot be used, or is gone, leaves what was before, and is tried once", async () => {
  await using folder = await TemporaryFolder.of({ store: "one" });
  const { reloaded, count } = await watch(folder);
  await folder.write("store", "no good");
  assert.equal(await reloaded.get(), "one");
  assert.equal(reloaded.get(), "one");
  assert.equal(count.reads, 2);
  await folder.remove("store");
  assert.equal(await reloaded.get(), "one");
  await folder.write("store", "back again");
  assert.equal(await reloaded.get(), "back again");
});

Deno.test("a change of any of the files is one", async () => {
  await using folder = await TemporaryFolder.of({ certificate: "c1", key: "k1" });
  const paths = ["certificate", "key"].map((name) => folder.pathOf(name));
  const reloaded = await Reloaded.read(
    paths,
    async () => (await Promise.all(paths.map((path) => Deno.readTextFile(path)))).join(),
  );
  await folder.write("key", "key 2");
  assert.equal(await reloaded.get(), "c1,key 2");
});

Deno.test("what cannot be used at first rejects", async () => {
  await using folder = await TemporaryFolder.of({ store: "no good" });
  await assert.rejects(watch(folder), /It cannot be used/);
});

Deno.test("of two readings under way the later one counts, whichever ends first", async () => {
  await using folder = await TemporaryFolder.of({ store: "one" });
  const readings: ((value: string) => void)[] = [];
  const first = Reloaded.read(
    [folder.pathOf("store")],
    () => new Promise<string>((resolve) => readings.push(resolve)),
  );
  readings[0]("one");
  const reloaded = await first;
  await folder.write("store", "second");
  const second = reloaded.get();
  await folder.write("store", "the third");
  const third = reloaded.get();
  assert.equal(readings.length, 3);
  readings[2]("third");
  await third;
  readings[1]("second");
  await second;
  assert.equal(await reloaded.get(), "third");
});
