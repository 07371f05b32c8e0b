import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { isShippedSalt, tokenKey } from "../../../../src/rest/access/salt.ts";
import { TemporaryFolder } from "../../data/temporary_folder.ts";

/** A salt of Routr v1: a UUID without dashes. */
const SALT = "0f8fad5bd9cb469fa16570867728950e";
const OTHER = "7c9e6679742540de944be07fc1f90ae7";
const FILE = ".routr.salt";

const base64 = (key: Uint8Array) => Buffer.from(key).toString("base64");
const modeOf = async (path: string) => (await Deno.stat(path)).mode! & 0o777;

async function namesIn(folder: TemporaryFolder): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder.path))).map(({ name }) => name).sort();
}

Deno.test("the key is the base64 decoding of the salt, and no file is made for one that is given", async () => {
  await using folder = await TemporaryFolder.of({});
  const key = await tokenKey({ salt: ` ${SALT}\n`, stateDirectory: folder.path });
  assert.equal(key.length, 24);
  assert.equal(base64(key), SALT);
  assert.deepEqual(await namesIn(folder), []);
});

Deno.test("a configured salt takes precedence over ARKE_SALT, and both over files", async () => {
  await using folder = await TemporaryFolder.of({ [FILE]: "x".repeat(32) });
  const place = { stateDirectory: folder.path };
  assert.equal(base64(await tokenKey({ ...place, salt: SALT, arkeSalt: OTHER })), SALT);
  assert.equal(base64(await tokenKey({ ...place, salt: "", arkeSalt: OTHER })), OTHER);
  assert.equal(base64(await tokenKey({ ...place, arkeSalt: " " })), "x".repeat(32));
});

Deno.test("without a salt one is made, for the owner only, and found again", async () => {
  await using folder = await TemporaryFolder.of({});
  const stateDirectory = folder.pathOf("state/routr");
  const key = await tokenKey({ stateDirectory });
  const path = join(stateDirectory, FILE);
  assert.match(await Deno.readTextFile(path), /^[0-9a-f]{32}\n$/);
  assert.equal(await modeOf(path), 0o600);
  assert.deepEqual((await Array.fromAsync(Deno.readDir(stateDirectory))).map(({ name }) => name), [FILE]);
  assert.deepEqual(await tokenKey({ stateDirectory }), key);
  assert.notDeepEqual(await tokenKey({ stateDirectory: folder.pathOf("another") }), key);
});

Deno.test("of many that start at once with one folder, all have the same key", async () => {
  await using folder = await TemporaryFolder.of({});
  const keys = await Promise.all(Array.from({ length: 20 }, () => tokenKey({ stateDirectory: folder.path })));
  assert.equal(new Set(keys.map(base64)).size, 1);
  assert.equal(base64(await tokenKey({ stateDirectory: folder.path })), base64(keys[0]));
  assert.deepEqual(await namesIn(folder), [FILE]);
});

Deno.test("an empty file, as after a power cut, is written again", async () => {
  await using folder = await TemporaryFolder.of({ [FILE]: "\n" });
  const key = await tokenKey({ stateDirectory: folder.path });
  assert.equal((await Deno.readTextFile(folder.pathOf(FILE))).trim(), base64(key));
  assert.equal(await modeOf(folder.pathOf(FILE)), 0o600);
});

Deno.test("a salt of Routr v1 is used in its place until the state directory has one", async () => {
  await using home = await TemporaryFolder.of({ [FILE]: `${SALT}\n` });
  await using oldHome = await TemporaryFolder.of({ ".arke.salt": OTHER });
  await using state = await TemporaryFolder.of({});
  const formerDirectories = ["/nonexistent", home.path, oldHome.path];
  const place = { stateDirectory: state.path, formerDirectories };
  assert.equal(base64(await tokenKey(place)), SALT);
  assert.deepEqual(await namesIn(state), []);
  await home.remove(FILE);
  assert.equal(base64(await tokenKey(place)), OTHER);
  await state.write(FILE, "x".repeat(32));
  assert.equal(base64(await tokenKey(place)), "x".repeat(32));
});

Deno.test("a predecessor's salt that cannot be read counts as none", async () => {
  await using state = await TemporaryFolder.of({});
  await using home = await TemporaryFolder.of({});
  await Deno.mkdir(home.pathOf(FILE));
  const key = await tokenKey({ stateDirectory: state.path, formerDirectories: [home.path] });
  assert.equal(base64(key), (await Deno.readTextFile(state.pathOf(FILE))).trim());
});

Deno.test("saltFile is the only file that counts, and is made with its folder", async () => {
  await using folder = await TemporaryFolder.of({ [FILE]: SALT });
  const saltFile = folder.pathOf("keys/salt");
  const place = { saltFile, stateDirectory: folder.path, formerDirectories: [folder.path] };
  const key = await tokenKey(place);
  assert.equal(base64(key), (await Deno.readTextFile(saltFile)).trim());
  assert.notEqual(base64(key), SALT);
  await Deno.writeTextFile(saltFile, OTHER);
  assert.equal(base64(await tokenKey(place)), OTHER);
});

Deno.test("a salt file that is there and cannot be read is a fault, and is left as it is", async () => {
  await using folder = await TemporaryFolder.of({});
  await Deno.mkdir(folder.pathOf(FILE));
  await assert.rejects(tokenKey({ stateDirectory: folder.path }));
  assert.deepEqual(await namesIn(folder), [FILE]);
});

Deno.test("a salt that could be guessed is refused without printing it", async () => {
  const error = await tokenKey({ salt: "secret+salt", stateDirectory: "/nonexistent" })
    .then(() => undefined, (error: Error) => error);
  assert.match(error!.message, /too short, expected base64 of at least 12 bytes, such as/);
  assert.doesNotMatch(error!.message, /secret/);
  assert.equal((await tokenKey({ salt: "a".repeat(16), stateDirectory: "/nonexistent" })).length, 12);
});

Deno.test("the salt that an image of Routr v1 ships is known", async () => {
  const place = { stateDirectory: "/nonexistent" };
  assert.equal(isShippedSalt(await tokenKey({ ...place, salt: "1ecdc765b27e4b80924f4c5deeccf590" })), true);
  assert.equal(isShippedSalt(await tokenKey({ ...place, salt: SALT })), false);
});
