// What routr is held to, and whether this run met it.

import { table } from "./figures_table.ts";
import { type BenchResults, ofSystem } from "./results.ts";

export interface Verdict {
  readonly target: string;
  readonly value: number;
  readonly met: boolean;
}

interface Target {
  readonly name: string;
  readonly atMost?: number;
  readonly atLeast?: number;
  /** Undefined or NaN when it was not measured in this run. */
  measured(results: BenchResults): number | undefined;
}

const TARGETS: readonly Target[] = [
  {
    name: "CPU per call, of Kamailio's",
    atMost: 0.40,
    measured: ({ cpu }) => ratio(ofSystem(cpu, "routr")?.call.median, ofSystem(cpu, "kamailio")?.call.median),
  },
  {
    name: "CPU per registration, of Kamailio's",
    atMost: 0.60,
    measured: ({ cpu }) =>
      ratio(ofSystem(cpu, "routr")?.registration?.median, ofSystem(cpu, "kamailio")?.registration?.median),
  },
  {
    name: "highest loss-free call rate, of Kamailio's",
    atLeast: 2,
    measured: ({ peak }) => ratio(ofSystem(peak, "routr")?.rate, ofSystem(peak, "kamailio")?.rate),
  },
  {
    name: "live heap bytes per binding",
    atMost: 1024,
    measured: ({ bindings }) => ofSystem(bindings, "routr")?.heapPerBinding,
  },
  {
    name: "resident MB, idle",
    atMost: 80,
    measured: ({ idle }) => (ofSystem(idle, "routr")?.residentBytes ?? NaN) / 1e6,
  },
  { name: "idle CPU %", atMost: 0.5, measured: ({ idle }) => ofSystem(idle, "routr")?.cpuPercent },
  {
    name: "ready after ms, compiled",
    atMost: 400,
    measured: ({ start, compiled }) => compiled ? ofSystem(start, "routr")?.median : undefined,
  },
];

/** A verdict for each target this run measured. */
export function judge(results: BenchResults): Verdict[] {
  return TARGETS.flatMap(({ name, atMost = Infinity, atLeast = 0, measured }) => {
    const value = measured(results);
    if (value === undefined || Number.isNaN(value)) return [];
    const bound = atMost === Infinity ? `≥ ${atLeast}` : `≤ ${atMost}`;
    return [{ target: `${name} ${bound}`, value, met: value >= atLeast && value <= atMost }];
  });
}

export function verdictsTable(verdicts: readonly Verdict[]): string {
  return table([
    ["target", "measured", ""],
    ...verdicts.map(({ target, value, met }) => [
      target,
      value.toFixed(value < 10 ? 2 : 0),
      met ? "met" : "missed",
    ]),
  ]);
}

/** How the other systems compare, for orientation: nobody is held to these. */
export function comparison({ cpu, peak }: BenchResults): string[] {
  const call = ofSystem(cpu, "routr")?.call.median;
  const toFast = ratio(call, ofSystem(cpu, "kamailio-fm")?.call.median);
  const toFloor = ratio(call, ofSystem(cpu, "relay")?.call.median);
  const rateToFast = ratio(ofSystem(peak, "routr")?.rate, ofSystem(peak, "kamailio-fm")?.rate);
  return [
    `CPU per call: ${toFast.toFixed(2)} × Kamailio's with its fast allocator (-x fm)`,
    `highest loss-free call rate: ${rateToFast.toFixed(2)} × Kamailio's with its fast allocator`,
    `CPU per call: ${
      toFloor.toFixed(2)
    } × the relay's, which copies 6 datagrams a call where a server reads 8 and sends 8`,
  ].filter((line) => !line.includes("NaN"));
}

function ratio(ours: number | undefined, theirs: number | undefined): number {
  return (ours ?? NaN) / (theirs ?? NaN);
}
