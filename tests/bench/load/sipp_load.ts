// Offers calls or registrations to a system with SIPp and counts what became of them.

import { setTimeout as delay } from "node:timers/promises";
import { untilPortBound } from "../process/local_port.ts";
import type { BenchedSystem } from "../systems/benched_system.ts";
import { RING, TALK } from "./call_times.ts";
import { writeCallInjection, writeRegistrationInjection } from "./injection_files.ts";
import type { LoadPorts } from "./load_ports.ts";
import type { LoadResult } from "./load_result.ts";
import { SippProcess } from "./sipp_process.ts";

export interface LoadOptions {
  readonly system: BenchedSystem;
  /** Calls or registrations a second, in all. */
  readonly rate: number;
  readonly seconds: number;
  readonly ports: LoadPorts;
  readonly directory: string;
  /** Stop as soon as the load is known not to be loss-free. */
  readonly stopAtLoss?: boolean;
}

/** Calls a second of one pair of SIPp processes: a UAC makes about 1250 at best. */
export const RATE_PER_PAIR = 1000;
/** Registrations a second of one SIPp process. */
const REGISTRATIONS_PER_PROCESS = 3000;
/** Seconds that calls may take longer than they are offered. */
const PATIENCE = 10;
/** Seconds a load may take longer than it was meant to before its rate counts as not reached. */
const OVERTIME = 0.6;
/** Retransmissions a call that still count as none. */
const TOLERATED = 0.001;

export interface RegistrationLoadOptions extends LoadOptions {
  /** How many register in turn. */
  readonly users?: number;
}

export async function offerRegistrations(options: RegistrationLoadOptions): Promise<LoadResult> {
  const { system, rate, seconds, ports, directory, users } = options;
  const localPorts = [ports.registering, ...ports.pairs.map(({ caller }) => caller)]
    .slice(0, Math.ceil(rate / REGISTRATIONS_PER_PROCESS));
  const outgoing = {
    remotePort: system.port,
    rate: rate / localPorts.length,
    count: Math.round(rate * seconds / localPorts.length),
    injection: writeRegistrationInjection(directory, users),
  };
  const callers = localPorts.map((localPort) =>
    new SippProcess({ scenario: "register", localPort, directory, pause: 0, outgoing })
  );
  return await runLoad({ callers, callees: [], offered: outgoing.count * callers.length }, options);
}

/** The callees must have registered the ports of `ports`; see registerCallees. */
export async function offerCalls(options: LoadOptions): Promise<LoadResult> {
  const { system, rate, seconds, ports, directory } = options;
  const pairs = Math.ceil(rate / RATE_PER_PAIR);
  if (pairs > ports.pairs.length) throw new RangeError(`Cannot offer ${rate} calls a second`);
  const used = ports.pairs.slice(0, pairs);
  const callees = used.map(({ callee }) =>
    new SippProcess({ scenario: "call_uas", localPort: callee, directory, pause: RING })
  );
  await Promise.all(used.map(({ callee }) => untilPortBound("udp", callee)));
  const count = Math.round(rate * seconds / pairs);
  const callers = used.map(({ caller }, pair) => {
    const outgoing = {
      remotePort: system.port,
      rate: rate / pairs,
      count,
      injection: writeCallInjection(directory, pair),
    };
    const scenario = system.isServer ? "call_uac" : "call_uac_plain";
    return new SippProcess({ scenario, localPort: caller, directory, pause: TALK, outgoing });
  });
  return await runLoad({ callers, callees, offered: count * pairs }, options);
}

/** Whether calls were offered for `seconds` at the full rate, nothing failed and practically nothing was sent again. */
export function isLossFree(result: LoadResult, seconds: number): boolean {
  const { offered, failed, retransmissions } = result;
  return failed === 0 && retransmissions <= offered * TOLERATED && result.seconds < seconds + OVERTIME;
}

export interface Load {
  /** Those that begin, and end after their last call. */
  readonly callers: readonly SippProcess[];
  readonly callees: readonly SippProcess[];
  readonly offered: number;
}

/** Resolves when the callers have made all their calls, or should have; ends callers and callees. */
export async function runLoad(
  { callers, callees, offered }: Load,
  { system, seconds, stopAtLoss }: Pick<LoadOptions, "system" | "seconds" | "stopAtLoss">,
): Promise<LoadResult> {
  const startedAt = performance.now();
  const deadline = startedAt + (seconds + PATIENCE) * 1000;
  let took = 0;
  try {
    const finished = Promise.all(callers.map((caller) => caller.ended));
    while (callers.some((caller) => caller.isRunning) && performance.now() < deadline) {
      await Promise.race([finished, delay(250)]);
      if (stopAtLoss && lostAlready([...callers, ...callees], offered)) break;
    }
  } finally {
    took = (performance.now() - startedAt) / 1000;
    await Promise.all([...callers, ...callees].map((each) => each.end()));
  }
  const successful = sum(callers.map((caller) => caller.statistics().successful));
  const retransmissions = sum([...callers, ...callees].map((each) => each.statistics().retransmissions));
  if (successful === 0 && !stopAtLoss) {
    throw new Error(
      `Cannot use "${system.name}": nothing succeeded\n${callers.map((each) => each.errors).join("\n")}`,
    );
  }
  const times = callers.map((caller) => caller.responseTimes());
  return {
    offered,
    successful,
    failed: offered - successful,
    retransmissions,
    seconds: took,
    challengeTimes: times.flatMap(({ challenge = [] }) => challenge),
    ringingTimes: times.flatMap(({ ringing = [] }) => ringing),
  };
}

function lostAlready(processes: SippProcess[], offered: number): boolean {
  const statistics = processes.map((each) => each.statistics());
  return sum(statistics.map(({ failed }) => failed)) > 0 ||
    sum(statistics.map(({ retransmissions }) => retransmissions)) > offered * TOLERATED;
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
