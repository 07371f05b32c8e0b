/** Refusals of calls and requests beyond a limit: what the sender hears, what the log tells, what is counted. */
import type { Counter, Metrics } from "../../runtime/metrics.ts";
import type { Answer } from "../answer.ts";

/** A limit, as configuration and events name it. */
export type LimitName =
  | "maxCallsInSetup"
  | "maxPendingBytes"
  | "maxCallsOut"
  | "maxCallsOutPerMinute"
  | "channels"
  | "newCallsPerSecond"
  | "maxCallSeconds";

/** Status and reason phrase of a refusal, and its cause by Q.850 (RFC 6432): phones and exchanges know one or the other. */
interface Words {
  readonly status: 486 | 503;
  readonly reason: string;
  readonly q850: number;
}

/** Q.850: user busy, no circuit available, equipment congestion, resource unavailable. */
const BUSY = 17;
const NO_CIRCUIT = 34;
const CONGESTION = 42;
const UNAVAILABLE = 47;

const WORDS = {
  inSetup: { status: 503, reason: "Too Many Calls", q850: CONGESTION },
  bytes: { status: 503, reason: "Too Many Calls", q850: UNAVAILABLE },
  /** A phone says busy, and does not look for another server. */
  agentAtOnce: { status: 486, reason: "Too Many Calls Out", q850: BUSY },
  /** An exchange goes on with another trunk. */
  peerAtOnce: { status: 503, reason: "Too Many Calls Out", q850: NO_CIRCUIT },
  rate: { status: 503, reason: "Too Many New Calls", q850: CONGESTION },
  /** Whoever calls in hears that the line is busy. */
  channelsIn: { status: 486, reason: "All Channels Busy", q850: BUSY },
  channelsOut: { status: 503, reason: "All Channels Busy", q850: NO_CIRCUIT },
} as const satisfies Record<string, Words>;

const COUNTERS: Readonly<Record<LimitName, string>> = {
  maxCallsInSetup: "in_setup",
  maxPendingBytes: "pending_bytes",
  maxCallsOut: "calls_out",
  maxCallsOutPerMinute: "calls_out_per_minute",
  channels: "channels",
  newCallsPerSecond: "new_calls_per_second",
  maxCallSeconds: "call_seconds",
};

export class LimitRefusals {
  readonly #all: Counter;
  readonly #counters = new Map<LimitName, Counter>();

  constructor(metrics: Metrics) {
    this.#all = metrics.counter(
      "routr_limited_requests_total",
      "Requests refused because their sender had too much under way",
    );
    for (const [limit, name] of Object.entries(COUNTERS)) {
      const help = limit === "maxCallSeconds"
        ? `Calls ended by the limit ${limit}`
        : `Requests refused by the limit ${limit}`;
      this.#counters.set(limit as LimitName, metrics.counter(`routr_limited_${name}_total`, help));
    }
  }

  /** @param cause why, for the log and events */
  refuse(limit: LimitName, words: keyof typeof WORDS, cause: string): Answer {
    this.#all.value++;
    this.count(limit);
    const { status, reason, q850 } = WORDS[words];
    // Retry-After would make clients leave the server, and the limit is this sender's own (§21.5.4).
    const headers = `Reason: Q.850;cause=${q850};text="${reason}"\r\n`;
    return { status, reason, cause, headers, isLimit: true, limit };
  }

  count(limit: LimitName): void {
    this.#counters.get(limit)!.value++;
  }
}
