import assert from "node:assert/strict";
import { FilesDataProvider } from "../../src/data/files_data_provider.ts";
import { startProcess } from "../support/process.ts";
import { Random } from "../torture/mutations.ts";
import { TemporaryFolder } from "../unit/data/temporary_folder.ts";

const KILLS = 12;
/** Large enough for writing to take some time. */
const BATCH = 500;
/** Changes of the folder until the writer is killed: creating, writing and renaming a file are several each. */
const MAX_EVENTS = 12;
const START_TIME = 30_000;
const WRITER = new URL("files_batch_crash_writer.ts", import.meta.url).pathname;

Deno.test(`files: of many agents that a killed writer was adding, all are there or none, ${KILLS} times`, async () => {
  await using folder = await TemporaryFolder.of({ "agents.yaml": "" });
  const random = new Random(1);
  let batches = 0;
  for (let i = 0; i < KILLS; i++) {
    const told = batches + await killWriter(folder.path, 1 + random.below(MAX_EVENTS));
    const provider = new FilesDataProvider(folder.path);
    const [{ resources, faults }] = await provider.load();
    provider.close();
    assert.deepEqual(faults, []);
    assert.equal(resources.length % BATCH, 0);
    batches = resources.length / BATCH;
    assert.ok(batches === told || batches === told + 1, `${batches}, but ${told} were told`);
  }
});

/** Kills a writer at a change of the folder after its first batch; resolves with the number of written batches. */
async function killWriter(folder: string, events: number): Promise<number> {
  await using writer = startProcess(Deno.execPath(), {
    args: ["run", "-A", "--quiet", WRITER, folder, String(BATCH)],
  });
  await writer.waitForLine(/^\d+$/, START_TIME);
  await Promise.race([someEvent(folder, events), writer.exitCode(START_TIME)]);
  writer.signal("SIGKILL");
  await writer.exitCode(START_TIME);
  const counts = writer.output.split("\n").slice(0, -1).filter((line) => /^\d+$/.test(line));
  return Number(counts.at(-1));
}

async function someEvent(folder: string, count: number): Promise<void> {
  using watcher = Deno.watchFs(folder);
  let left = count;
  for await (const _ of watcher) {
    if (--left === 0) return;
  }
}
