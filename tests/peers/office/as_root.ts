/** Tests that it takes root to run, since they make networks. */
import assert from "node:assert/strict";
import { runProcess } from "../../support/process.ts";

const LIFETIME_MS = 1_200_000;
/** Settings that the tests as root shall have as well. */
const SETTINGS = ["HOME", "PATH", "DENO_DIR", "OFFICE_SECONDS"];

/** Files whose tests are run by sudo. */
const filesBySudo = new Set<string>();

/** A test of the file whose `import.meta` this is. Who is not root runs the whole file by sudo, as one test. */
export function testAsRoot({ url }: ImportMeta, name: string, run: () => Promise<void>): void {
  if (Deno.uid() === 0) return Deno.test(name, run);
  if (filesBySudo.has(url)) return;
  filesBySudo.add(url);
  const { pathname } = new URL(url);
  Deno.test(`${pathname.split("/").at(-1)}, as root`, async () => {
    const settings = SETTINGS.flatMap((key) => Deno.env.has(key) ? [`${key}=${Deno.env.get(key)}`] : []);
    const { code, output } = await runProcess("sudo", {
      args: ["-n", "env", ...settings, Deno.execPath(), "test", "--allow-all", "--no-check", pathname],
      lifetime: LIFETIME_MS,
    });
    assert.equal(code, 0, `It takes root, or sudo without a password, to make networks:\n${output}`);
  });
}
