// One SIPp process with a scenario of tests/bench/sipp.

import { join } from "node:path";
import { RunningProcess } from "../process/running_process.ts";
import { DOMAIN } from "./subscribers.ts";
import {
  NO_STATISTICS,
  parseResponseTimes,
  parseSippStatistics,
  type SippStatistics,
} from "./sipp_statistics.ts";

export interface SippOptions {
  /** File name without `.xml`. */
  readonly scenario: "register" | "call_uac" | "call_uac_plain" | "call_uas";
  readonly localPort: number;
  /** Where it sends from and receives, and what it calls itself; 127.0.0.1 if omitted. */
  readonly localAddress?: string;
  /** Where its statistics go. */
  readonly directory: string;
  /** Milliseconds of a `<pause/>`. */
  readonly pause: number;
  /** For the side that begins: whom to send to, how fast, how many, and the injection file. */
  readonly outgoing?: {
    readonly remotePort: number;
    readonly rate: number;
    readonly count: number;
    readonly injection: string;
  };
}

const SOCKET_BUFFER = 2097152; // bytes, so that SIPp itself loses nothing
const ERRORS_SHOWN = 1000; // characters

export class SippProcess {
  readonly #process: RunningProcess;
  readonly #statisticsFile: string;
  readonly #errorFile: string;
  readonly #timesFile: string;

  constructor(options: SippOptions) {
    const { scenario, localPort, localAddress = "127.0.0.1", directory, pause, outgoing } = options;
    const files = join(directory, `${scenario}_${localPort}_${crypto.randomUUID()}`);
    this.#statisticsFile = `${files}.csv`;
    this.#errorFile = `${files}.err`;
    this.#process = new RunningProcess({
      path: "sipp",
      args: [
        ...["-sf", join(import.meta.dirname!, `../sipp/${scenario}.xml`)],
        ...["-i", localAddress, "-p", String(localPort)],
        ...["-d", String(pause), "-buff_size", String(SOCKET_BUFFER)],
        ...["-trace_stat", "-stf", this.#statisticsFile, "-fd", "1"],
        ...outgoing ? ["-trace_rtt"] : [],
        ...["-trace_err", "-error_file", this.#errorFile, "-nostdin"],
        ...outgoing ? outgoingArgs(outgoing) : [],
      ],
      cwd: directory,
    });
    this.#timesFile = join(directory, `${scenario}_${this.#process.pid}_rtt.csv`);
  }

  get isRunning(): boolean {
    return this.#process.isRunning;
  }

  /** The beginning of what it reported: unexpected messages, missing answers, its own faults. */
  get errors(): string {
    try {
      return Deno.readTextFileSync(this.#errorFile).slice(0, ERRORS_SHOWN);
    } catch {
      return this.#process.output.slice(-ERRORS_SHOWN);
    }
  }

  /** Resolves when it has ended, which the side that begins does after its last call. */
  get ended(): Promise<number> {
    return this.#process.ended;
  }

  /** At most a second old while it runs. */
  statistics(): SippStatistics {
    try {
      return parseSippStatistics(Deno.readTextFileSync(this.#statisticsFile));
    } catch {
      return NO_STATISTICS;
    }
  }

  /** Milliseconds of the intervals that its scenario names; complete once it has ended. */
  responseTimes(): Record<string, number[]> {
    try {
      return parseResponseTimes(Deno.readTextFileSync(this.#timesFile));
    } catch {
      return {};
    }
  }

  /** Ends it softly, so that the last statistics are written, and kills it if that takes more than a second. */
  async end(): Promise<void> {
    this.#process.signal("SIGUSR1");
    const timer = setTimeout(() => this.#process.end(0), 1000);
    await this.#process.ended;
    clearTimeout(timer);
  }
}

function outgoingArgs({ remotePort, rate, count, injection }: Required<SippOptions>["outgoing"]): string[] {
  return [
    ...["-inf", injection, "-auth_uri", DOMAIN],
    ...["-r", String(rate), "-m", String(count), "-l", "15000"],
    ...["-recv_timeout", "5000"],
    `127.0.0.1:${remotePort}`,
  ];
}
