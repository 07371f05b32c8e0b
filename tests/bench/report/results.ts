// Everything one run of the bench measured.

import type { BindingsMemory } from "../measurements/bindings_memory.ts";
import type { ConnectionCpu } from "../measurements/connection_cpu.ts";
import type { CpuResult } from "../measurements/cpu.ts";
import type { Floods } from "../measurements/floods.ts";
import type { Garbage } from "../measurements/garbage.ts";
import type { HighestRate } from "../measurements/highest_rate.ts";
import type { IdleConnections } from "../measurements/idle_connections.ts";
import type { Gateways } from "../measurements/gateways.ts";
import type { Idleness } from "../measurements/idleness.ts";
import type { LoadTime } from "../measurements/load_time.ts";
import type { Lookups } from "../measurements/lookups.ts";
import type { Persistence } from "../measurements/persistence.ts";
import type { Providers } from "../measurements/providers.ts";
import type { Reload } from "../measurements/reload.ts";
import type { Rest } from "../measurements/rest.ts";
import type { Routing } from "../measurements/routing.ts";
import type { Stalled } from "../measurements/stalled.ts";
import type { StartTime } from "../measurements/start_time.ts";
import type { SystemName } from "../systems/start_system.ts";

export interface BenchResults {
  readonly systems: readonly SystemName[];
  /** Registrations and calls a second of the CPU figures. */
  readonly rate: number;
  /** Whether routr was the compiled binary. */
  readonly compiled: boolean;
  start?: readonly StartTime[];
  load?: readonly LoadTime[];
  idle?: readonly Idleness[];
  cpu?: readonly CpuResult[];
  garbage?: readonly Garbage[];
  peak?: readonly HighestRate[];
  bindings?: readonly BindingsMemory[];
  tcp?: readonly ConnectionCpu[];
  tls?: readonly ConnectionCpu[];
  ws?: readonly ConnectionCpu[];
  idleTls?: readonly IdleConnections[];
  idleWs?: readonly IdleConnections[];
  stalled?: readonly Stalled[];
  routing?: readonly Routing[];
  gateways?: readonly Gateways[];
  providers?: readonly Providers[];
  reload?: readonly Reload[];
  persistence?: readonly Persistence[];
  lookups?: readonly Lookups[];
  rest?: readonly Rest[];
  floods?: readonly Floods[];
}

/** The result of one system in a measurement, if it took part. */
export function ofSystem<Result extends { readonly system: SystemName }>(
  results: readonly Result[] | undefined,
  system: SystemName,
): Result | undefined {
  return results?.find((each) => each.system === system);
}
