// The statistics file SIPp writes with -trace_stat: one line of column names, then one line a second.

export interface SippStatistics {
  /** Calls (or registrations) begun, outgoing and incoming. */
  readonly created: number;
  readonly successful: number;
  readonly failed: number;
  /** Messages this SIPp sent again. */
  readonly retransmissions: number;
}

export const NO_STATISTICS: SippStatistics = { created: 0, successful: 0, failed: 0, retransmissions: 0 };

/** Milliseconds of the intervals that a scenario has named (`start_rtd`, `rtd`), by name; written with -trace_rtt. */
export function parseResponseTimes(text: string): Record<string, number[]> {
  const times: Record<string, number[]> = {};
  for (const row of text.split("\n").slice(1)) {
    const [date, milliseconds, name] = row.split(";");
    if (name !== undefined && date !== "") (times[name.trim()] ??= []).push(Number(milliseconds));
  }
  return times;
}

/** The totals of the last complete line. */
export function parseSippStatistics(text: string): SippStatistics {
  const [names, ...rows] = text.split("\n").filter((line) => line !== "").map((line) => line.split(";"));
  const last = rows.findLast((row) => row.length === names.length);
  if (!last) return NO_STATISTICS;
  function column(name: string): number {
    return Number(last![names.indexOf(name)]);
  }
  return {
    created: column("IncomingCall(C)") + column("OutgoingCall(C)"),
    successful: column("SuccessfulCall(C)"),
    failed: column("FailedCall(C)"),
    retransmissions: column("Retransmissions(C)"),
  };
}
