/** Kamailio as a process of its own, with a configuration of this folder. */
import { type RunningProcess, startProcess } from "../../support/process.ts";

const readyWithin = 10_000;
const patience = 5_000;
const lifetime = 90_000;

export interface KamailioOptions {
  /** A file of this folder. */
  readonly configuration: string;
  /** Values for the words in capitals of the configuration; strings in quotes. */
  readonly words: Readonly<Record<string, string>>;
  /** Files that it reads, by name. */
  readonly files?: Readonly<Record<string, string>>;
}

/**
 * Resolves when its configuration logs that it is `ready`, which the first worker does: what Kamailio itself says of
 * listening comes before it listens. Two more words are
 * `DATABASE`, the folder of its files for db_text, and `TLS_CONFIGURATION`, its file `tls.cfg`.
 */
export async function startKamailio(
  { configuration, words, files = {} }: KamailioOptions,
): Promise<Kamailio> {
  const directory = await Deno.makeTempDir({ prefix: "kamailio-" });
  for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${directory}/${name}`, text);
  const path = new URL(configuration, import.meta.url).pathname;
  const allWords = {
    ...words,
    DATABASE: `"text://${directory}"`,
    TLS_CONFIGURATION: `"${directory}/tls.cfg"`,
  };
  const child = startProcess("kamailio", {
    args: [
      ...["-f", path, "-DD", "-E", "-m", "32", "-M", "8", "-w", directory, "-Y", directory],
      ...Object.entries(allWords)
        .flatMap(([name, value]) => ["-A", `${name}=${value}`]),
    ],
    env: { PATH: `${Deno.env.get("PATH")}:/usr/sbin` },
    lifetime,
  });
  const kamailio = new Kamailio(child, directory);
  try {
    await child.waitForLine(/<script>: ready$/, readyWithin);
    return kamailio;
  } catch (error) {
    await kamailio.stop();
    throw error;
  }
}

export class Kamailio implements AsyncDisposable {
  readonly #child: RunningProcess;
  readonly #directory: string;
  #isStopped = false;

  constructor(child: RunningProcess, directory: string) {
    this.#child = child;
    this.#directory = directory;
  }

  /** The lines of its log. */
  get lines(): readonly string[] {
    return this.#child.output.split("\n");
  }

  /** Resolves with the first line of its log that matches. */
  logged(pattern: RegExp, milliseconds = patience): Promise<string> {
    return this.#child.waitForLine(pattern, milliseconds);
  }

  /** Kills all its processes at once: at SIGTERM they sometimes wait for each other's locks for ever. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    for (const pid of await processesNaming(this.#directory)) kill(pid);
    await this.#child.stop();
    await Deno.remove(this.#directory, { recursive: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** The processes with this text on their command line, which all that one Kamailio forks have from it. */
async function processesNaming(text: string): Promise<number[]> {
  const pids: number[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const commandLine = await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => "");
    if (commandLine.includes("kamailio") && commandLine.includes(text)) pids.push(Number(name));
  }
  return pids.sort((a, b) => a - b);
}

function kill(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
