/**
 * CPU time per call on one domain and on a large configuration: what routing costs more when there is more. Both have
 * their calls at the same time and on the same CPU, so that what disturbs one disturbs both.
 */
import { type ConfigurationSize, LARGE, writeLargeConfiguration } from "../load/large_configuration.ts";
import {
  CALLEES,
  chooseRoutedPorts,
  offerRoutedCalls,
  registerPhones,
  type Route,
  type RoutedPorts,
  ROUTES,
} from "../load/routed_load.ts";
import { keepOnFirstCpu } from "../process/cpu_affinity.ts";
import { freePort } from "../process/local_port.ts";
import type { BenchedSystem } from "../systems/benched_system.ts";
import { startConfiguredRoutr } from "../systems/routr.ts";
import type { SystemName } from "../systems/start_system.ts";
import type { BenchContext } from "./bench_context.ts";
import { type CpuFigure, type CpuSample, figure, sampleCpu } from "./cpu_sample.ts";
import { median } from "./median.ts";

export interface Routing {
  readonly system: SystemName;
  readonly routes: Readonly<Record<Route, RouteCost>>;
}

export interface RouteCost {
  /** On one domain. */
  readonly small: CpuFigure;
  readonly large: CpuFigure;
  /** What the large configuration took of the small one's time: median of the rounds, as one may be disturbed. */
  readonly ratio: number;
}

/** The calls are the same here: as many agents make them, and from the gateway they are to as many numbers. */
const ONE_DOMAIN: ConfigurationSize = {
  agents: 2 * CALLEES,
  domains: 1,
  dids: LARGE.dids / LARGE.gateways,
  gateways: 1,
  accessRules: 0,
  egressRules: 1,
};
const WARM_UP_SECONDS = 3;
/** How much longer loads are than elsewhere: some garbage collections more or less must not count. */
const LONGER = 3;

interface Subject {
  readonly ports: RoutedPorts;
  readonly size: ConfigurationSize;
  readonly system: BenchedSystem;
  readonly samples: Readonly<Record<Route, CpuSample[]>>;
}

/** Of routr only. */
export async function measureRouting(context: BenchContext): Promise<Routing[]> {
  if (!context.options.systems.includes("routr")) return [];
  const { rate, rounds, seconds } = context.options;
  const small = await startWarm(context, ONE_DOMAIN);
  const large = await startWarm(context, LARGE);
  for (let round = 1; round <= rounds; round++) {
    for (const route of ROUTES) {
      context.progress(`routing, round ${round} of ${rounds}: ${route}`);
      await Promise.all([small, large].map(async ({ system, size, ports, samples }) => {
        const { directory } = context;
        const pace = { rate: Math.ceil(rate / 2), seconds: LONGER * seconds };
        const load = { system, size, ports, ...pace, directory };
        samples[route].push(await sampleCpu(system, () => offerRoutedCalls(route, load)));
      }));
    }
  }
  await Promise.all([small, large].map(({ system }) => system.process.end()));
  const cost = (route: Route) => compare(small.samples[route], large.samples[route]);
  const routes = { internal: cost("internal"), egress: cost("egress"), ingress: cost("ingress") };
  return [{ system: "routr", routes }];
}

async function startWarm(context: BenchContext, size: ConfigurationSize): Promise<Subject> {
  const ports = chooseRoutedPorts();
  const { directory: parent, options: { rate, binary } } = context;
  const directory = await Deno.makeTempDir({ dir: parent, prefix: "routing_" });
  const port = freePort();
  await writeLargeConfiguration(directory, { size, port, gatewayPort: ports.gateway });
  context.progress(`routing: warming up routr with ${size.domains} domains and ${size.agents} agents`);
  const system = await startConfiguredRoutr({ directory, port, binary });
  await keepOnFirstCpu(system.process.pid);
  await registerPhones(system, { size, ports });
  const load = {
    system,
    size,
    ports,
    rate: Math.ceil(rate / 2),
    seconds: WARM_UP_SECONDS,
    directory: parent,
  };
  for (const route of ROUTES) await offerRoutedCalls(route, load);
  return { ports, size, system, samples: { internal: [], egress: [], ingress: [] } };
}

function compare(small: readonly CpuSample[], large: readonly CpuSample[]): RouteCost {
  const ratios = large.map(({ microseconds }, round) => microseconds / small[round].microseconds);
  return { small: figure(small), large: figure(large), ratio: median(ratios) };
}
