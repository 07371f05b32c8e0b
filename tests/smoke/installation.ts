// The executable in a folder with `config/`, without Deno on the host.

import { join } from "node:path";
import { freePort } from "../support/ports.ts";
import { type RunningProcess, runProcess, startProcess } from "../support/process.ts";

const projectRoot = new URL("../../", import.meta.url).pathname;
const builtBinary = Deno.env.get("ROUTR_BINARY") ?? join(projectRoot, "dist/routr");
/** The executable is ready in a tenth of a second on an idle machine. */
export const readyWithin = 30_000;
const commandWithin = 60_000;
const environment = { PATH: "/nonexistent", NO_COLOR: "1" };

/** Copies the executable and the sample configuration to a new folder. */
export async function install(): Promise<Installation> {
  const directory = await Deno.makeTempDir({ prefix: "routr-binary-" });
  await Deno.copyFile(builtBinary, join(directory, "routr"));
  await Deno.mkdir(join(directory, "config"));
  for await (const { name, isFile } of Deno.readDir(join(projectRoot, "config"))) {
    if (!isFile) continue;
    await Deno.copyFile(join(projectRoot, "config", name), join(directory, "config", name));
  }
  return new Installation(directory);
}

export class Installation implements AsyncDisposable {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** Runs a command of the executable to its end. */
  run(...args: string[]): Promise<{ code: number; output: string }> {
    return runProcess(this.executable, { ...this.#options, args, lifetime: commandWithin });
  }

  start(...args: string[]): RunningProcess {
    return startProcess(this.executable, { ...this.#options, args });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.directory, { recursive: true });
  }

  get executable(): string {
    return join(this.directory, "routr");
  }

  get #options() {
    // The client keeps its login in the home folder.
    return { cwd: "/", env: { ...environment, HOME: this.directory }, clearEnv: true };
  }
}

/**
 * Moves a sample configuration to loopback and free ports; returns that of SIP. The server stays in the path of calls,
 * since SIPp sends all requests to it.
 */
export async function makeTestable(path: string): Promise<number> {
  const port = freePort();
  const text = await Deno.readTextFile(path);
  const changed = text
    .replace("bindAddr: 0.0.0.0", "bindAddr: 127.0.0.1")
    .replace("recordRoute: false", "recordRoute: true")
    .replaceAll("port: 5060", `port: ${port}`)
    .replaceAll("port: 4567", `port: ${freePort()}`);
  await Deno.writeTextFile(path, changed);
  return port;
}
