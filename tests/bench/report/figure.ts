/** One line of the table of figures. */
import type { CpuFigure } from "../measurements/cpu_sample.ts";
import type { SystemName } from "../systems/start_system.ts";
import type { BenchResults } from "./results.ts";

export interface Figure {
  readonly name: string;
  /** Undefined or empty when it was not measured. */
  of(results: BenchResults, system: SystemName): string | undefined;
}

/** Median, spread and losses. */
export function cpuFigures(
  name: string,
  find: (results: BenchResults, system: SystemName) => CpuFigure | undefined,
): Figure[] {
  return [
    { name, of: (all, system) => middle(find(all, system)) },
    { name: "  lowest – highest round", of: (all, system) => spread(find(all, system)) },
    { name: "  failed / sent again", of: (all, system) => losses(find(all, system)) },
  ];
}

export function megabytes(bytes: number | undefined): string | undefined {
  return bytes === undefined ? undefined : (bytes / 1e6).toFixed(0);
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
