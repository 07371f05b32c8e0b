/** A small disk for the server's state that can be filled: a tmpfs in a mount namespace, which a process of its own keeps. */
import { join } from "node:path";
import type { ProcessCommand } from "../../bench/process/running_process.ts";

const MEGABYTES = 32;
const BLOCK = new Uint8Array(65_536);
const FILLER = "filler";

export class StateDisk {
  /** Within the namespace. */
  readonly path: string;
  readonly #keeper: Deno.ChildProcess;

  private constructor(path: string, keeper: Deno.ChildProcess) {
    this.path = path;
    this.#keeper = keeper;
  }

  /** Mounts it at an existing folder; undefined where users may have no namespaces. */
  static async mount(path: string): Promise<StateDisk | undefined> {
    const script = 'mount -t tmpfs -o "size=$1m" soak "$2" && echo mounted && read _';
    const command = new Deno.Command("unshare", {
      args: ["--map-root-user", "--mount", "sh", "-c", script, "sh", String(MEGABYTES), path],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    });
    let keeper: Deno.ChildProcess;
    try {
      keeper = command.spawn();
    } catch {
      return undefined; // there is no such program
    }
    const { value } = await keeper.stdout.getReader().read();
    if (value) return new StateDisk(path, keeper);
    await keeper.status;
    return undefined;
  }

  /** The command line that runs a command where it sees this disk. */
  inside({ path, args, cwd = Deno.cwd() }: ProcessCommand): [path: string, args: readonly string[]] {
    const enter = ["--preserve-credentials", "--user", "--mount", "--target", String(this.#keeper.pid)];
    return ["nsenter", [...enter, `--wd=${cwd}`, "--", path, ...args]];
  }

  /** Writes until there is no room; the number of bytes that fitted. */
  async fill(): Promise<number> {
    using file = await Deno.open(this.#outside(FILLER), { create: true, write: true, append: true });
    let written = 0;
    try {
      for (;;) written += await file.write(BLOCK);
    } catch {
      // It is full; the rest of a block may still fit, byte by byte.
    }
    try {
      for (;;) written += await file.write(BLOCK.subarray(0, 1));
    } catch {
      return written;
    }
  }

  async empty(): Promise<void> {
    await Deno.remove(this.#outside(FILLER));
  }

  async unmount(): Promise<void> {
    await this.#keeper.stdin.close();
    await this.#keeper.status;
  }

  /** The path of a file on this disk for those who are not in the namespace. */
  #outside(name: string): string {
    return join(`/proc/${this.#keeper.pid}/root${this.path}`, name);
  }
}
