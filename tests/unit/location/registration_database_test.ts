/** Rows that survive, and files that do not. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import {
  RegistrationDatabase,
  type RegistrationDatabaseOptions,
} from "../../../src/location/registration_database.ts";
import { BATCH_HEADER_BYTES, readRows } from "../../../src/location/row_batch.ts";
import type { StoredRow } from "../../../src/location/stored_row.ts";
import { configureLogging } from "../../../src/runtime/log.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const HOUR = 3_600_000;
/** "routr registrations 1" and the end of the line. */
const FILE_HEADER_BYTES = 22;

/** A folder, the content of its database, and the log about it. */
class Place implements AsyncDisposable {
  readonly folder = Deno.makeTempDirSync({ prefix: "routr-registrations-" });
  readonly path = `${this.folder}/state/registrations.log`;
  readonly clock = new FakeClock();
  readonly logged: string[] = [];
  readonly #console = { info: console.info, warn: console.warn, error: console.error };
  readonly #open: RegistrationDatabase[] = [];

  constructor() {
    configureLogging({ level: "info", format: "text" });
    for (const method of ["info", "warn", "error"] as const) {
      console[method] = (line: string) => void this.logged.push(line.split(" ").slice(1).join(" "));
    }
  }

  async open(options: RegistrationDatabaseOptions = {}): Promise<RegistrationDatabase> {
    const database = await RegistrationDatabase.open(this.path, { clock: this.clock, ...options });
    this.#open.push(database);
    return database;
  }

  /** Returns the rows that a server would load now. */
  async content(): Promise<readonly StoredRow[]> {
    const database = await this.open();
    const rows = await database.load();
    await database.close();
    return rows;
  }

  row(key: string, text: string, lifetime = HOUR): StoredRow {
    return { key, text, expiresAt: this.clock.wallTime() + lifetime };
  }

  /** Creates a database with one row of the key `a`. */
  async begin(): Promise<void> {
    const database = await this.open();
    database.write([this.row("a", "kept")]);
    await database.close();
  }

