// All figures as one table: a line for each figure, a column for each system.

import { DENSITY } from "../measurements/cpu.ts";
import { answerTime } from "./answer_time.ts";
import type { BindingsMemory } from "../measurements/bindings_memory.ts";
import { CONNECTION_FIGURES } from "./connection_figures.ts";
import { cpuFigures, type Figure, megabytes } from "./figure.ts";
import { FLOOD_FIGURES } from "./flood_figures.ts";
import { PROVIDER_FIGURES } from "./provider_figures.ts";
import { REST_FIGURES } from "./rest_figures.ts";
import { type BenchResults, ofSystem } from "./results.ts";
import { ROUTING_FIGURES } from "./routing_figures.ts";

const FIGURES: readonly Figure[] = [
  ...cpuFigures("CPU µs per registration", (all, system) => ofSystem(all.cpu, system)?.registration),
  ...cpuFigures(
    "CPU µs per registration, all servers at the same time",
    (all, system) => ofSystem(all.cpu, system)?.steadyRegistration,
  ),
  ...cpuFigures(
    `CPU µs per registration, at ${DENSITY} times the rate`,
    (all, system) => ofSystem(all.cpu, system)?.denseRegistration,
  ),
  ...cpuFigures("CPU µs per call", (all, system) => ofSystem(all.cpu, system)?.call),
  {
    name: "heap bytes per registration",
    of: (all, system) => ofSystem(all.garbage, system)?.bytesPerRegistration.toFixed(0),
  },
  {
    name: "heap bytes per call",
    of: (all, system) => ofSystem(all.garbage, system)?.bytesPerCall.toFixed(0),
  },
  {
    name: "ms from INVITE to 407, of 99 %",
    of: (all, system) => answerTime(ofSystem(all.cpu, system), "challengeTimes")?.toFixed(2),
  },
  {
    name: "ms from INVITE to 180, of 99 %",
    of: (all, system) => answerTime(ofSystem(all.cpu, system), "ringingTimes")?.toFixed(2),
  },
  {
    name: "highest loss-free registrations/s",
    of: (all, system) => ofSystem(all.peak, system)?.registrationRate.toString(),
  },
  { name: "highest loss-free calls/s", of: (all, system) => ofSystem(all.peak, system)?.rate.toString() },
  { name: "ready after ms", of: (all, system) => ofSystem(all.start, system)?.median.toFixed(0) },
  {
    name: "ready later, on a large configuration, by ms",
    of: (all, system) => ofSystem(all.load, system)?.longer.toFixed(0),
  },
  { name: "idle CPU %", of: (all, system) => ofSystem(all.idle, system)?.cpuPercent.toFixed(2) },
  { name: "resident MB, idle", of: (all, system) => megabytes(ofSystem(all.idle, system)?.residentBytes) },
  {
    name: "resident MB, after the CPU rounds",
    of: (all, system) => megabytes(ofSystem(all.cpu, system)?.residentBytes),
  },
  {
    name: "resident MB, before the bindings",
    of: (all, system) => megabytes(ofSystem(all.bindings, system)?.residentBefore),
  },
  {
    name: "resident MB, with the bindings",
    of: (all, system) => megabytes(ofSystem(all.bindings, system)?.residentAfter),
  },
  { name: "resident bytes per binding", of: (all, system) => growth(ofSystem(all.bindings, system)) },
  {
    name: "live heap bytes per binding",
    of: (all, system) => ofSystem(all.bindings, system)?.heapPerBinding?.toFixed(0),
  },
  {
    name: "registrations/s from one client",
    of: (all, system) => ofSystem(all.bindings, system)?.registrationsPerSecond.toFixed(0),
  },
  ...CONNECTION_FIGURES,
  ...ROUTING_FIGURES,
  ...PROVIDER_FIGURES,
  ...REST_FIGURES,
  ...FLOOD_FIGURES,
];

/** Figures nobody measured are left out. */
export function figuresTable(results: BenchResults): string {
  const lines = FIGURES
    .map(({ name, of }) => [name, ...results.systems.map((system) => of(results, system) ?? "")])
    .filter(([, ...cells]) => cells.some((cell) => cell !== ""));
  return table([["", ...results.systems], ...lines]);
}

/** The first column to the left, the others to the right. */
export function table(lines: readonly (readonly string[])[]): string {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines
    .map(([first, ...rest]) =>
      [first.padEnd(widths[0]), ...rest.map((cell, index) => cell.padStart(widths[index + 1]))].join("  ")
    )
    .join("\n");
}

function growth(memory: BindingsMemory | undefined): string | undefined {
  if (!memory) return undefined;
  return ((memory.residentAfter - memory.residentBefore) / memory.bindings).toFixed(0);
}
