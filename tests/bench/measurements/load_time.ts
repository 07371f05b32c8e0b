/** How much later routr serves on a large configuration than on a small one: what reading and checking it takes. */
import { type ConfigurationSize, LARGE, writeLargeConfiguration } from "../load/large_configuration.ts";
import { freePort } from "../process/local_port.ts";
import { startConfiguredRoutr } from "../systems/routr.ts";
import type { SystemName } from "../systems/start_system.ts";
import type { BenchContext } from "./bench_context.ts";
import { median } from "./median.ts";

export interface LoadTime {
  readonly system: SystemName;
  /** Milliseconds until the first answer, of each start: on the large configuration and on the small one. */
  readonly large: readonly number[];
  readonly small: readonly number[];
  /** Milliseconds that the large configuration takes longer: the median, start by start. */
  readonly longer: number;
}

/** One of each. */
const SMALL: ConfigurationSize = {
  agents: 1,
  domains: 1,
  dids: 1,
  gateways: 1,
  accessRules: 1,
  egressRules: 1,
};

/** Of routr only. */
export async function measureLoadTime(context: BenchContext): Promise<LoadTime[]> {
  if (!context.options.systems.includes("routr")) return [];
  const large: number[] = [];
  const small: number[] = [];
  while (large.length < context.options.starts) {
    context.progress(`load: start ${large.length + 1} of ${context.options.starts}`);
    small.push(await readyAfter(context, SMALL));
    large.push(await readyAfter(context, LARGE));
  }
  const longer = median(large.map((milliseconds, start) => milliseconds - small[start]));
  return [{ system: "routr", large, small, longer }];
}

async function readyAfter(
  { directory: parent, options: { binary } }: BenchContext,
  size: ConfigurationSize,
): Promise<number> {
  const directory = await Deno.makeTempDir({ dir: parent, prefix: "load_" });
  const port = freePort();
  await writeLargeConfiguration(directory, { size, port });
  const { process, readyAfter } = await startConfiguredRoutr({ directory, port, binary });
  await process.end();
  return readyAfter;
}
