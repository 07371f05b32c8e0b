/** Many gateways: registered with evenly, and of no harm to others when they do not answer. */
import type { SystemName } from "../systems/start_system.ts";
import type { BenchContext } from "./bench_context.ts";
import { type DeadNeighbours, measureDeadNeighbours } from "./dead_neighbours.ts";
import { type GatewayRegistrations, measureGatewayRegistrations } from "./gateway_registrations.ts";

export interface Gateways {
  readonly system: SystemName;
  readonly registrations: GatewayRegistrations;
  readonly neighbours: DeadNeighbours;
}

/** Of routr only. */
export async function measureGateways(context: BenchContext): Promise<Gateways[]> {
  if (!context.options.systems.includes("routr")) return [];
  const neighbours = await measureDeadNeighbours(context);
  const registrations = await measureGatewayRegistrations(context);
  return [{ system: "routr", registrations, neighbours }];
}
