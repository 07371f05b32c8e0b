// Memory with many bindings registered: resident, and for routr the live JavaScript heap of each.

import { setTimeout as delay } from "node:timers/promises";
import { type BindingToRegister, registerBindings } from "../load/register_bindings.ts";
import { subscribers } from "../load/subscribers.ts";
import { freePort } from "../process/local_port.ts";
import { residentBytes } from "../process/process_meter.ts";
import { liveHeapBytes } from "../process/v8_heap.ts";
import { CONTACTS_PER_USER } from "../systems/routr.ts";
import type { SystemName } from "../systems/start_system.ts";
import type { BenchContext } from "./bench_context.ts";

export interface BindingsMemory {
  readonly system: SystemName;
  readonly bindings: number;
  /** Registrations a second while they were made, one client with a fixed number under way. */
  readonly registrationsPerSecond: number;
  readonly residentBefore: number;
  readonly residentAfter: number;
  /** Live heap of one binding in bytes; routr only. */
  readonly heapPerBinding?: number;
}

/**
 * Milliseconds until the transactions of the registrations are gone (Timer J of RFC 3261 §17.2.2 is 64 × T1), and their
 * memory is given back.
 */
const TRANSACTIONS_GONE = 70_000;

/** Heap needs the V8 inspector, so routr always runs from source here. */
export async function measureBindingsMemory(context: BenchContext): Promise<BindingsMemory[]> {
  const readings: (() => Promise<BindingsMemory>)[] = [];
  for (const system of context.servers) readings.push(await fill(context, system));
  context.progress("bindings: waiting until the transactions are gone");
  await delay(TRANSACTIONS_GONE);
  const results: BindingsMemory[] = [];
  for (const read of readings) results.push(await read());
  return results;
}

/** Starts the system and registers everything; the function returned reads its memory and ends it. */
async function fill(context: BenchContext, system: SystemName): Promise<() => Promise<BindingsMemory>> {
  const users = Math.ceil(context.options.bindings / CONTACTS_PER_USER);
  const bindings = contacts(subscribers(users));
  const inspectorPort = system === "routr" ? freePort() : undefined;
  const { process, port } = await context.start(system, users, { inspectorPort });
  context.progress(`bindings: registering ${bindings.length} at ${system}`);
  const heapBefore = inspectorPort ? await liveHeapBytes(inspectorPort) : 0;
  const residentBefore = residentBytes(process.pid);
  const startedAt = performance.now();
  const listed = await registerBindings({ port, bindings });
  const registrationsPerSecond = bindings.length / (performance.now() - startedAt) * 1000;
  if (listed !== CONTACTS_PER_USER) throw new Error(`Cannot use "${system}": a user has ${listed} bindings`);
  return async () => {
    const residentAfter = residentBytes(process.pid);
    const heapAfter = inspectorPort ? await liveHeapBytes(inspectorPort) : NaN;
    await process.end();
    return {
      system,
      bindings: bindings.length,
      registrationsPerSecond,
      residentBefore,
      residentAfter,
      heapPerBinding: inspectorPort ? (heapAfter - heapBefore) / bindings.length : undefined,
    };
  };
}

/** Several phones for each user, each at an address of its own in 10.0.0.0/8. */
export function contacts(users: string[]): BindingToRegister[] {
  return users.flatMap((user, index) =>
    Array.from({ length: CONTACTS_PER_USER }, (_, device) => ({
      user,
      contact: `sip:${user}@10.${index >> 8 & 255}.${index & 255}.${device + 1}:5060;transport=udp`,
    }))
  );
}
