import assert from "node:assert/strict";
import { FilesDataProvider } from "../../src/data/files_data_provider.ts";
import { startProcess } from "../support/process.ts";
import { Random } from "../torture/mutations.ts";
import { TemporaryFolder } from "../unit/data/temporary_folder.ts";

const KILLS = 30;
/** Simultaneous writers, each with its own folder. */
const WRITERS = 2;
/** The writer is killed at the latest at this time after its first change. */
const MAX_LIFE_MS = 40;
/**
 * The writer is killed at the latest after this number of changes of its folder: creating, writing and renaming a file
 * are several each.
 */
const MAX_EVENTS = 12;
const START_TIME = 30_000;
/** The exit code of a process that was killed. */
const KILLED = 128 + 9;
const WRITER = new URL("files_crash_writer.ts", import.meta.url).pathname;

/** Large enough for writing to take some time. */
const OTHER_AGENTS = Array.from({ length: 2000 }, (_, i) => agent(`${i + 1}`, `Agent ${i + 1}`)).join("\n");

function agent(username: string, name: string): string {
  return `- apiVersion: v1beta1
  kind: Agent
  metadata:
    name: ${name}   # shown to others
    ref: AG${username}
  spec:
    credentials: {username: '${username}', secret: '0123'}
    domains: [sip.local]
`;
}

function content(count: number): string {
  return `# People\n\n${agent("0", `${count}`)}\n${OTHER_AGENTS}`;
}

Deno.test(`files: a writer that is killed ${KILLS} times leaves the old or the new content each time`, async () => {
  const kills = Array.from({ length: WRITERS }, (_, seed) => killAgainAndAgain(new Random(seed + 1)));
  await Promise.all(kills);
});

async function killAgainAndAgain(random: Random): Promise<void> {
  await using folder = await TemporaryFolder.of({ "agents.yaml": content(0) });
  let count = 0;
  for (let i = 0; i < KILLS / WRITERS; i++) {
    const told = await killWriter(
      folder.path,
      i % 2 === 0 ? random.below(MAX_LIFE_MS) : () => someEvent(folder.path, random),
    );
    assert.ok(told > count, `${told} after ${count}`);
    const text = await Deno.readTextFile(folder.pathOf("agents.yaml"));
    assert.ok(text === content(told) || text === content(told + 1), `neither ${told} nor ${told + 1}`);
    count = text === content(told) ? told : told + 1;
    await changeOnce(folder.path, ++count);
    assert.equal(await Deno.readTextFile(folder.pathOf("agents.yaml")), content(count));
    assert.deepEqual([...Deno.readDirSync(folder.path)].map(({ name }) => name), ["agents.yaml"]);
  }
}

/** Resolves during a write; most moments are between two writes. */
async function someEvent(folder: string, random: Random): Promise<void> {
  using watcher = Deno.watchFs(folder);
  let count = 1 + random.below(MAX_EVENTS);
  for await (const _ of watcher) {
    if (--count === 0) return;
  }
}

/** Kills a writer after some milliseconds or an event, and resolves with its last count. */
async function killWriter(folder: string, life: number | (() => Promise<void>)): Promise<number> {
  await using writer = startProcess(Deno.execPath(), { args: ["run", "-A", "--quiet", WRITER, folder] });
  await writer.waitForLine(/^\d+$/, START_TIME);
  if (typeof life === "number") await new Promise((resolve) => setTimeout(resolve, life));
  else await Promise.race([life(), writer.exitCode(START_TIME)]);
  writer.signal("SIGKILL");
  assert.equal(await writer.exitCode(START_TIME), KILLED, writer.output);
  const counts = writer.output.split("\n").slice(0, -1).filter((line) => /^\d+$/.test(line));
  return Number(counts.at(-1));
}

async function changeOnce(folder: string, count: number): Promise<void> {
  const provider = new FilesDataProvider(folder);
  const [source] = await provider.load();
  const address = { source, index: 0 };
  const { document, version } = (await provider.read(address))!;
  const metadata = { ...document.metadata as Record<string, string>, name: count };
  await provider.write({
    action: "update",
    address,
    ref: "AG0",
    version,
    document: { ...document, metadata },
  });
  provider.close();
}
