/** Memory of a server with many phones connected that say nothing. */
import { setTimeout as delay } from "node:timers/promises";
import { ConnectedPhone } from "../load/connected_phone.ts";
import type { ConnectionProtocol } from "../load/phone_connection.ts";
import { connectMany } from "../load/phone_load.ts";
import { freePort } from "../process/local_port.ts";
import { residentBytes } from "../process/process_meter.ts";
import { liveHeapBytes } from "../process/v8_heap.ts";
import type { BenchedSystem } from "../systems/benched_system.ts";
import type { SystemName } from "../systems/start_system.ts";
import { type BenchContext, FEW_USERS } from "./bench_context.ts";

export interface IdleConnections {
  readonly system: SystemName;
  readonly connections: number;
  readonly residentBefore: number;
  /** Once all have been quiet for a while. */
  readonly residentAfter: number;
  /** After a full garbage collection; only for routr from source. */
  readonly residentCollected?: number;
  /** Made in a second, by one client with a fixed number under way. */
  readonly connectionsPerSecond: number;
}

/** Milliseconds until what setting up left behind is gone. */
const SETTLING = 15_000;
/** Milliseconds until the memory a garbage collection freed has gone back to the kernel. */
const RELEASING = 3000;

/** Each connection has had one OPTIONS answered, so that it counts as a phone's. */
export async function measureIdleConnections(
  context: BenchContext,
  protocol: ConnectionProtocol,
): Promise<IdleConnections[]> {
  const results: IdleConnections[] = [];
  for (const name of context.connectedServers) {
    const inspectorPort = name === "routr" && !context.options.binary ? freePort() : undefined;
    const system = await context.start(name, FEW_USERS, { protocol, inspectorPort });
    context.progress(`idle connections: ${protocol} to ${name}`);
    results.push({ system: name, ...await fill(system, { protocol, count: context.options.connections }) });
    await system.process.end();
  }
  return results;
}

async function fill(
  system: BenchedSystem,
  { protocol, count }: { protocol: ConnectionProtocol; count: number },
): Promise<Omit<IdleConnections, "system">> {
  const { process, connectionPort } = system;
  await collectGarbage(system);
  const residentBefore = residentBytes(process.pid);
  const startedAt = performance.now();
  const connections = await connectMany(count, { protocol, port: connectionPort! });
  const connectionsPerSecond = count / (performance.now() - startedAt) * 1000;
  for (const [number, connection] of connections.entries()) {
    const status = await new ConnectedPhone(`idle${number}`, connection).options();
    if (status !== 200) throw new Error(`Cannot use "${system.name}": OPTIONS was answered ${status}`);
  }
  await delay(SETTLING);
  const residentAfter = residentBytes(process.pid);
  const residentCollected = await collectGarbage(system) ? residentBytes(process.pid) : undefined;
  const open = connections.filter(({ isOpen }) => isOpen).length;
  for (const connection of connections) connection.close();
  if (open < count) {
    throw new Error(`Cannot use "${system.name}": it closed ${count - open} of ${count} connections`);
  }
  return { connections: count, residentBefore, residentAfter, residentCollected, connectionsPerSecond };
}

/** Where it can be asked for; otherwise only waits. Whether it was. */
async function collectGarbage({ inspectorPort }: BenchedSystem): Promise<boolean> {
  if (inspectorPort !== undefined) await liveHeapBytes(inspectorPort); // collects before it measures
  await delay(RELEASING);
  return inspectorPort !== undefined;
}
