/** tests/setup.sh with a fake apt-get; nothing is installed. */
import assert from "node:assert/strict";
import { runProcess } from "../support/process.ts";

const setup = new URL("../setup.sh", import.meta.url).pathname;

/** The programs that the script uses; test peers are missing. */
const tools = ["sh", "env", "cat", "grep", "sed", "head", "tail", "mktemp", "rm", "ls"];

const locked =
  "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 4711 (unattended-upgr)";

Deno.test("apt that another process holds is waited for, and the wait is told", async () => {
  // Update and install each find the lock taken at their first call.
  const { code, output } = await runSetup(`
    echo "apt-get $*" >> "$FOLDER/calls"
    [ $(grep -c . "$FOLDER/calls") -gt 1 ] || { echo "${locked}" >&2; exit 100; }
  `);
  assert.equal(code, 0, output.text);
  assert.match(output.text, /^Waiting for apt, which is locked, held by process 4711 \(unattended-upgr\)$/m);
  assert.match(
    output.calls,
    /^apt-get -qq update\napt-get -qq update\napt-get -qq install -y .*\bsip-tester\b/,
  );
});

Deno.test("apt that stays locked is told in the end", async () => {
  const { code, output } = await runSetup(`echo "${locked}" >&2; exit 100`);
  assert.equal(code, 1);
  assert.match(output.text, /setup\.sh: apt is still locked, held by process 4711 .* after 2 minutes\n/);
  assert.equal(output.text.match(/^Waiting/gm)?.length, 4); // twice a minute
});

Deno.test("apt that fails for another reason is not tried again", async () => {
  const { code, output } = await runSetup(`echo "E: Unable to locate package sipsak" >&2; exit 100`);
  assert.equal(code, 1);
  assert.match(output.text, /Unable to locate package sipsak\n.*setup\.sh: apt-get update failed\n/);
});

/** Runs the script with this `apt-get`, without delays. */
async function runSetup(aptGet: string): Promise<{ code: number; output: { text: string; calls: string } }> {
  const folder = await Deno.makeTempDir({ prefix: "setup-" });
  try {
    const stubs = {
      "apt-get": aptGet,
      id: "echo 1000",
      sudo: `[ "$1" = env ] || exit 0; exec "$@"`,
      sleep: "exit 0",
    };
    for (const [name, script] of Object.entries(stubs)) {
      await Deno.writeTextFile(`${folder}/${name}`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
    for (const tool of tools) await Deno.symlink(`/bin/${tool}`, `${folder}/${tool}`);
    const { code, output } = await runProcess("/bin/sh", {
      args: [setup],
      env: { PATH: folder, FOLDER: folder, APT_PATIENCE_SECONDS: "120" },
      clearEnv: true,
    });
    const calls = await Deno.readTextFile(`${folder}/calls`).catch(() => "");
    return { code, output: { text: output, calls } };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
