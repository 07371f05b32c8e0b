/** Log lines of calls: failed calls at the default level, the others at `debug`. */
import type { Clock } from "../../runtime/clock.ts";
import { LineLimit } from "../../runtime/line_limit.ts";
import { logger, logging } from "../../runtime/log.ts";
import type { Call, CallEnd } from "./call.ts";

const log = logger("calls");

export class CallLog {
  readonly #limit: LineLimit;

  constructor(clock: Clock) {
    const onSuppressed = (source: string, count: number) =>
      log.info("{count} more calls from {source} failed within a minute", { count, source });
    this.#limit = new LineLimit({ clock, onSuppressed });
  }

  started(call: Call): void {
    if (logging.debug) log.debug("{call} started", { call: described(call) });
  }

  answered(call: Call): void {
    if (logging.debug) log.debug("{call} answered", { call: described(call) });
  }

  ended(call: Call, { cause, status, reason, endedBy }: CallEnd): void {
    if (cause === "too long" || cause === "operator hung up") {
      log.info("{call} ended: {cause} ({reason})", { call: described(call), cause, reason });
      return;
    }
    if (cause !== "rejected") {
      if (logging.debug) log.debug("{call} ended: {cause}", { call: described(call), cause });
      return;
    }
    if (!this.#limit.admits(hostOf(call.address))) return;
    const by = endedBy === "gateway" ? `gateway ${call.gatewayRef}` : `the ${endedBy}`;
    log.info("{call} failed: {status} {reason}, from {by}", { call: described(call), status, reason, by });
  }

  close(): void {
    this.#limit.close();
  }
}

/** Returns `Call from sip:1001@sip.local (agent 1001@sip.local at 192.0.2.1:5060) to sip:1002@sip.local`. */
function described({ from, to, account, address, gatewayRef, direction }: Call): string {
  const who = account === undefined ? address : `${account.kind} ${account.name} at ${address}`;
  const way = direction === "outbound" ? ` by gateway ${gatewayRef}` : "";
  return `Call from ${from} (${who}) to ${to}${way}`;
}

/** Returns an address without its port, which a sender may change at will. */
function hostOf(address: string): string {
  return address.replace(/:\d+$/, "");
}
