import assert from "node:assert/strict";
import { type ConfigurationOptions, findConfiguration } from "../../../src/config/configuration_files.ts";
import { formatFault } from "../../../src/data/fault.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";

const CONFIG = "apiVersion: v1\n";

/**
 * Makes folders `flag`, `path`, `work/config` and `bin/config`, each with a configuration, and the file
 * `other/my.yaml`.
 */
async function somePlaces(): Promise<TemporaryFolder> {
  const folder = await TemporaryFolder.of({});
  for (const name of ["flag", "path", "work/config", "bin/config"]) {
    await Deno.mkdir(folder.pathOf(name), { recursive: true });
    await folder.write(`${name}/config.yaml`, CONFIG);
  }
  await Deno.mkdir(folder.pathOf("other"));
  await folder.write("other/my.yaml", CONFIG);
  return folder;
}

/** Finds the configuration from the folder `work`, or another one. */
async function findFrom(folder: TemporaryFolder, options: Partial<ConfigurationOptions>, work = "work") {
  const before = Deno.cwd();
  Deno.chdir(folder.pathOf(work));
  try {
    return await findConfiguration({ env: {}, executableDirectory: folder.pathOf("bin"), ...options });
  } finally {
    Deno.chdir(before);
  }
}

Deno.test("--config comes first, then CONFIG_PATH, ./config, and config beside the executable", async () => {
  await using folder = await somePlaces();
  const env = { CONFIG_PATH: folder.pathOf("path") };
  const byFlag = await findFrom(folder, { env, directory: folder.pathOf("flag") });
  assert.equal(byFlag.directory, folder.pathOf("flag"));
  assert.equal(byFlag.file, folder.pathOf("flag/config.yaml"));
  assert.equal((await findFrom(folder, { env })).directory, folder.pathOf("path"));
  const byDefault = await findFrom(folder, {});
  assert.deepEqual([byDefault.directory, byDefault.file], ["config", "config/config.yaml"]);
  assert.equal((await findFrom(folder, {}, "other")).directory, folder.pathOf("bin/config"));
});

Deno.test("CONFIG_FILE names the file itself, unless --config is given", async () => {
  await using folder = await somePlaces();
  const file = folder.pathOf("other/my.yaml");
  const env = { ROUTR_CONFIG_FILE: file };
  const found = await findFrom(folder, { env });
  assert.deepEqual([found.directory, found.file], ["config", file]);
  const both = await findFrom(folder, { env: { ...env, CONFIG_PATH: folder.pathOf("path") } });
  assert.deepEqual([both.directory, both.file], [folder.pathOf("path"), file]);
  const flag = await findFrom(folder, { env, directory: folder.pathOf("flag") });
  assert.equal(flag.file, folder.pathOf("flag/config.yaml"));
  const alone = await findFrom(folder, { env, executableDirectory: folder.pathOf("flag") }, "other");
  assert.deepEqual([alone.directory, alone.file], [folder.pathOf("other"), file]);
});

Deno.test("--config may name the file", async () => {
  await using folder = await somePlaces();
  const found = await findFrom(folder, { directory: folder.pathOf("other/my.yaml") });
  assert.deepEqual([found.directory, found.file], [folder.pathOf("other"), folder.pathOf("other/my.yaml")]);
});

Deno.test("what is named but does not exist is a fault", async () => {
  await using folder = await somePlaces();
  const table: [Partial<ConfigurationOptions>, string][] = [
    [{ directory: "nowhere" }, "nowhere: found nothing, expected the folder that --config names"],
    [
      { env: { CONFIG_PATH: "nowhere" } },
      "nowhere: found nothing, expected the folder that CONFIG_PATH names",
    ],
    [
      { env: { ROUTR_CONFIG_FILE: "no.yaml" } },
      "no.yaml: found nothing, expected the file that ROUTR_CONFIG_FILE names",
    ],
  ];
  for (const [options, expected] of table) {
    const { faults } = await findFrom(folder, options);
    assert.deepEqual(faults.map(formatFault), [expected]);
  }
});

Deno.test("no folder anywhere is a warning", async () => {
  await using folder = await somePlaces();
  const found = await findFrom(folder, { executableDirectory: folder.pathOf("flag") }, "other");
  assert.deepEqual([found.directory, found.file, found.faults.length], ["config", undefined, 0]);
  assert.deepEqual(found.warnings, ["There is no folder config: nobody can register"]);
});
