/** The lines of the table for phones that have connections. */
import type { IdleConnections } from "../measurements/idle_connections.ts";
import type { Stalled } from "../measurements/stalled.ts";
import type { SystemName } from "../systems/start_system.ts";
import { cpuFigures, type Figure, megabytes } from "./figure.ts";
import { type BenchResults, ofSystem } from "./results.ts";

type Stall = Stalled | undefined;

export const CONNECTION_FIGURES: readonly Figure[] = [
  ...cpuFigures("TCP: CPU µs per registration", (all, system) => ofSystem(all.tcp, system)?.registration),
  ...cpuFigures("TCP: CPU µs per call", (all, system) => ofSystem(all.tcp, system)?.call),
  ...cpuFigures("TLS: CPU µs per call", (all, system) => ofSystem(all.tls, system)?.call),
  ...cpuFigures(
    "WebSocket: CPU µs per registration",
    (all, system) => ofSystem(all.ws, system)?.registration,
  ),
  ...idleFigures("TLS", (all, system) => ofSystem(all.idleTls, system)),
  ...idleFigures("WebSocket", (all, system) => ofSystem(all.idleWs, system)),
  stallFigure("stalled: resident MB, before", (stall) => megabytes(stall?.residentBefore)),
  stallFigure("  highest", (stall) => megabytes(stall?.residentHighest)),
  stallFigure("  MB of responses not read", (stall) => megabytes(stall?.unread)),
  stallFigure("  connections closed", (stall) => stall?.closed.toString()),
  stallFigure(
    "  calls of others, failed / made",
    (stall) => stall && `${stall.calls.failed} / ${stall.calls.offered}`,
  ),
];

/** 1024 bytes of resident memory for each connection: after a garbage collection if one could be asked for. */
export function kilobytesEach(idle: IdleConnections | undefined): number | undefined {
  if (!idle) return undefined;
  return kilobytes(idle, idle.residentCollected ?? idle.residentAfter);
}

function idleFigures(
  name: string,
  find: (results: BenchResults, system: SystemName) => IdleConnections | undefined,
): Figure[] {
  return [
    {
      name: `resident KB per idle ${name} connection`,
      of: (all, system) => kilobytesEach(find(all, system))?.toFixed(1),
    },
    {
      name: "  before a garbage collection",
      of(all, system) {
        const idle = find(all, system);
        return idle?.residentCollected ? kilobytes(idle, idle.residentAfter).toFixed(1) : undefined;
      },
    },
    {
      name: "  connections made a second",
      of: (all, system) => find(all, system)?.connectionsPerSecond.toFixed(0),
    },
  ];
}

function stallFigure(name: string, read: (stall: Stall) => string | undefined): Figure {
  return { name, of: (all, system) => read(ofSystem(all.stalled, system)) };
}

function kilobytes({ connections, residentBefore }: IdleConnections, resident: number): number {
  return (resident - residentBefore) / connections / 1024;
}
