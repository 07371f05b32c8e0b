// `deno test` in the guest.

import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { runProcess } from "../../support/process.ts";
import { runInGuest } from "./guest.ts";

const projectRoot = new URL("../../../", import.meta.url).pathname;
/** Far more than it takes: a guest on a busy machine is slow, and only one that hangs is to be ended. */
const seconds = 600;

/**
 * Runs the tests of one file in a guest; fails with all that was printed unless some ran and all of them passed.
 * `ROUTR_TEST_SCTP=1` tells them that there is SCTP.
 */
export async function testInGuest(file: string, env: Readonly<Record<string, string>> = {}): Promise<void> {
  const { code, output } = await runInGuest({
    // The guest can read what the host has cached, compiled modules among it, and change nothing of it.
    command: [
      "sh",
      "-c",
      'export DENO_DIR="$CACHE" && cd "$PROJECT" && exec "$@"',
      "sh",
      ...[Deno.execPath(), "test", "--allow-all", "--no-check", "--cached-only", file],
    ],
    env: {
      ...env,
      ROUTR_TEST_SCTP: "1",
      NO_COLOR: "1",
      CACHE: await cacheDirectory(file),
      PROJECT: projectRoot,
    },
    seconds,
  });
  const passed = /^ok \| (\d+) passed/m.exec(stripVTControlCharacters(output))?.[1];
  assert.ok(code === 0 && Number(passed) > 0, `${file} ended with ${code} in the guest:\n${output}`);
}

/** Returns the cache of Deno, which has all modules: the guest has no network. */
async function cacheDirectory(file: string): Promise<string> {
  const deno = { cwd: projectRoot, env: { NO_COLOR: "1" } };
  const cached = await runProcess(Deno.execPath(), { ...deno, args: ["cache", "main.ts", file] });
  assert.equal(cached.code, 0, cached.output);
  const info = await runProcess(Deno.execPath(), { ...deno, args: ["info", "--json"] });
  return JSON.parse(info.output.slice(info.output.indexOf("{"))).denoDir;
}
