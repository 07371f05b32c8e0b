// A child process whose output is kept (the last part of it) and which is ended by its own pid.

import { setTimeout as delay } from "node:timers/promises";
import { processTree } from "./process_meter.ts";

export interface ProcessCommand {
  readonly path: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Besides the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

const KEPT_OUTPUT = 8192; // characters of stdout and stderr kept for error messages
const DRAIN_PATIENCE = 2000; // milliseconds to wait for the rest of its output after its end
const running = new Set<RunningProcess>();

/** Ends every process that is still running; for a bench that is interrupted. */
export async function endAllProcesses(): Promise<void> {
  await Promise.all([...running].map((each) => each.end()));
}

export class RunningProcess {
  /** When it was started, on the clock of performance.now(). */
  readonly startedAt = performance.now();
  readonly pid: number;
  /** Resolves with the exit code when the process has ended. */
  readonly ended: Promise<number>;
  readonly #child: Deno.ChildProcess;
  #output = "";
  #onOutput: () => void = () => {};

  constructor({ path, args, cwd, env }: ProcessCommand) {
    this.#child = new Deno.Command(path, {
      args: [...args],
      cwd,
      env,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.pid = this.#child.pid;
    running.add(this);
    const drained = Promise.all([this.#keep(this.#child.stdout), this.#keep(this.#child.stderr)]);
    this.ended = this.#child.status.then(async ({ code }) => {
      running.delete(this);
      // A child of its own that outlives it keeps the pipes open.
      await Promise.race([drained, delay(DRAIN_PATIENCE, undefined, { ref: false })]);
      return code;
    });
  }

  /** The last characters written to stdout and stderr, in the order they came. */
  get output(): string {
    return this.#output;
  }

  get isRunning(): boolean {
    return running.has(this);
  }

  /**
   * The first match in what it writes to stdout and stderr, as soon as it is there. Throws with the output when the process
   * ends before, or does not write it within `timeout` milliseconds.
   */
  async untilOutput(pattern: RegExp, timeout: number): Promise<RegExpMatchArray> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const given = new Promise<RegExpMatchArray | null>((resolve) => {
      this.#onOutput = () => {
        const match = this.#output.match(pattern);
        if (match !== null) resolve(match);
      };
      this.#onOutput();
      timer = setTimeout(() => resolve(null), timeout);
    });
    const match = await Promise.race([given, this.ended.then(() => null)]);
    clearTimeout(timer);
    this.#onOutput = () => {};
    if (match === null) {
      throw new Error(`Cannot find ${pattern} in the output of ${this.pid}\n${this.#output}`);
    }
    return match;
  }

  signal(signal: Deno.Signal): void {
    if (this.isRunning) this.#child.kill(signal);
  }

  /** Asks the process to end; after `patience` milliseconds kills it and its children. */
  async end(patience = 5000): Promise<void> {
    if (!this.isRunning) return;
    const tree = processTree(this.pid);
    this.signal("SIGTERM");
    const timer = setTimeout(() => tree.forEach(kill), patience);
    await this.ended;
    clearTimeout(timer);
  }

  async #keep(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.#output = (this.#output + text).slice(-KEPT_OUTPUT);
      this.#onOutput();
    }
  }
}

function kill(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch {
    // It ended in the meantime.
  }
}
