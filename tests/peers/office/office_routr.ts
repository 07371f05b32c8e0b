/** A routr as an office has it: started at a site, on the configuration that is the default. */
import { RoutrProcess, writeConfiguration } from "../../support/routr_process.ts";
import { startProcess } from "../../support/process.ts";
import type { Site } from "./office_network.ts";

const projectRoot = new URL("../../../", import.meta.url).pathname;
const PORT = 5060;
const READY_WITHIN_MS = 60_000;

export interface OfficeRoutrOptions {
  readonly site: Site;
  readonly agents: readonly string[];
  /** Lines of `spec`, indented by two. */
  readonly spec?: string;
  readonly lifetimeMs?: number;
}

/** Starts it on port 5060 of all addresses of its site; resolves when it says that it is ready. */
export async function startOfficeRoutr(options: OfficeRoutrOptions): Promise<RoutrProcess> {
  const { site, agents, spec = "", lifetimeMs = 240_000 } = options;
  const directory = await Deno.makeTempDir({ prefix: "routr-test-" });
  await writeConfiguration(directory, { port: PORT, agents });
  await Deno.writeTextFile(
    `${directory}/config.yaml`,
    `apiVersion: v1beta1\nspec:\n  restService: { bindAddr: 127.0.0.1, unsecured: true }\n${spec}`,
  );
  const words = ["run", "--permission-set=start", "main.ts", "--config", directory];
  const [command, args] = site.namespace.commandLine(Deno.execPath(), words);
  const child = startProcess(command, {
    args,
    cwd: projectRoot,
    env: { NO_COLOR: "1" },
    lifetime: lifetimeMs,
  });
  const routr = new RoutrProcess(child, { port: PORT, directory });
  try {
    await child.waitForLine(/\bReady\b/, READY_WITHIN_MS);
    return routr;
  } catch (error) {
    await routr.stop();
    throw error;
  }
}
