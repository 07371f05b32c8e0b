// Entry of `deno task bench`: routr against Kamailio and a bare UDP relay, in turn, on this machine.

import { type BenchOptions, type MeasurementName, parseBenchOptions, USAGE } from "./bench_options.ts";
import { BenchContext } from "./measurements/bench_context.ts";
import { measureBindingsMemory } from "./measurements/bindings_memory.ts";
import { measureConnectionCpu } from "./measurements/connection_cpu.ts";
import { measureCpu } from "./measurements/cpu.ts";
import { measureFloods } from "./measurements/floods.ts";
import { measureGarbage } from "./measurements/garbage.ts";
import { measureGateways } from "./measurements/gateways.ts";
import { measureHighestRate } from "./measurements/highest_rate.ts";
import { measureIdleConnections } from "./measurements/idle_connections.ts";
import { measureIdleness } from "./measurements/idleness.ts";
import { measureLoadTime } from "./measurements/load_time.ts";
import { measureLookups } from "./measurements/lookups.ts";
import { measurePersistence } from "./measurements/persistence.ts";
import { measureProviders } from "./measurements/providers.ts";
import { measureReload } from "./measurements/reload.ts";
import { measureRest } from "./measurements/rest.ts";
import { measureRouting } from "./measurements/routing.ts";
import { measureStalled } from "./measurements/stalled.ts";
import { measureStartTime } from "./measurements/start_time.ts";
import { endAllProcesses } from "./process/running_process.ts";
import { figuresTable } from "./report/figures_table.ts";
import { describeMachine } from "./report/machine.ts";
import type { BenchResults } from "./report/results.ts";
import { comparison, judge, verdictsTable } from "./report/targets.ts";

const MEASUREMENTS: Record<MeasurementName, (context: BenchContext) => Promise<Partial<BenchResults>>> = {
  start: async (context) => ({ start: await measureStartTime(context) }),
  load: async (context) => ({ load: await measureLoadTime(context) }),
  idle: async (context) => ({ idle: await measureIdleness(context) }),
  cpu: async (context) => ({ cpu: await measureCpu(context) }),
  garbage: async (context) => ({ garbage: await measureGarbage(context) }),
  peak: async (context) => ({ peak: await measureHighestRate(context) }),
  bindings: async (context) => ({ bindings: await measureBindingsMemory(context) }),
  tcp: async (context) => ({ tcp: await measureConnectionCpu(context, "tcp", ["registration", "call"]) }),
  tls: async (context) => ({ tls: await measureConnectionCpu(context, "tls", ["call"]) }),
  ws: async (context) => ({ ws: await measureConnectionCpu(context, "ws", ["registration"]) }),
  "idle-connections": async (context) => ({
    idleTls: await measureIdleConnections(context, "tls"),
    idleWs: await measureIdleConnections(context, "ws"),
  }),
  stalled: async (context) => ({ stalled: await measureStalled(context) }),
  routing: async (context) => ({ routing: await measureRouting(context) }),
  gateways: async (context) => ({ gateways: await measureGateways(context) }),
  providers: async (context) => ({ providers: await measureProviders(context) }),
  reload: async (context) => ({ reload: await measureReload(context) }),
  persistence: async (context) => ({ persistence: await measurePersistence(context) }),
  floods: async (context) => ({ floods: await measureFloods(context) }),
  lookups: async (context) => ({ lookups: await measureLookups(context) }),
  rest: async (context) => ({ rest: await measureRest(context) }),
};

if (import.meta.main) {
  try {
    await bench(parseBenchOptions(Deno.args));
  } catch (error) {
    console.error(error instanceof TypeError ? `${error.message}\n\n${USAGE}` : error);
    Deno.exitCode = 1;
  }
}

async function bench(options: BenchOptions): Promise<void> {
  const context = new BenchContext(options);
  async function cleanUp(): Promise<void> {
    await endAllProcesses();
    context.removeFiles();
  }
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => cleanUp().then(() => Deno.exit(1)));
  }
  try {
    await report(await measure(context), options);
  } finally {
    await cleanUp();
  }
}

/** Makes the measurements one after the other; what was measured before one that fails is not lost. */
async function measure(context: BenchContext): Promise<BenchResults> {
  const { systems, rate, binary, measurements } = context.options;
  const results: BenchResults = { systems, rate, compiled: binary !== undefined };
  for (const measurement of measurements) {
    try {
      Object.assign(results, await MEASUREMENTS[measurement](context));
    } catch (error) {
      console.error(`Cannot measure "${measurement}":`, error);
      Deno.exitCode = 1;
      await endAllProcesses();
    }
  }
  return results;
}

async function report(results: BenchResults, { json, rounds, seconds }: BenchOptions): Promise<void> {
  const machine = await describeMachine();
  console.log(`\n${machine}\nCPU figures at ${results.rate}/s, rounds × seconds: ${rounds} × ${seconds}\n`);
  console.log(figuresTable(results));
  const verdicts = judge(results);
  if (verdicts.length > 0) console.log(`\n${verdictsTable(verdicts)}`);
  for (const line of comparison(results)) console.log(line);
  if (json) {
    await Deno.writeTextFile(json, JSON.stringify({ machine, ...results, verdicts }, null, 2));
  }
}
