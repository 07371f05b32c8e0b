// The server from source, as `deno task start` runs it.

import assert from "node:assert/strict";
import { freePort } from "../support/ports.ts";
import { startProcess } from "../support/process.ts";
import { writeConfiguration } from "../support/routr_process.ts";
import { pause } from "../support/pause.ts";

const projectRoot = new URL("../../", import.meta.url).pathname;
const readyWithin = 30_000; // a cold module cache is compiled first
const stopWithin = 2_000;

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`deno task start --config DIR tells its listeners and stops on ${signal} with code 0`, async () => {
    const directory = await Deno.makeTempDir({ prefix: "routr-start-" });
    const port = freePort();
    await writeConfiguration(directory, { port });
    {
      await using server = startProcess(Deno.execPath(), {
        args: ["task", "start", "--config", directory],
        cwd: projectRoot,
        env: { NO_COLOR: "1" },
      });
      await server.waitForLine(/\bReady\b/, readyWithin);
      for (const protocol of ["udp", "tcp"]) {
        await server.waitForLine(new RegExp(`\\b${protocol} 127\\.0\\.0\\.1:${port}\\b`), readyWithin);
      }
      await server.waitForLine(new RegExp(`Configuration from ${directory}/config\\.yaml`), readyWithin);
      // An inspector would give every user of this host the rights of the server.
      server.signal("SIGUSR1");
      await pause(1000);
      await assert.rejects(
        Deno.connect({ hostname: "127.0.0.1", port: 9229 }),
        Deno.errors.ConnectionRefused,
      );
      server.signal(signal);
      assert.equal(await server.exitCode(stopWithin), 0, server.output);
    }
    await Deno.remove(directory, { recursive: true });
  });
}
