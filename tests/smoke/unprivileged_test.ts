// The executable as docs/least-rights.md has it: a user of its own, no capabilities, and nothing to write but the
// configuration, the state and a /tmp of its own.

import assert from "node:assert/strict";
import { join } from "node:path";
import { assertAllCalls, startSipp } from "../peers/sipp.ts";
import { startProcess } from "../support/process.ts";
import { install, makeTestable, readyWithin } from "./installation.ts";

const USER = 65_534;

/** Arguments: the folder of the configuration, that of the state, the executable. */
const FENCE = `
mount --make-rprivate / && mount --bind "$1" "$1" && mount --bind "$2" "$2" && mount -o remount,bind,ro / &&
mount -t tmpfs tmpfs /tmp &&
exec setpriv --reuid=${USER} --regid=${USER} --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all \
  env -i NO_COLOR=1 ROUTR_STATE_DIR="$2" "$3" --config "$1"
`;

Deno.test({
  name: "the binary serves without privileges, and writes its configuration and state only",
  ignore: Deno.uid() !== 0,
  fn: async () => {
    await using installation = await install();
    // Not in /tmp, which is another one behind the fence.
    const folder = await Deno.makeTempDir({ dir: "/var/lib", prefix: "routr-fenced-" });
    try {
      const [config, state, executable] = ["config", "state", "routr"].map((name) => join(folder, name));
      assert.equal((await installation.run("init", config)).code, 0);
      await Deno.copyFile(installation.executable, executable);
      await Deno.mkdir(state, { mode: 0o700 });
      const port = await makeTestable(join(config, "config.yaml"));
      const secret = /secret: '(.*)'/.exec(await Deno.readTextFile(join(config, "agents.yaml")))?.[1];
      await Deno.chmod(folder, 0o755);
      for (const path of [config, state]) await Deno.chown(path, USER, USER);
      for (const { name } of Deno.readDirSync(config)) await Deno.chown(join(config, name), USER, USER);
      await using server = startProcess("unshare", {
        args: ["-m", "sh", "-c", FENCE, "sh", config, state, executable],
      });
      await server.waitForLine(/\bReady$/, readyWithin);
      assert.doesNotMatch(server.output, /warning|error/);
      const status = await Deno.readTextFile(`/proc/${server.pid}/status`);
      assert.match(status, new RegExp(`^Uid:\\s+${USER}\\s`, "m"));
      assert.match(status, /^CapEff:\s+0+$/m);
      await using registration = await startSipp("register", {
        server: port,
        calls: 1,
        rows: [{ user: "1001", password: secret }],
      });
      assertAllCalls(await registration.result(), 1);
      assert.equal(await server.stop(), 0, server.output);
      const kept = [...Deno.readDirSync(state)].map(({ name }) => name);
      for (const name of ["registrations.log", "dialog.key", "api-cert.pem", ".routr.salt"]) {
        assert.ok(kept.includes(name), kept.join());
        assert.equal(Deno.statSync(join(state, name)).mode! & 0o777, 0o600, name);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
