/** Knot DNS as the name server of a test, with the zones of this folder. */
import { startProcess } from "../../support/process.ts";
import { freePort } from "../../support/ports.ts";

const PROGRAM = "/usr/sbin/knotd";
const ZONES = ["routr.test", "elsewhere.test"];
const START_PATIENCE = 10_000;

export interface Knot extends AsyncDisposable {
  /** The configured address: `127.0.0.1:20001`. */
  readonly address: string;
  /** Changes a zone file by its text, and has it read again. */
  change(zone: string, edit: (text: string) => string): Promise<void>;
}

/** Serves copies of the zones on a free port of 127.0.0.1. */
export async function startKnot(): Promise<Knot> {
  const folder = await Deno.makeTempDir({ prefix: "routr-knot-" });
  for (const zone of ZONES) {
    await Deno.copyFile(new URL(`${zone}.zone`, import.meta.url), `${folder}/${zone}.zone`);
  }
  const port = freePort();
  await Deno.writeTextFile(`${folder}/knot.conf`, configuration(folder, port));
  const process = startProcess(PROGRAM, { args: ["-c", `${folder}/knot.conf`] });
  const stop = async () => {
    await process.stop();
    await Deno.remove(folder, { recursive: true });
  };
  try {
    await process.waitForLine(/server started/, START_PATIENCE);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    address: `127.0.0.1:${port}`,
    async change(zone, edit) {
      const path = `${folder}/${zone}.zone`;
      await Deno.writeTextFile(path, edit(await Deno.readTextFile(path)));
      process.signal("SIGHUP");
      await process.waitForLine(/\] .*serial 1 -> 2/, START_PATIENCE);
    },
    [Symbol.asyncDispose]: stop,
  };
}

function configuration(folder: string, port: number): string {
  return [
    "server:",
    `  rundir: ${folder}`,
    `  listen: 127.0.0.1@${port}`,
    "  background-workers: 1",
    "  udp-workers: 1",
    "  tcp-workers: 1",
    "log:",
    "  - target: stdout",
    "    any: info",
    "database:",
    `  storage: ${folder}`,
    "template:",
    "  - id: default",
    `    storage: ${folder}`,
    "    zonefile-sync: -1",
    "    journal-content: none",
    "zone:",
    ...ZONES.flatMap((zone) => [`  - domain: ${zone}`, `    file: ${zone}.zone`]),
    "",
  ].join("\n");
}
