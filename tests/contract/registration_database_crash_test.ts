/** The registration database after power cuts and damage by an SD card. */
import assert from "node:assert/strict";
import { RegistrationDatabase } from "../../src/location/registration_database.ts";
import type { StoredRow } from "../../src/location/stored_row.ts";
import { configureLogging } from "../../src/runtime/log.ts";
import { type RunningProcess, startProcess } from "../support/process.ts";
import { keyOf, KEYS } from "./registration_database_writer.ts";
import { pause } from "../support/pause.ts";

const WRITER = new URL("registration_database_writer.ts", import.meta.url).pathname;
const CONFIGURATION = new URL("../../deno.json", import.meta.url).pathname;
const KILLS = 30;
const DAMAGES = 30;
const LIFETIME = 30_000;

interface Place extends AsyncDisposable {
  readonly folder: string;
  readonly path: string;
}

function makePlace(): Place {
  const folder = Deno.makeTempDirSync({ prefix: "routr-crash-" });
  return {
    folder,
    path: `${folder}/registrations.log`,
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

function startWriter(path: string, first: number): RunningProcess {
  return startProcess(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--config", CONFIGURATION, WRITER, path, `${first}`],
    lifetime: LIFETIME,
  });
}

/** Returns the last number that the process reported as stored. */
function lastStored({ output }: RunningProcess): number | undefined {
  const last = output.split("\n").slice(0, -1).findLast((line) => line.startsWith("stored "));
  return last === undefined ? undefined : Number(last.slice("stored ".length));
}

async function contentOf(path: string): Promise<readonly StoredRow[]> {
  const database = await RegistrationDatabase.open(path);
  const rows = await database.load();
  await database.close();
  return rows;
}

Deno.test(`Nothing that was stored is lost in ${KILLS} kills at any moment, and no file is quarantined`, async () => {
  await using place = makePlace();
  let first = 0;
  let stored = -1;
  let storing = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const writer = startWriter(place.path, first);
    // Every fifth process is killed during its start, or shortly after it.
    if (kill % 5 > 0) await writer.waitForLine(/^open$/, LIFETIME);
    await pause(Math.random() * 120);
    writer.signal("SIGKILL");
    await writer.stop();
    const told = lastStored(writer);
    if (told !== undefined) storing++;
    stored = told ?? stored;
    const numbers = new Map((await contentOf(place.path)).map(({ key, text }) => [key, Number(text)]));
    for (let number = Math.max(0, stored - KEYS + 1); number <= stored; number++) {
      const found = numbers.get(keyOf(number)) ?? -1;
      assert.ok(
        found >= number && found % KEYS === number % KEYS,
        `kill ${kill}: ${found} instead of ${number}`,
      );
    }
    first = Math.max(-1, ...numbers.values()) + 1;
  }
  assert.ok(storing > KILLS / 4, `only ${storing} of ${KILLS} were killed while they stored`);
  const names = [...Deno.readDirSync(place.folder)].map(({ name }) => name).sort();
  assert.deepEqual(names, ["registrations.log", "registrations.log-recent"]);
});

Deno.test("A database that another process has open is refused, and is free when that process was killed", async () => {
  await using place = makePlace();
  const writer = startWriter(place.path, 0);
  await writer.waitForLine(/^stored /, LIFETIME);
  await assert.rejects(RegistrationDatabase.open(place.path), /is in use by another process$/);
  writer.signal("SIGKILL");
  await writer.stop();
  assert.ok((await contentOf(place.path)).length > 0);
});

Deno.test(`${DAMAGES} files, damaged at random, are loaded as far as they can be, and serve afterwards`, async () => {
  configureLogging({ level: "fatal", format: "text" });
  await using place = makePlace();
  const sound = await soundDatabase(place.folder);
  for (let round = 0; round < DAMAGES; round++) {
    const description = damage(place.path, sound);
    try {
      const database = await RegistrationDatabase.open(place.path);
      await database.load();
      const rows = Array.from({ length: KEYS }, (_, i) => row(i, `written after damage ${round}`));
      database.write(rows);
      await database.flush();
      await database.close();
      const found = new Map((await contentOf(place.path)).map((found) => [found.key, found]));
      for (const expected of rows) assert.deepEqual(found.get(expected.key), expected);
    } catch (error) {
      throw new Error(`Round ${round}, ${description}`, { cause: error });
    }
  }
});

interface DatabaseFiles {
  readonly main: Uint8Array<ArrayBuffer>;
  readonly log: Uint8Array<ArrayBuffer>;
}

/** Returns a copy of a database that a server has open. */
async function soundDatabase(folder: string): Promise<DatabaseFiles> {
  const path = `${folder}/sound.log`;
  const database = await RegistrationDatabase.open(path);
  database.write(Array.from({ length: KEYS }, (_, i) => row(i, `${i}`)));
  await database.close();
  const again = await RegistrationDatabase.open(path);
  again.write(Array.from({ length: 50 }, (_, i) => row(i * 7, "changed")));
  await again.flush();
  const files = { main: Deno.readFileSync(path), log: Deno.readFileSync(`${path}-recent`) };
  await again.close();
  return files;
}

/** Stores a damaged copy at the path, and returns a description of the damage. */
function damage(path: string, { main, log }: DatabaseFiles): string {
  const files = { [path]: main.slice(), [`${path}-recent`]: log.slice() };
  const done: string[] = [];
  for (const [name, bytes] of Object.entries(files)) {
    const end = Math.random() < 0.3 ? randomBelow(bytes.length) : bytes.length;
    if (end < bytes.length) done.push(`${name} truncated to ${end}`);
    // Every other copy is damaged in its first rows.
    const span = Math.random() < 0.5 ? Math.min(end, 4096 * 3) : end;
    for (let flips = randomBelow(12); flips > 0 && span > 0; flips--) {
      const at = randomBelow(span);
      bytes[at] = randomBelow(256);
      done.push(`${name}[${at}] = ${bytes[at]}`);
    }
    Deno.writeFileSync(name, bytes.subarray(0, end));
  }
  return done.join(", ");
}

function randomBelow(limit: number): number {
  return Math.floor(Math.random() * limit);
}

function row(number: number, text: string): StoredRow {
  return { key: keyOf(number), text: text.padEnd(400), expiresAt: 4_000_000_000_000 };
}
