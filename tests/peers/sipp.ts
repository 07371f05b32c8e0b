// SIPp as a peer: runs a scenario of tests/peers/sipp and counts the calls by SIPp's own statistics.

import assert from "node:assert/strict";
import { freePort } from "../support/ports.ts";
import { RunningProcess, startProcess } from "../support/process.ts";
import { secret } from "../support/routr_process.ts";

const scenarios = new URL("./sipp/", import.meta.url).pathname;
const rowsFile = "rows.csv";
const defaultSeconds = 20;
const socketPatience = 5_000;

export interface SippOptions {
  /** Port of the server on 127.0.0.1. */
  readonly server: number;
  /** The number of calls it makes or takes before it ends. */
  readonly calls: number;
  /** One line per call in turn; SIPp starts again at the top when there are more calls. */
  readonly rows?: readonly CallRow[];
  /** Local port; a free one unless said. */
  readonly port?: number;
  readonly transport?: "udp" | "tcp";
  /** Calls started in a second. */
  readonly rate?: number;
  /** Percent of messages that it loses, both of those it sends and of those that come. */
  readonly lost?: number;
  /** Milliseconds that a callee rings. */
  readonly ring?: number;
  /** Milliseconds that a callee stays after the call, to answer retransmissions. */
  readonly linger?: number;
  /** Call-ID pattern, `%u` is the number of the call; by it a callee recognises a call on its own connection. */
  readonly callId?: string;
  /** Seconds after which SIPp itself gives up. */
  readonly seconds?: number;
}

export interface CallRow {
  readonly user: string;
  readonly password?: string;
  readonly callee?: string;
}

export interface SippResult {
  readonly code: number;
  readonly successful: number;
  readonly failed: number;
  readonly retransmissions: number;
  /** The errors of SIPp, for the message of a failed assertion. */
  readonly errors: string;
}

/** Runs a scenario to its end. */
export async function runSipp(scenario: string, options: SippOptions): Promise<SippResult> {
  await using sipp = await startSipp(scenario, options);
  return await sipp.result();
}

/** Runs a scenario to its end; every call of it must be successful. */
export async function assertSipp(scenario: string, options: SippOptions): Promise<SippResult> {
  return assertAllCalls(await runSipp(scenario, options), options.calls);
}

export function assertAllCalls(result: SippResult, calls: number): SippResult {
  const { code, successful, failed, errors } = result;
  assert.deepEqual({ code, successful, failed }, { code: 0, successful: calls, failed: 0 }, errors);
  return result;
}

/** Starts a scenario, a callee for example, and resolves when its socket is open. */
export async function startSipp(scenario: string, options: SippOptions): Promise<Sipp> {
  const directory = await Deno.makeTempDir({ prefix: "sipp-" });
  const { rows = [], port = freePort(), seconds = defaultSeconds } = options;
  await Deno.writeTextFile(`${directory}/${rowsFile}`, ["SEQUENTIAL", ...rows.map(csvLine), ""].join("\n"));
  const child = startProcess("sipp", {
    args: sippArguments(scenario, { ...options, port, seconds }),
    cwd: directory,
    lifetime: (seconds + 5) * 1000,
  });
  const sipp = new Sipp(child, { directory, port, milliseconds: seconds * 1000 });
  try {
    await sipp.socketOpen();
    return sipp;
  } catch (error) {
    await sipp.stop();
    throw error;
  }
}

export class Sipp implements AsyncDisposable {
  readonly port: number;
  readonly #child: RunningProcess;
  readonly #directory: string;
  readonly #milliseconds: number;

  constructor(child: RunningProcess, parts: { directory: string; port: number; milliseconds: number }) {
    this.#child = child;
    this.port = parts.port;
    this.#directory = parts.directory;
    this.#milliseconds = parts.milliseconds;
  }

  /** Waits for the end of the scenario's calls and reads what SIPp counted. */
  async result(): Promise<SippResult> {
    const code = await this.#child.exitCode(this.#milliseconds + 5_000);
    const count = await this.#statistics();
    return {
      code,
      successful: count("SuccessfulCall(C)"),
      failed: count("FailedCall(C)"),
      retransmissions: count("Retransmissions(C)"),
      errors: (await this.#read("errors.log")).slice(0, 3000) + this.#child.output.slice(-4000),
    };
  }

  /** Resolves when the scenario has logged `message` this many times. */
  async logged(message: string, times: number): Promise<void> {
    const done = async () => (await this.#read("messages.log")).split(message).length > times;
    await this.#poll(done, `log "${message}" ${times} times`);
  }

  /** Resolves when the kernel lists its socket, or it has already ended. */
  async socketOpen(): Promise<void> {
    const address = `0100007F:${this.port.toString(16).toUpperCase().padStart(4, "0")} `;
    const isListed = async () => {
      const sockets = await Deno.readTextFile("/proc/net/udp") + await Deno.readTextFile("/proc/net/tcp");
      return this.#child.hasEnded || sockets.includes(address);
    };
    await this.#poll(isListed, "open its socket");
  }

  async stop(): Promise<void> {
    await this.#child.stop();
    await Deno.remove(this.#directory, { recursive: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #poll(condition: () => Promise<boolean>, what: string): Promise<void> {
    const deadline = Date.now() + socketPatience;
    while (!await condition()) {
      if (Date.now() > deadline) throw new Error(`SIPp did not ${what}: ${this.#child.output.slice(-2000)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** The last line of the statistics file, by the column names in its first. */
  async #statistics(): Promise<(column: string) => number> {
    const lines = (await this.#read("statistics.csv")).trim().split("\n");
    const columns = lines[0].split(";");
    const values = lines[lines.length - 1].split(";");
    return (column) => Number(values[columns.indexOf(column)]);
  }

  #read(name: string): Promise<string> {
    return Deno.readTextFile(`${this.#directory}/${name}`).catch(() => "");
  }
}

function csvLine({ user, password = secret, callee = "" }: CallRow): string {
  return `${user};[authentication username=${user} password=${password}];${callee}`;
}

function sippArguments(
  scenario: string,
  options: SippOptions & { readonly port: number; readonly seconds: number },
): string[] {
  const { server, calls, port, seconds, transport = "udp", rate = 20, lost = 0, ring = 50 } = options;
  const args = [
    ...["-sf", `${scenarios}${scenario}.xml`],
    ...["-i", "127.0.0.1", "-p", String(port), "-t", transport === "tcp" ? "t1" : "u1"],
    ...["-m", String(calls), "-r", String(rate), "-d", String(ring)],
    ...["-nostdin", "-timeout", String(seconds), "-timeout_error"],
    ...["-trace_stat", "-stf", "statistics.csv", "-trace_err", "-error_file", "errors.log"],
    ...["-trace_logs", "-log_file", "messages.log"],
  ];
  if (options.rows) args.push("-inf", rowsFile);
  if (options.linger) args.push("-set", "linger_milliseconds", String(options.linger));
  if (options.callId) args.push("-cid_str", options.callId);
  // A lost message makes others come late or twice: what counts then is that every call comes to its end.
  if (lost > 0) args.push("-lost", String(lost), "-default_behaviors", "all,-abortunexp");
  return [...args, `127.0.0.1:${server}`];
}
