// User-mode-linux as a machine that has SCTP: Debian's kernel, run as an ordinary process on the host's file system.

import { startProcess } from "../../support/process.ts";

const bootScript = new URL("./boot.sh", import.meta.url).pathname;
const memory = "1G";
/** Seconds that the guest may take to boot and to power off. */
const overhead = 30;

export interface GuestJob {
  /** The program and its arguments, started in a folder that can be written. */
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Seconds after which the guest ends it. */
  readonly seconds: number;
}

export interface GuestResult {
  /** The job's exit code, 124 when it took too long; undefined when the guest did not come to its end. */
  readonly code: number | undefined;
  /** The output of the job, and the kernel's complaints before it. */
  readonly output: string;
}

/**
 * Boots a guest, runs the job in it as root and waits until it has powered off. The guest sees the host's files and can
 * change none of them; its memory, processes and networks are its own.
 */
export async function runInGuest({ command, env = {}, seconds }: GuestJob): Promise<GuestResult> {
  const directory = await Deno.makeTempDir({ prefix: "uml-" });
  try {
    await Deno.copyFile(bootScript, `${directory}/boot.sh`);
    await Deno.mkdir(`${directory}/state`);
    const assignments = Object.entries(env).map(([name, value]) => `export ${name}=${quoted(value)}\n`);
    await Deno.writeTextFile(
      `${directory}/job.sh`,
      `${assignments.join("")}exec ${command.map(quoted).join(" ")}\n`,
    );
    return await boot(directory, seconds);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function boot(directory: string, seconds: number): Promise<GuestResult> {
  await using kernel = startProcess("linux.uml", {
    args: [
      ...[`mem=${memory}`, "quiet", "con=null", "con0=null,fd:1", `uml_dir=${directory}`],
      ...["root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro"],
      // The kernel hands on what it does not know to the first process, as its environment.
      ...[`init=${directory}/boot.sh`, `SECONDS_TO_LIVE=${seconds}`],
    ],
    // Where the guest's memory is a file.
    env: { TMPDIR: directory },
    // Only SIGTERM, by which it is stopped before this, makes it end the processes that it is made of.
    lifetime: (seconds + 2 * overhead) * 1000,
  });
  await kernel.exitCode((seconds + overhead) * 1000).catch(() => {}); // the output will tell how far it came
  const output = kernel.output.replaceAll("\r\n", "\n");
  const code = /^The job ended with (\d+)$/m.exec(output)?.[1];
  return { code: code === undefined ? undefined : Number(code), output };
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
