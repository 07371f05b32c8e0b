/** How long routr takes to serve many agents, by each provider, and the memory it has them in. */
import { setTimeout as delay } from "node:timers/promises";
import { join } from "node:path";
import { type ConfigurationSize, writeLargeConfiguration } from "../load/large_configuration.ts";
import { freePort } from "../process/local_port.ts";
import { OtherLoad } from "../process/other_load.ts";
import { cpuMicroseconds, residentBytes } from "../process/process_meter.ts";
import { keepResources, type Provider, PROVIDERS } from "../systems/resource_place.ts";
import { startReadyRoutr } from "../systems/routr.ts";
import type { SystemName } from "../systems/start_system.ts";
import type { BenchContext } from "./bench_context.ts";
import { median } from "./median.ts";

export interface Providers {
  readonly system: SystemName;
  readonly agents: number;
  readonly providers: Readonly<Record<Provider, ProviderCost>>;
  /** CPUs that others used meanwhile. */
  readonly otherCpus: number;
}

export interface ProviderCost {
  /** Seconds that it takes longer to be ready than with a few agents, of each start. */
  readonly starts: readonly number[];
  readonly median: number;
  /** Bytes, of the last start: when it is ready, and after a while without traffic. */
  readonly residentReady: number;
  readonly residentLater: number;
  /** Of one CPU, in that while: what looking for changes costs. */
  readonly cpuPercent: number;
}

const DOMAINS = 100;
/** Seconds. */
const WHILE = 30;

/** As many agents as that; of all else what they need. */
export function manyAgents(agents: number): ConfigurationSize {
  return { agents, domains: Math.min(DOMAINS, agents), dids: 1, gateways: 1, accessRules: 0, egressRules: 1 };
}

/** Of routr only. */
export async function measureProviders(context: BenchContext): Promise<Providers[]> {
  if (!context.options.systems.includes("routr")) return [];
  const { agents } = context.options;
  const others = new OtherLoad();
  const costs: Partial<Record<Provider, ProviderCost>> = {};
  for (const provider of PROVIDERS) costs[provider] = await measure(context, provider);
  return [{
    system: "routr",
    agents,
    providers: costs as Record<Provider, ProviderCost>,
    otherCpus: others.cpus,
  }];
}

async function measure(context: BenchContext, provider: Provider): Promise<ProviderCost> {
  const { agents, starts: count, binary } = context.options;
  const few = await prepare(context, provider, 2);
  const many = await prepare(context, provider, agents);
  const starts: number[] = [];
  for (;;) {
    context.progress(`providers: ${provider}, start ${starts.length + 1} of ${count}`);
    const quick = await startReadyRoutr({ ...few, binary });
    await quick.process.end();
    const { process, readyAfter } = await startReadyRoutr({ ...many, binary });
    starts.push((readyAfter - quick.readyAfter) / 1000);
    if (starts.length < count) {
      await process.end();
      continue;
    }
    const residentReady = residentBytes(process.pid);
    const cpuBefore = cpuMicroseconds(process.pid);
    await delay(WHILE * 1000);
    const cpuPercent = (cpuMicroseconds(process.pid) - cpuBefore) / WHILE / 1e4;
    const residentLater = residentBytes(process.pid);
    if (!process.output.includes(`Serving ${agents} agents`)) {
      throw new Error(`Cannot use "${provider}": not all agents are served\n${process.output}`);
    }
    await process.end();
    await Promise.all([few.end(), many.end()]);
    return { starts, median: median(starts), residentReady, residentLater, cpuPercent };
  }
}

/** A configuration with so many agents, and where it is kept. */
async function prepare({ directory: parent }: BenchContext, provider: Provider, agents: number) {
  const directory = await Deno.makeTempDir({ dir: parent, prefix: `${provider}_` });
  const port = freePort();
  await writeLargeConfiguration(directory, { size: manyAgents(agents), port });
  const { env, end } = await keepResources(provider, directory);
  return { directory, port, env: { ...env, STATE_DIR: join(directory, "state") }, end };
}
