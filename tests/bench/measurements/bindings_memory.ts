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

/** Milliseconds until the transactions of the registrations are gone: Timer J of RFC 3261 §17.2.2 is 64 × T1. */
const TRANSACTIONS_GONE = 34_000;

interface Subject {
  readonly system: SystemName;
  readonly pid: number;
  readonly inspectorPort?: number;
  readonly registrationsPerSecond: number;
  readonly residentBefore: number;
  readonly heapBefore: number;
}

/** Heap needs the V8 inspector, so routr always runs from source here. */
export async function measureBindingsMemory(context: BenchContext): Promise<BindingsMemory[]> {
  const users = Math.ceil(context.options.bindings / CONTACTS_PER_USER);
  const bindings = contacts(subscribers(users));
  const subjects: Subject[] = [];
  const ends: (() => Promise<void>)[] = [];
  for (const name of context.servers) {
    const inspectorPort = name === "routr" ? freePort() : undefined;
    const { process, port } = await context.start(name, users, inspectorPort);
    ends.push(() => process.end());
    context.progress(`bindings: registering ${bindings.length} at ${name}`);
    const heapBefore = inspectorPort ? await liveHeapBytes(inspectorPort) : 0;
    const residentBefore = residentBytes(process.pid);
    const startedAt = performance.now();
    const listed = await registerBindings({ port, bindings });
    if (listed !== CONTACTS_PER_USER) {
      throw new Error(`Cannot count on ${name}: ${listed} bindings for one user`);
    }
    const registrationsPerSecond = bindings.length / (performance.now() - startedAt) * 1000;
    subjects.push({
      system: name,
      pid: process.pid,
      inspectorPort,
      registrationsPerSecond,
      residentBefore,
      heapBefore,
    });
  }
  context.progress("bindings: waiting until the transactions are gone");
  await delay(TRANSACTIONS_GONE);
  const results: BindingsMemory[] = [];
  for (const { system, pid, inspectorPort, heapBefore, registrationsPerSecond, residentBefore } of subjects) {
    const residentAfter = residentBytes(pid);
    const heapPerBinding = inspectorPort
      ? (await liveHeapBytes(inspectorPort) - heapBefore) / bindings.length
      : undefined;
    results.push({
      system,
      bindings: bindings.length,
      registrationsPerSecond,
      residentBefore,
      residentAfter,
      heapPerBinding,
    });
  }
  await Promise.all(ends.map((end) => end()));
  return results;
}

/** Several phones for each user, each at an address of its own in 10.0.0.0/8. */
function contacts(users: string[]): BindingToRegister[] {
  return users.flatMap((user, index) =>
    Array.from({ length: CONTACTS_PER_USER }, (_, device) => ({
      user,
      contact: `sip:${user}@10.${index >> 8 & 255}.${index & 255}.${device + 1}:5060;transport=udp`,
    }))
  );
}
