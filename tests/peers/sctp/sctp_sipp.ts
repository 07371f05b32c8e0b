// SIPp over one SCTP association (`-t s1`), as caller or as a callee that registers.

import { freePort } from "../../support/ports.ts";
import { startProcess } from "../../support/process.ts";
import { secret } from "../../support/routr_process.ts";
import { type CallRow, Sipp } from "../sipp.ts";

const scenarios = new URL("../sipp/", import.meta.url).pathname;
const seconds = 20;
const callsInASecond = 20;
/** Milliseconds that a callee rings. */
const ring = 50;

export interface SctpSippOptions {
  /** Address of the server, without brackets, and its own. */
  readonly address: "127.0.0.1" | "::1";
  /** Port of the server. */
  readonly server: number;
  readonly calls: number;
  /** One line per call. */
  readonly rows: readonly CallRow[];
  /** Call-ID pattern, `%u` is the number of the call; by it a callee recognises a call on its own connection. */
  readonly callId: string;
}

/** Starts a scenario of tests/peers/sipp. */
export async function startSctpSipp(scenario: string, options: SctpSippOptions): Promise<Sipp> {
  const { address, server, calls, rows, callId } = options;
  const directory = await Deno.makeTempDir({ prefix: "sipp-" });
  const lines = rows.map(({ user, callee = "" }) =>
    `${user};[authentication username=${user} password=${secret}];${callee}\n`
  );
  await Deno.writeTextFile(`${directory}/rows.csv`, `SEQUENTIAL\n${lines.join("")}`);
  const port = freePort();
  const child = startProcess("sipp", {
    args: [
      ...["-sf", `${scenarios}${scenario}.xml`, "-inf", "rows.csv", "-cid_str", callId],
      ...["-t", "s1", "-i", address, "-p", String(port), "-d", String(ring)],
      ...["-m", String(calls), "-r", String(callsInASecond)],
      ...["-nostdin", "-timeout", String(seconds), "-timeout_error"],
      ...["-trace_stat", "-stf", "statistics.csv", "-trace_err", "-error_file", "errors.log"],
      ...["-trace_logs", "-log_file", "messages.log"],
      address === "::1" ? `[::1]:${server}` : `${address}:${server}`,
    ],
    cwd: directory,
    lifetime: (seconds + 5) * 1000,
  });
  return new Sipp(child, { directory, port, milliseconds: seconds * 1000 });
}
