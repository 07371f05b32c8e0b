// The command line of the bench.

import { parseArgs } from "node:util";
import { SYSTEM_NAMES, type SystemName } from "./systems/start_system.ts";

/**
 * What can be measured. `start` to `bindings` go over UDP, `start` and `idle` on a small configuration, the others on one
 * with thousands of users. From `tcp` to `stalled` phones have connections, to routr and Kamailio only. `load`, `routing`,
 * `garbage`, `gateways` and what follows are of routr alone.
 */
export const MEASUREMENT_NAMES = [
  "start",
  "load",
  "idle",
  "cpu",
  "garbage",
  "peak",
  "bindings",
  "tcp",
  "tls",
  "ws",
  "idle-connections",
  "stalled",
  "routing",
  "gateways",
  "providers",
  "reload",
  "persistence",
  "lookups",
  "rest",
  "floods",
] as const;
export type MeasurementName = typeof MEASUREMENT_NAMES[number];

/** What takes minutes. */
const SLOW: MeasurementName[] = [
  "bindings",
  "idle-connections",
  "stalled",
  "routing",
  "gateways",
  "providers",
  "reload",
  "persistence",
  "lookups",
  "rest",
  "floods",
];

export const USAGE = `deno task bench [names…] [options]

  names            systems to run (${SYSTEM_NAMES.join(", ")}) and measurements to make
                   (${MEASUREMENT_NAMES.join(", ")}); all of those of which none is named
  --binary PATH    run this compiled routr instead of the source
  --rate N         registrations and calls a second for the CPU figures (1000)
  --seconds N      length of each load (3)
  --rounds N       alternating rounds for the CPU figures, of which the median counts (7)
  --bindings N     bindings registered for the memory figures (100000)
  --connections N  idle connections for the memory figures (10000)
  --agents N       agents of the large configurations for providers, reload and rest (100000)
  --quick          short loads, one round; without kamailio-fm, ${SLOW.join(", ")}
                   unless named: three minutes, and rough
  --json FILE      write everything measured to FILE as well`;

export interface BenchOptions {
  readonly systems: readonly SystemName[];
  readonly measurements: readonly MeasurementName[];
  readonly binary?: string;
  readonly rate: number;
  readonly seconds: number;
  /** Seconds of one step on the way to the highest rate. */
  readonly stepSeconds: number;
  /** How often every system is searched for its highest rate. */
  readonly peakPasses: number;
  /** Seconds without traffic for the idle CPU. */
  readonly idleSeconds: number;
  readonly rounds: number;
  readonly starts: number;
  readonly bindings: number;
  /** Idle ones, of each protocol. */
  readonly connections: number;
  /** Seconds of load beside phones that do not read. */
  readonly stalledSeconds: number;
  /** Of the large configurations for `providers`, `reload` and `rest`. */
  readonly agents: number;
  /** How often an agent is changed for `reload`. */
  readonly changes: number;
  readonly json?: string;
}

const QUICK = {
  seconds: 3,
  stepSeconds: 2,
  peakPasses: 1,
  idleSeconds: 3,
  rounds: 1,
  starts: 2,
  bindings: 10_000,
  connections: 10_000,
  stalledSeconds: 20,
  agents: 10_000,
  changes: 2,
};
const THOROUGH = {
  seconds: 3,
  stepSeconds: 4,
  peakPasses: 2,
  idleSeconds: 10,
  rounds: 7,
  starts: 5,
  bindings: 100_000,
  connections: 10_000,
  stalledSeconds: 60,
  agents: 100_000,
  changes: 5,
};

/** Throws a TypeError for options and names that do not exist. */
export function parseBenchOptions(args: string[]): BenchOptions {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      binary: { type: "string" },
      rate: { type: "string" },
      seconds: { type: "string" },
      rounds: { type: "string" },
      bindings: { type: "string" },
      connections: { type: "string" },
      agents: { type: "string" },
      quick: { type: "boolean", default: false },
      json: { type: "string" },
    },
  });
  const known: readonly string[] = [...SYSTEM_NAMES, ...MEASUREMENT_NAMES];
  const unknown = positionals.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new TypeError(`Cannot bench "${unknown}": not one of ${known.join(", ")}`);
  const usual = values.quick ? QUICK : THOROUGH;
  return {
    ...usual,
    systems: chosen(SYSTEM_NAMES, positionals, values.quick ? ["kamailio-fm"] : []),
    measurements: chosen(
      MEASUREMENT_NAMES,
      positionals,
      values.quick ? SLOW : [],
    ),
    binary: values.binary,
    json: values.json,
    rate: wholeNumber("rate", values.rate) ?? 1000,
    seconds: wholeNumber("seconds", values.seconds) ?? usual.seconds,
    rounds: wholeNumber("rounds", values.rounds) ?? usual.rounds,
    bindings: wholeNumber("bindings", values.bindings) ?? usual.bindings,
    connections: wholeNumber("connections", values.connections) ?? usual.connections,
    agents: wholeNumber("agents", values.agents) ?? usual.agents,
  };
}

/** Those that are named; when none is, all but `omitted`. */
function chosen<Name extends string>(
  names: readonly Name[],
  positionals: string[],
  omitted: readonly Name[],
): readonly Name[] {
  const named = names.filter((name) => positionals.includes(name));
  return named.length > 0 ? named : names.filter((name) => !omitted.includes(name));
}

function wholeNumber(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^[1-9]\d*$/.test(value)) {
    throw new TypeError(`Cannot use --${name} "${value}": expected a whole number`);
  }
  return Number(value);
}
