// A child process in a test: bounded in time, its output readable while it runs, ended by its own pid.

const defaultLifetime = 120_000;
const terminationGrace = 3_000;

export interface ProcessOptions {
  readonly args?: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The environment is `env` alone. */
  readonly clearEnv?: boolean;
  /** The time in milliseconds after which the child is killed. */
  readonly lifetime?: number;
}

/** Starts `command`; the caller ends it with `stop()` or by `await using`. */
export function startProcess(command: string, options: ProcessOptions = {}): RunningProcess {
  return new RunningProcess(command, options);
}

/** Runs `command` to its end and returns its exit code and everything it printed. */
export async function runProcess(
  command: string,
  options: ProcessOptions = {},
): Promise<{ code: number; output: string }> {
  await using child = startProcess(command, options);
  const code = await child.exitCode(options.lifetime ?? defaultLifetime);
  return { code, output: child.output };
}

export class RunningProcess implements AsyncDisposable {
  readonly pid: number;
  readonly #title: string;
  readonly #child: Deno.ChildProcess;
  readonly #ended: Promise<Deno.CommandStatus>;
  readonly #lifetimeTimer: ReturnType<typeof setTimeout>;
  readonly #watchers = new Set<() => void>();
  #output = "";
  #status: Deno.CommandStatus | undefined;

  constructor(
    command: string,
    { args = [], cwd, env, clearEnv, lifetime = defaultLifetime }: ProcessOptions,
  ) {
    this.#title = [command.split("/").at(-1), ...args].join(" ").slice(0, 100);
    this.#child = new Deno.Command(command, {
      args: [...args],
      cwd,
      env,
      clearEnv,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.pid = this.#child.pid;
    this.#lifetimeTimer = setTimeout(() => this.signal("SIGKILL"), lifetime);
    this.#ended = this.#follow();
  }

  /** Standard output and standard error so far, in the order in which they were read. */
  get output(): string {
    return this.#output;
  }

  get hasEnded(): boolean {
    return this.#status !== undefined;
  }

  /** Resolves with the first whole line, printed before or after the call, that matches. */
  async waitForLine(pattern: RegExp, milliseconds: number): Promise<string> {
    const findLine = () => this.#output.split("\n").slice(0, -1).find((line) => pattern.test(line));
    await this.#waitUntil(() => findLine() !== undefined || this.#status !== undefined, milliseconds);
    const line = findLine();
    if (line !== undefined) return line;
    const what = this.#status ? `ended with code ${this.#status.code}` : `did not in ${milliseconds} ms`;
    throw new Error(this.#failure(`should have printed ${pattern} but ${what}`));
  }

  /** Returns the exit code; for a signal, 128 plus its number. */
  async exitCode(milliseconds: number): Promise<number> {
    await this.#waitUntil(() => this.#status !== undefined, milliseconds);
    if (!this.#status) throw new Error(this.#failure(`should have ended within ${milliseconds} ms`));
    return this.#status.code;
  }

  /** Sends a signal, unless the child has ended. */
  signal(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch (error) {
      // It ended in the meantime.
      if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** Ends the child by SIGTERM, after the grace by SIGKILL. Returns the exit code once all output is read. */
  async stop(grace = terminationGrace): Promise<number> {
    this.signal("SIGTERM");
    const insist = setTimeout(() => this.signal("SIGKILL"), grace);
    const { code } = await this.#ended;
    clearTimeout(insist);
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #follow(): Promise<Deno.CommandStatus> {
    const [status] = await Promise.all([
      this.#child.status,
      this.#read(this.#child.stdout),
      this.#read(this.#child.stderr),
    ]);
    clearTimeout(this.#lifetimeTimer);
    this.#status = status;
    this.#wakeWatchers();
    return status;
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.#output += text;
      this.#wakeWatchers();
    }
  }

  #waitUntil(condition: () => boolean, milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        this.#watchers.delete(check);
        resolve();
      };
      const check = () => {
        if (condition()) finish();
      };
      const timer = setTimeout(finish, milliseconds);
      this.#watchers.add(check);
      check();
    });
  }

  #wakeWatchers(): void {
    for (const check of [...this.#watchers]) check();
  }

  #failure(what: string): string {
    return `"${this.#title}" ${what}; its last output:\n${this.#output.split("\n").slice(-40).join("\n")}`;
  }
}