  names(): string[] {
    return [...Deno.readDirSync(`${this.folder}/state`)].map(({ name }) => name).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const database of this.#open) await database.close();
    Object.assign(console, this.#console);
    configureLogging({ level: "fatal", format: "text" });
    Deno.removeSync(this.folder, { recursive: true });
  }
}

Deno.test("What was written is there after a restart: the last row of each key, and none that was removed", async () => {
  await using place = new Place();
  const database = await place.open();
  database.write([place.row("a", "1"), place.row("b", "1"), place.row("a", "2")]);
  database.write([place.row("b", ""), place.row("c", "1")]);
  database.write([place.row("c", "2")]);
  await database.close();
  assert.deepEqual(await place.content(), [place.row("a", "2"), place.row("c", "2")]);
  assert.deepEqual(place.names(), ["registrations.log", "registrations.log-recent"]);
  assert.deepEqual(place.logged, []);
});

Deno.test("flush() resolves when the rows are in the file, and what is written later does not hold it up", async () => {
  await using place = new Place();
  const database = await place.open();
  await database.flush();
  database.write([place.row("a", "1")]);
  database.write([place.row("b", "1")]);
  const flushed = database.flush();
  database.write([place.row("c", "1")]);
  await flushed;
  assert.deepEqual(keysIn(place.path).slice(0, 2), ["a", "b"]);
});

Deno.test("Every character comes back as it was", async () => {
  await using place = new Place();
  const every = String.fromCharCode(...Array(256).keys());
  const row = place.row(`key ${every}`, `text ${every} Ā 電話`);
  const database = await place.open();
  database.write([row]);
  await database.close();
  assert.deepEqual(await place.content(), [row]);
});

Deno.test("More rows than a batch and a part are stored and loaded, in the order in which their keys came", async () => {
  await using place = new Place();
  const rows = Array.from({ length: 9001 }, (_, i) => place.row(`sip:${i}@sip.local`, `text ${i}`));
  const database = await place.open();
  database.write(rows);
  await database.close();
  assert.deepEqual(await place.content(), rows);
});

Deno.test("load() leaves out what has expired", async () => {
  await using place = new Place();
  const database = await place.open();
  database.write([place.row("a", "1", 1000), place.row("b", "1", 1001), place.row("c", "1", NaN)]);
  await database.flush();
  place.clock.advance(1000);
  assert.deepEqual((await database.load()).map(({ key }) => key), ["b"]);
});

Deno.test("What has expired or was replaced is removed, sooner or later", async () => {
  await using place = new Place();
  const database = await place.open();
  database.write([place.row("kept", "1")]);
  await database.flush();
  for (let minute = 0; minute < 10; minute++) {
    for (const text of ["1", "2"]) {
      database.write(Array.from({ length: 50 }, (_, i) => place.row(`${i}`, text, 59_000)));
      database.write([place.row("gone", "1"), place.row("there", `${minute}`), place.row(`${minute}`, "1")]);
      await database.flush();
      database.write([place.row("gone", "")]);
      await database.flush();
    }
    place.clock.advance(60_000);
    await database.flush();
  }
  const found = await database.load();
  assert.ok(keysIn(place.path).length < 300, `${keysIn(place.path).length} of 1051 rows`);
  const others = found.filter(({ key }) => key.length > 2).map(({ key, text }) => key + text);
  assert.deepEqual(others.sort(), ["kept1", "there9"]);
});

Deno.test("Folder and file are made for the user of the server alone; other rights of a file stay", async () => {
  await using place = new Place();
  const database = await place.open();
  database.write([place.row("a", "1")]);
  await database.flush();
  assert.deepEqual(
    ["", "/registrations.log", "/registrations.log-recent"].map((name) =>
      modeOf(`${place.folder}/state${name}`)
    ),
    [
      0o700,
      0o600,
      0o600,
    ],
  );
  await database.close();
  Deno.chmodSync(place.path, 0o644);
  assert.equal((await place.content()).length, 1);
  assert.equal(modeOf(place.path), 0o644);
});

Deno.test("A second server cannot open the database of a running one, and does not harm it", async () => {
  await using place = new Place();
  const first = await place.open();
  await assert.rejects(place.open(), {
    message: `Cannot open the registration database "${place.path}": it is in use by another process`,
  });
  first.write([place.row("a", "1")]);
  await first.close();
  assert.equal((await place.content()).length, 1);
});

const DAMAGES: Readonly<Record<string, (path: string) => void>> = {
  "garbage": (path) => Deno.writeFileSync(path, crypto.getRandomValues(new Uint8Array(10_000))),
  "zeros": (path) => Deno.writeFileSync(path, new Uint8Array(8192)),
  "one byte": (path) => Deno.writeTextFileSync(path, "x"),
  "truncated": (path) => {
    Deno.copyFileSync(`${path}-recent`, path);
    Deno.truncateSync(path, 100);
  },
  "of another version": (path) => overwrite(path, 20, [0x32]),
  "of another program": (path) => Deno.writeTextFileSync(path, "SQLite format 3\0".padEnd(4096, "\0")),
  "begun by rubbish": (path) => Deno.writeTextFileSync(path, "rubbish instead of a row", { append: true }),
  "a folder": (path) => {
    Deno.removeSync(path);
    Deno.mkdirSync(path);
  },
};

for (const [what, damage] of Object.entries(DAMAGES)) {
  Deno.test(`A file that is ${what} is quarantined as it is, and a new one begun`, async () => {
    await using place = new Place();
    await place.begin();
    damage(place.path);
    const before = contentOf(place.path);
    await place.content();
    await place.begin();
    assert.deepEqual((await place.content()).map(({ key }) => key), ["a"]);
    const aside = place.names().filter((name) => /\.corrupt-\d{8}T\d{6}\.\d{3}Z$/.test(name));
    assert.equal(aside.length, 1, place.names().join());
    assert.deepEqual(contentOf(`${place.folder}/state/${aside[0]}`), before);
    assert.equal(place.logged.length, 1);
    assert.match(place.logged[0], /^warning /);
    for (const name of [place.path, aside[0]]) assert.ok(place.logged[0].includes(name), place.logged[0]);
  });
}

Deno.test("A file of no bytes is a new one: nothing is lost in it", async () => {
  await using place = new Place();
  Deno.mkdirSync(`${place.folder}/state`);
  Deno.createSync(place.path).close();
  await place.begin();
  assert.equal((await place.content()).length, 1);
  assert.deepEqual(place.logged, []);
});

Deno.test("The recent part of a damaged file goes with it, and the last three quarantined files are kept", async () => {
  await using place = new Place();
  for (let i = 1; i <= 5; i++) {
    await place.begin();
    Deno.writeTextFileSync(place.path, `damaged ${i}`);
    Deno.writeTextFileSync(`${place.path}-recent`, `log ${i}`);
    await place.content();
  }
  const aside = place.names().filter((name) => name.includes(".corrupt-"));
  const contents = aside.map((name) => Deno.readTextFileSync(`${place.folder}/state/${name}`));
  assert.deepEqual(contents, ["damaged 3", "log 3", "damaged 4", "log 4", "damaged 5", "log 5"]);
});

Deno.test("Rows before a damage are loaded, and are in the new file", async () => {
  await using place = new Place();
  const rows = Array.from({ length: 12_000 }, (_, i) => place.row(`${i}`, `text ${i}`.padEnd(400, ".")));
  const database = await place.open();
  database.write(rows);
  await database.close();
  overwrite(`${place.path}-recent`, offsetOf(`${place.path}-recent`, "text 4500"), Array(100).fill(0xff));
  const again = await place.open();
  const found = await again.load();
  assert.deepEqual(found, rows.slice(0, found.length));
  assert.equal(found.length, 4000);
  again.write([place.row("new", "1")]);
  await again.close();
  assert.deepEqual(await place.content(), [...found, place.row("new", "1")]);
  assert.equal(place.logged.length, 1);
});

Deno.test("Rows of a former release are taken over, and its database is removed", async () => {
  await using place = new Place();
  const rows = Array.from({ length: 2500 }, (_, i) => place.row(`sip:${i}@x`, `text ${i} \0 é`));
  const former = makeFormerDatabase(`${place.folder}/state`, rows);
  assert.deepEqual(await place.content(), rows);
  assert.throws(() => Deno.statSync(former), Deno.errors.NotFound);
  assert.deepEqual(await place.content(), rows);
  assert.deepEqual(place.logged, []);
});

Deno.test("A damaged database of a former release is quarantined", async () => {
  await using place = new Place();
  const former = makeFormerDatabase(`${place.folder}/state`, [place.row("a", "1")]);
  overwrite(former, 0, Array(200).fill(0x5a));
  assert.deepEqual(await place.content(), []);
  assert.equal(place.names().filter((name) => name.startsWith("registrations.sqlite.corrupt-")).length, 1);
  assert.equal(place.logged.length, 1);
});

Deno.test("A database of a former release that still runs is left alone", async () => {
  await using place = new Place();
  const former = makeFormerDatabase(`${place.folder}/state`, [place.row("a", "1")]);
  const running = new DatabaseSync(former);
  running.exec("BEGIN EXCLUSIVE");
  await assert.rejects(place.open(), /it is in use by another process$/);
  running.exec("COMMIT");
  running.close();
  assert.equal((await place.content()).length, 1);
});

Deno.test("What cannot be opened at all is told with the reason", async () => {
  await using place = new Place();
  Deno.writeTextFileSync(`${place.folder}/state`, "a file where the folder should be");
  await assert.rejects(
    place.open(),
    /^Error: Cannot open the registration database "\/.*registrations\.log": .*state/,
  );
});

Deno.test("A folder that is removed while the server runs is made again", async () => {
  await using place = new Place();
  const database = await place.open();
  database.write([place.row("a", "1")]);
  await database.flush();
  Deno.removeSync(`${place.folder}/state`, { recursive: true });
  database.write([place.row("b", "1")]);
  await database.flush();
  await database.close();
  assert.deepEqual((await place.content()).map(({ key }) => key), ["b"]);
  assert.deepEqual(place.logged, [
    `warning location: The registration database ${place.path} was removed or replaced; a new one is created`,
  ]);
});

Deno.test("What is refused is tried again, with the latest rows, until it works; both is told once", async () => {
  await using place = new Place();
  const database = await place.open();
  Deno.removeSync(`${place.folder}/state`, { recursive: true });
  Deno.writeTextFileSync(`${place.folder}/state`, "in the way");
  database.write([place.row("a", "1"), place.row("b", "1")]);
  await assert.rejects(database.flush(), /^Error: Cannot store registrations in /);
  database.write([place.row("a", "2")]);
  await assert.rejects(database.flush());
  place.clock.advance(60_000);
  await assert.rejects(database.flush());
  Deno.removeSync(`${place.folder}/state`);
  database.write([place.row("c", "1")]);
  place.clock.advance(30_000);
  await database.flush();
  await database.close();
  assert.deepEqual(Object.fromEntries((await place.content()).map(({ key, text }) => [key, text])), {
    a: "2",
    b: "1",
    c: "1",
  });
  assert.deepEqual(place.logged.map((line) => line.split(": ", 2)[1]), [
    `The registration database ${place.path} was removed or replaced; a new one is created`,
    `Cannot store registrations in ${place.path}`,
    `Registrations are stored in ${place.path} again`,
  ]);
});

Deno.test("close() tries once more, and tells how much is not stored", async () => {
  await using place = new Place();
  const database = await place.open();
  Deno.removeSync(`${place.folder}/state`, { recursive: true });
  Deno.writeTextFileSync(`${place.folder}/state`, "in the way");
  database.write([place.row("a", "1"), place.row("b", "1")]);
  await database.close();
  assert.match(
    place.logged.at(-1) ?? "",
    /^error location: Registrations that could not be stored in .*: 2$/,
  );
});

Deno.test("One batch is on its way at a time; what comes meanwhile goes together, the last row of each key", async () => {
  await using place = new Place();
  const program = programOf(`(question) => {
    if (question instanceof ArrayBuffer) {
      const name = [...readRows(question)].map(({ key, text }) => key + text).join();
      tell({ kind: "quarantined", name, reason: "" });
      return tell(question);
    }
    tell("done");
  }`);
  const database = await place.open({ program });
  for (const round of [1, 2, 3]) database.write([place.row("a", `${round}`), place.row(`b${round}`, "")]);
  await database.flush();
  const batches = place.logged.map((line) => /it is (\S+) now/.exec(line)?.[1]);
  assert.deepEqual(batches, ["a1,b1", "a3,b2,b3"]);
});

Deno.test("A thread that ends does not end the server: it goes on without storing, and says so once", async () => {
  await using place = new Place();
  const program = programOf(`({ kind }) => kind === "open" ? tell("done") : process.exit(1)`);
  const database = await place.open({ program });
  database.write([place.row("a", "1")]);
  await assert.rejects(database.flush(), /its thread ended/);
  database.write([place.row("b", "1")]);
  await assert.rejects(database.flush(), /its thread ended/);
  assert.deepEqual(await database.load(), []);
  await database.close();
  assert.equal(place.logged.filter((line) => line.includes("not stored any more")).length, 1);
});

Deno.test("After close() nothing is written any more, and closing again is no fault", async () => {
  await using place = new Place();
  const database = await place.open();
  database.write([place.row("a", "1")]);
  const closing = database.close();
  database.write([place.row("b", "1")]);
  await Promise.all([closing, database.close()]);
  database.write([place.row("c", "1")]);
  await database.flush();
  assert.deepEqual((await place.content()).map(({ key }) => key), ["a"]);
});

/** Returns the program of a thread that runs `onQuestion`. */
function programOf(onQuestion: string): URL {
  const source = `import { parentPort } from "node:worker_threads";
    import process from "node:process";
    import { readRows } from "${import.meta.resolve("../../../src/location/row_batch.ts")}";
    const tell = (report) => parentPort.postMessage(report);
    parentPort.on("message", ${onQuestion});`;
  return new URL(`data:text/javascript,${encodeURIComponent(source)}`);
}

/** Returns the path of a database with these rows, as the last release with SQLite made it. */
function makeFormerDatabase(folder: string, rows: readonly StoredRow[]): string {
  Deno.mkdirSync(folder);
  const path = `${folder}/registrations.sqlite`;
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA application_id = ${0x726f7574}; PRAGMA user_version = 1;
    CREATE TABLE registrations (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE,
      expires_at INTEGER NOT NULL, text TEXT NOT NULL) STRICT; BEGIN`);
  const insert = database.prepare("INSERT INTO registrations (key, expires_at, text) VALUES (?, ?, ?)");
  for (const { key, text, expiresAt } of rows) insert.run(key, expiresAt, text.replaceAll("\0", "\ufdd0"));
  database.exec("COMMIT");
  database.close();
  return path;
}

/** Returns the keys of all rows in the files, also of those that are replaced. */
function keysIn(path: string): string[] {
  const keys: string[] = [];
  for (const name of [path, `${path}-recent`]) {
    const bytes = Deno.readFileSync(name);
    for (let at = FILE_HEADER_BYTES; at < bytes.length;) {
      const batch = bytes.slice(at).buffer;
      for (const { key } of readRows(batch)) keys.push(key);
      at += BATCH_HEADER_BYTES + new DataView(batch).getUint32(0, true);
    }
  }
  return keys;
}

function overwrite(path: string, at: number, bytes: readonly number[]): void {
  const content = Deno.readFileSync(path);
  content.set(bytes, at);
  Deno.writeFileSync(path, content);
}

function offsetOf(path: string, text: string): number {
  const at = new TextDecoder("latin1").decode(Deno.readFileSync(path)).indexOf(text);
  assert.ok(at > 0);
  return at;
}

function contentOf(path: string): Uint8Array | undefined {
  return Deno.statSync(path).isFile ? Deno.readFileSync(path) : undefined;
}

function modeOf(path: string): number {
  return Deno.statSync(path).mode! & 0o777;
}
