/** The files of registrations: how they stay short, and what a crash leaves of them. */
import assert from "node:assert/strict";
import { RegistrationLog } from "../../../src/location/registration_log.ts";
import { readRows, RowBatch } from "../../../src/location/row_batch.ts";

const EXPIRY = 4_000_000_000_000;

class Place implements Disposable {
  readonly folder = Deno.makeTempDirSync({ prefix: "routr-log-" });
  readonly path = `${this.folder}/registrations.log`;
  log: RegistrationLog | undefined;

  async open(): Promise<RegistrationLog> {
    this.log?.close();
    this.log = await RegistrationLog.open(this.path);
    return this.log;
  }

  get bytes(): number {
    return [...Deno.readDirSync(this.folder)]
      .reduce((sum, { name }) => sum + Deno.statSync(`${this.folder}/${name}`).size, 0);
  }

  [Symbol.dispose](): void {
    this.log?.close();
    Deno.removeSync(this.folder, { recursive: true });
  }
}

function batchOf(rows: Readonly<Record<string, string>>): ArrayBuffer {
  const batch = new RowBatch();
  for (const [key, text] of Object.entries(rows)) batch.add({ key, text, expiresAt: EXPIRY });
  return batch.finish();
}

function contentOf(log: RegistrationLog): Map<string, string> {
  const content = new Map<string, string>();
  let after: number | undefined;
  for (;;) {
    const part = log.load(after, 0);
    if (part === undefined) return content;
    for (const { key, text } of readRows(part.rows)) {
      assert.ok(!content.has(key), `${key} is there twice`);
      content.set(key, text);
    }
    after = part.last;
  }
}

Deno.test("holds what a Map holds after any changes, also when it is opened again", async () => {
  using place = new Place();
  let log = await place.open();
  const expected = new Map<string, string>();
  for (let round = 0; round < 300; round++) {
    const rows: Record<string, string> = {};
    for (let i = 0; i < 20; i++) {
      const key = `key ${Math.floor(Math.random() ** 3 * 900)}`;
      rows[key] = Math.random() < 0.2 ? "" : `text ${round}`;
    }
    log.write(batchOf(rows));
    for (const [key, text] of Object.entries(rows)) {
      if (text === "") expected.delete(key);
      else expected.set(key, text);
    }
    if (round % 70 === 0) log.sweep(0);
    if (round % 50 === 0) log = await place.open();
  }
  for (const found of [contentOf(log), contentOf(await place.open())]) {
    assert.deepEqual(found, new Map([...found.keys()].map((key) => [key, expected.get(key)!])));
    assert.equal(found.size, expected.size);
  }
});

Deno.test("stays below four times the size of what it holds, and keeps what is never written again", async () => {
  using place = new Place();
  const log = await place.open();
  log.write(batchOf({ kept: "first" }));
  const text = "x".repeat(400);
  for (let i = 0; i < 400; i++) {
    log.write(
      batchOf(Object.fromEntries(Array.from({ length: 100 }, (_, j) => [`${(100 * i + j) % 2000}`, text]))),
    );
  }
  assert.ok(place.bytes < 4 * 2000 * 430, `${place.bytes} bytes`);
  assert.equal(contentOf(log).size, 2001);
  assert.equal(contentOf(await place.open()).get("kept"), "first");
});

Deno.test("does not bring back what was removed, however often the files change", async () => {
  using place = new Place();
  let log = await place.open();
  log.write(batchOf({ a: "1", b: "1" }));
  for (let i = 0; i < 30; i++) {
    log.write(batchOf({ a: i % 2 === 0 ? "" : "again" }));
    const others = Object.fromEntries(Array.from({ length: 10 }, (_, j) => [`c${j}`, "1"]));
    for (let j = 0; j < 12; j++) log.write(batchOf(others));
    log.sweep(0);
    assert.equal(contentOf(log).has("a"), i % 2 === 1);
    log = await place.open();
    assert.equal(contentOf(log).has("a"), i % 2 === 1);
    assert.ok(contentOf(log).has("b"));
  }
});

Deno.test("a batch that a crash has cut off at any byte is not there; everything before it is", async () => {
  using place = new Place();
  const log = await place.open();
  log.write(batchOf({ a: "1", b: "1" }));
  const before = Deno.statSync(`${place.path}-recent`).size;
  log.write(batchOf({ a: "2" }));
  log.close();
  place.log = undefined;
  const whole = Deno.readFileSync(`${place.path}-recent`);
  for (let size = before; size <= whole.length; size++) {
    for (const filler of [0, 20]) {
      // The file system may have made room for the rest already.
      const bytes = new Uint8Array(size + (size < whole.length ? filler : 0));
      bytes.set(whole.subarray(0, size));
      Deno.writeFileSync(`${place.path}-recent`, bytes.subarray(0, whole.length));
      const again = await place.open();
      assert.equal(contentOf(again).get("a"), size === whole.length ? "2" : "1", `${size} bytes`);
      again.write(batchOf({ c: "1" }));
      assert.deepEqual([...contentOf(await place.open()).keys()].sort(), ["a", "b", "c"]);
    }
  }
});

Deno.test("a crash while the files change places loses nothing", async () => {
  using place = new Place();
  const log = await place.open();
  log.write(batchOf({ a: "1" }));
  log.close();
  place.log = undefined;
  Deno.renameSync(`${place.path}-recent`, place.path);
  assert.deepEqual([...contentOf(await place.open())], [["a", "1"]]);
});
