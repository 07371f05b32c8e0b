// Bytes of JavaScript heap that a registration and a call leave to the garbage collector, of the running server under load.

import type { LoadResult } from "../load/load_result.ts";
import { registerCallees } from "../load/register_bindings.ts";
import { type LoadOptions, offerCalls, offerRegistrations } from "../load/sipp_load.ts";
import { freePort } from "../process/local_port.ts";
import { type Allocation, allocationsOf, sampleAllocations } from "../process/v8_heap.ts";
import type { SystemName } from "../systems/start_system.ts";
import type { BenchContext } from "./bench_context.ts";

export interface Garbage {
  readonly system: SystemName;
  readonly bytesPerRegistration: number;
  readonly bytesPerCall: number;
}

const WARM_UP_SECONDS = 3;
/** Functions that are shown for each load. */
const SHOWN_FUNCTIONS = 25;

/** The inspector needs the source, so the binary is not measured. */
export async function measureGarbage(context: BenchContext): Promise<Garbage[]> {
  const { directory, ports, loadUsers, options: { rate, seconds, systems } } = context;
  if (!systems.includes("routr")) return [];
  const inspectorPort = freePort();
  const system = await context.start("routr", loadUsers, { inspectorPort });
  await registerCallees(system.port, ports);
  const load = { system, rate, seconds, ports, directory };
  context.progress("garbage: warming up");
  await offerRegistrations({ ...load, seconds: WARM_UP_SECONDS });
  await offerCalls({ ...load, seconds: WARM_UP_SECONDS });
  const bytesPer = async (name: string, offer: (options: LoadOptions) => Promise<LoadResult>) => {
    context.progress(`garbage: ${name}s`);
    let successful = 0;
    const profile = await sampleAllocations(inspectorPort, async () => {
      ({ successful } = await offer(load));
    });
    const allocations = allocationsOf(profile);
    show(name, allocations, successful);
    return allocations.reduce((sum, { bytes }) => sum + bytes, 0) / successful;
  };
  const bytesPerRegistration = await bytesPer("registration", offerRegistrations);
  const bytesPerCall = await bytesPer("call", offerCalls);
  await system.process.end();
  return [{ system: "routr", bytesPerRegistration, bytesPerCall }];
}

function show(name: string, allocations: readonly Allocation[], count: number): void {
  console.error(`  bytes a ${name}, by the function that allocates them:`);
  for (const { place, bytes } of allocations.slice(0, SHOWN_FUNCTIONS)) {
    console.error(`  ${(bytes / count).toFixed(0).padStart(7)}  ${place}`);
  }
}
