// All figures as one table: a line for each figure, a column for each system.

import type { BindingsMemory } from "../measurements/bindings_memory.ts";
import type { CpuFigure } from "../measurements/cpu.ts";
import type { SystemName } from "../systems/start_system.ts";
import { type BenchResults, ofSystem } from "./results.ts";

interface Figure {
  readonly name: string;
  of(results: BenchResults, system: SystemName): string | undefined;
}

const FIGURES: readonly Figure[] = [
  { name: "CPU µs per registration", of: (all, system) => middle(ofSystem(all.cpu, system)?.registration) },
  { name: "  lowest – highest round", of: (all, system) => spread(ofSystem(all.cpu, system)?.registration) },
  { name: "  failed / sent again", of: (all, system) => losses(ofSystem(all.cpu, system)?.registration) },
  { name: "CPU µs per call", of: (all, system) => middle(ofSystem(all.cpu, system)?.call) },
  { name: "  lowest – highest round", of: (all, system) => spread(ofSystem(all.cpu, system)?.call) },
  { name: "  failed / sent again", of: (all, system) => losses(ofSystem(all.cpu, system)?.call) },
  { name: "highest loss-free calls/s", of: (all, system) => ofSystem(all.peak, system)?.rate.toString() },
  { name: "ready after ms", of: (all, system) => ofSystem(all.start, system)?.median.toFixed(0) },
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

function middle(figure: CpuFigure | undefined): string | undefined {
  return figure?.median.toFixed(0);
}

function spread(figure: CpuFigure | undefined): string | undefined {
  if (!figure) return undefined;
  const rounds = figure.samples.map(({ microseconds }) => microseconds);
  return `${Math.min(...rounds).toFixed(0)} – ${Math.max(...rounds).toFixed(0)}`;
}

function losses(figure: CpuFigure | undefined): string | undefined {
  if (!figure) return undefined;
  const failed = figure.samples.reduce((total, sample) => total + sample.failed, 0);
  const again = figure.samples.reduce((total, sample) => total + sample.retransmissions, 0);
  return `${failed} / ${again}`;
}

function growth(memory: BindingsMemory | undefined): string | undefined {
  if (!memory) return undefined;
  return ((memory.residentAfter - memory.residentBefore) / memory.bindings).toFixed(0);
}

function megabytes(bytes: number | undefined): string | undefined {
  return bytes === undefined ? undefined : (bytes / 1e6).toFixed(0);
}
