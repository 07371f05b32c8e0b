/** Network namespaces: networks of their own on this host, with sockets and programs of the test in them. */

const CLONE_NEWNET = 0x40000000;
const encoder = new TextEncoder();

/** The number of namespaces of this process, which their names contain. */
let made = 0;

const libc = () =>
  Deno.dlopen("libc.so.6", {
    open: { parameters: ["buffer", "i32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
    setns: { parameters: ["i32", "i32"], result: "i32" },
  });

/** One network namespace. It takes root to have one. */
export class Namespace {
  readonly name: string;
  readonly #libc = libc();

  private constructor(name: string) {
    this.name = name;
  }

  /** Removes namespaces of test runs that did not come to remove them. */
  static async removeLeftOver(): Promise<void> {
    const folder = await Deno.stat("/run/netns").catch(() => undefined);
    if (!folder) return;
    for (const { name } of [...Deno.readDirSync("/run/netns")]) {
      const pid = /^routr-(\d+)-/.exec(name)?.[1];
      if (pid === undefined || await Deno.stat(`/proc/${pid}`).catch(() => undefined)) continue;
      await run("ip", "netns", "delete", name);
    }
  }

  /** Makes a namespace with a loopback interface; `hosts` are lines of its own /etc/hosts. */
  static async create(name: string, { hosts }: { hosts?: string } = {}): Promise<Namespace> {
    const whole = `routr-${Deno.pid}-${++made}-${name}`;
    await run("ip", "netns", "add", whole);
    if (hosts !== undefined) {
      await Deno.mkdir(`/etc/netns/${whole}`, { recursive: true });
      await Deno.writeTextFile(`/etc/netns/${whole}/hosts`, `127.0.0.1 localhost\n${hosts}\n`);
    }
    const namespace = new Namespace(whole);
    await namespace.ip("link", "set", "lo", "up");
    return namespace;
  }

  /** Runs `ip` on this namespace. */
  async ip(...args: readonly string[]): Promise<void> {
    await run("ip", "-n", this.name, ...args);
  }

  /** The command line of a program that runs in this namespace. */
  commandLine(command: string, args: readonly string[] = []): [command: string, args: string[]] {
    return ["ip", ["netns", "exec", this.name, command, ...args]];
  }

  /** Runs a program in this namespace to its end. */
  async run(command: string, ...args: readonly string[]): Promise<void> {
    const [path, all] = this.commandLine(command, args);
    await run(path, ...all);
  }

  /**
   * Calls `open`, whose sockets then belong to this namespace. It has to open them at once: after it has returned,
   * also with a promise, this thread is back in the namespace of the test.
   */
  inside<T>(open: () => T): T {
    const { symbols } = this.#libc;
    const openNamespace = (path: string) => symbols.open(encoder.encode(`${path}\0`), 0);
    const here = openNamespace("/proc/thread-self/ns/net");
    const there = openNamespace(`/run/netns/${this.name}`);
    try {
      if (symbols.setns(there, CLONE_NEWNET) !== 0) {
        throw new Error(`Cannot enter the namespace ${this.name}`);
      }
      return open();
    } finally {
      symbols.setns(here, CLONE_NEWNET);
      symbols.close(here);
      symbols.close(there);
    }
  }

  async remove(): Promise<void> {
    this.#libc.close();
    await run("ip", "netns", "delete", this.name);
    await Deno.remove(`/etc/netns/${this.name}`, { recursive: true }).catch(() => {});
  }
}

async function run(command: string, ...args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, {
    args: [...args],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (success) return;
  throw new Error(`${command} ${args.join(" ")} failed: ${new TextDecoder().decode(stderr).trim()}`);
}
