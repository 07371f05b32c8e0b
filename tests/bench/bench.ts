// Entry of `deno task bench`: routr against Kamailio and a bare UDP relay, in turn, on this machine.

import { type BenchOptions, parseBenchOptions, USAGE } from "./bench_options.ts";
import { BenchContext } from "./measurements/bench_context.ts";
import { measureBindingsMemory } from "./measurements/bindings_memory.ts";
import { measureConnectionCpu } from "./measurements/connection_cpu.ts";
import { measureCpu } from "./measurements/cpu.ts";
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

async function measure(context: BenchContext): Promise<BenchResults> {
  const { systems, rate, binary, measurements } = context.options;
  const results: BenchResults = { systems, rate, compiled: binary !== undefined };
  for (const measurement of measurements) {
    switch (measurement) {
      case "start":
        results.start = await measureStartTime(context);
        break;
      case "load":
        results.load = await measureLoadTime(context);
        break;
      case "idle":
        results.idle = await measureIdleness(context);
        break;
      case "cpu":
        results.cpu = await measureCpu(context);
        break;
      case "garbage":
        results.garbage = await measureGarbage(context);
        break;
      case "peak":
        results.peak = await measureHighestRate(context);
        break;
      case "bindings":
        results.bindings = await measureBindingsMemory(context);
        break;
      case "tcp":
        results.tcp = await measureConnectionCpu(context, "tcp", ["registration", "call"]);
        break;
      case "tls":
        results.tls = await measureConnectionCpu(context, "tls", ["call"]);
        break;
      case "ws":
        results.ws = await measureConnectionCpu(context, "ws", ["registration"]);
        break;
      case "idle-connections":
        results.idleTls = await measureIdleConnections(context, "tls");
        results.idleWs = await measureIdleConnections(context, "ws");
        break;
      case "stalled":
        results.stalled = await measureStalled(context);
        break;
      case "routing":
        results.routing = await measureRouting(context);
        break;
      case "gateways":
        results.gateways = await measureGateways(context);
        break;
      case "providers":
        results.providers = await measureProviders(context);
        break;
      case "reload":
        results.reload = await measureReload(context);
        break;
      case "persistence":
        results.persistence = await measurePersistence(context);
        break;
      case "lookups":
        results.lookups = await measureLookups(context);
        break;
      case "rest":
        results.rest = await measureRest(context);
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
