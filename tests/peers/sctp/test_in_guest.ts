// `deno test` in the guest.

import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { runProcess } from "../../support/process.ts";
import { runInGuest } from "./guest.ts";

const projectRoot = new URL("../../../", import.meta.url).pathname;
const seconds = 150;

/**
 * Runs the tests of one file in a guest; fails with all that was printed unless some ran and all of them passed.
 * `ROUTR_TEST_SCTP=1` tells them that there is SCTP.
 */
export async function testInGuest(file: string, env: Readonly<Record<string, string>> = {}): Promise<void> {
  const { code, output } = await runInGuest({
    // What Deno caches is written to memory; packages are read where they are.
    command: [
      "sh",
      "-c",
      'export DENO_DIR="$PWD/deno" && mkdir deno && ln -s "$PACKAGES" deno/npm && cd "$PROJECT" && exec "$@"',
      "sh",
      ...[Deno.execPath(), "test", "--allow-all", "--no-check", "--cached-only", file],
    ],
    env: {
      ...env,
      ROUTR_TEST_SCTP: "1",
      NO_COLOR: "1",
      PACKAGES: `${await cacheDirectory(file)}/npm`,
      PROJECT: projectRoot,
    },
    seconds,
  });
  const passed = /^ok \| (\d+) passed/m.exec(stripVTControlCharacters(output))?.[1];
  assert.ok(code === 0 && Number(passed) > 0, `${file} ended with ${code} in the guest:\n${output}`);
}

/** Where Deno keeps packages, all that are needed among them: the guest has no network to fetch any. */
async function cacheDirectory(file: string): Promise<string> {
  const deno = { cwd: projectRoot, env: { NO_COLOR: "1" } };
  const cached = await runProcess(Deno.execPath(), { ...deno, args: ["cache", "main.ts", file] });
  assert.equal(cached.code, 0, cached.output);
  const info = await runProcess(Deno.execPath(), { ...deno, args: ["info", "--json"] });
  return JSON.parse(info.output.slice(info.output.indexOf("{"))).denoDir;
}
