/** The server that is soaked: a process that is killed and started again, whose log lines are counted. */
import { join } from "node:path";
import { TextLineStream } from "./text_line_stream.ts";
import { liveHeapBytes } from "../../bench/process/v8_heap.ts";
import { residentBytes } from "../../bench/process/process_meter.ts";
import { basic } from "../../bench/systems/rest_service.ts";
import { routrCommand } from "../../bench/systems/routr.ts";
import { pause } from "../../support/pause.ts";
import type { LogTally } from "../report/log_tally.ts";
import { ADMINISTRATOR, SECRET, type SoakPorts } from "./soak_configuration.ts";
import type { StateDisk } from "./state_disk.ts";

export interface SoakServerOptions {
  /** With its configuration. */
  readonly directory: string;
  readonly ports: SoakPorts;
  readonly log: LogTally;
  /** The compiled executable; without it the source runs under this Deno. */
  readonly binary?: string;
  /** Where its state is kept; in the directory, if left out. */
  readonly disk?: StateDisk;
}

/** A slow machine with a cold cache of modules. */
const READY_MS = 300_000;
const STOP_MS = 30_000;

export class SoakServer {
  readonly options: SoakServerOptions;
  /** How often it was started. */
  starts = 0;
  /** When it was ready last, on the clock of performance.now(). */
  readyAt = 0;
  #process: Deno.ChildProcess | undefined;
  #ended: Promise<Deno.CommandStatus> | undefined;
  #isMeantToRun = false;
  /** What it did that nobody asked it for. */
  readonly crashes: string[] = [];

  constructor(options: SoakServerOptions) {
    this.options = options;
  }

  get pid(): number {
    return this.#process!.pid;
  }

  /** Whether it is ready and not about to be ended. */
  get isUp(): boolean {
    return this.#isMeantToRun && this.readyAt > 0;
  }

  /** Resolves when it says that it is ready. */
  async start(): Promise<void> {
    const { directory, ports, binary, disk, log } = this.options;
    const command = routrCommand({
      directory,
      binary,
      inspectorPort: binary ? undefined : ports.inspector,
      env: { LOG_FORMAT: "json", NO_COLOR: "1", STATE_DIR: disk?.path ?? join(directory, "state") },
    });
    const [path, args] = disk?.inside(command) ?? [command.path, command.args];
    const { cwd, env } = command;
    const process = new Deno.Command(path, {
      args: [...args],
      cwd,
      env,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.starts++;
    this.#process = process;
    this.#isMeantToRun = true;
    const ready = Promise.withResolvers<void>();
    const read = Promise.all(
      [process.stdout, process.stderr].map((stream) => this.#read(stream, ready.resolve)),
    );
    this.#ended = process.status.then(async (status) => {
      await read;
      ready.reject(new Error(`The server ended with code ${status.code} before it was ready\n${log.latest}`));
      if (this.#isMeantToRun) this.crashes.push(`ended with code ${status.code}, signal ${status.signal}`);
      return status;
    });
    const giveUp = () => ready.reject(new Error(`The server is not ready in time\n${log.latest}`));
    const timer = setTimeout(giveUp, READY_MS);
    await ready.promise.finally(() => clearTimeout(timer));
    this.readyAt = performance.now();
  }

  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** By SIGTERM; the code is not 0 when it had to be killed. */
  async stop(): Promise<number> {
    const insist = setTimeout(() => this.signal("SIGKILL"), STOP_MS);
    const { code } = await this.#end("SIGTERM").finally(() => clearTimeout(insist));
    return code;
  }

  /** Ends it at once, whatever it does. */
  discard(): void {
    this.#isMeantToRun = false;
    this.signal("SIGKILL");
  }

  signal(signal: Deno.Signal): void {
    try {
      this.#process?.kill(signal);
    } catch {
      // It has ended, which is told elsewhere.
    }
  }

  /** The numbers of `/metrics`. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    const text = await this.#ask("/metrics");
    return new Map([...text.matchAll(/^(\w+) (\S+)$/gm)].map(([, name, value]) => [name, Number(value)]));
  }

  /** The calls that it knows, as JSON. */
  async calls(): Promise<string> {
    return await this.#ask("/api/v1beta1/calls");
  }

  residentBytes(): number {
    return residentBytes(this.pid);
  }

  /** The live heap after a collection; without an inspector what is used now. */
  async heapBytes(): Promise<number> {
    if (!this.options.binary) return await liveHeapBytes(this.options.ports.inspector);
    return (await this.metrics()).get("process_heap_bytes") ?? NaN;
  }

  openDescriptors(): number {
    return [...Deno.readDirSync(`/proc/${this.pid}/fd`)].length;
  }

  async #ask(path: string): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.options.ports.rest}${path}`, {
      headers: { Authorization: basic(ADMINISTRATOR, SECRET) },
      signal: AbortSignal.timeout(STOP_MS),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`Cannot ask for ${path}: ${response.status} ${text}`);
    return text;
  }

  async #end(signal: "SIGKILL" | "SIGTERM"): Promise<Deno.CommandStatus> {
    this.#isMeantToRun = false;
    this.readyAt = 0;
    this.signal(signal);
    const status = await this.#ended!;
    await pause(0);
    return status;
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>, onReady: () => void): Promise<void> {
    for await (const line of stream.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())) {
      this.options.log.add(line);
      if (/"message":"Ready/.test(line)) onReady();
    }
  }
}
