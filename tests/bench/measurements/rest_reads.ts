/** How many agents a second can be read one by one, and how long a page of those that a filter matches takes. */
import { offerRestLoad, type RestLoadResult } from "../load/rest_load.ts";
import { keepOnFirstCpu } from "../process/cpu_affinity.ts";
import { cpuMicroseconds } from "../process/process_meter.ts";
import { agentPath } from "../systems/rest_service.ts";
import type { BenchContext } from "./bench_context.ts";
import { median } from "./median.ts";
import type { RestSubject } from "./rest.ts";

export interface Reads {
  readonly rounds: readonly RestLoadResult[];
  /** CPU time of the server for a request, in microseconds: the median of the rounds. */
  readonly microseconds: number;
}

/** Milliseconds until the first page is there, of one client that asks again and again. */
export interface ListTimes {
  readonly filter: string;
  readonly matches: number;
  readonly median: number;
  readonly longest: number;
}

/** Beyond the first CPU, which the server has for itself. */
const CLIENT_CPU = 1;
/** Of keep-alive connections: half of what one address may ask for at a time. */
const CLIENTS = 8;
/** Agents that are asked for, of all. */
const ASKED = 500;
const WARM_UP = 3;
const PAGE = 30;
const REPETITIONS = 20;

export async function measureReads(context: BenchContext, { system, service }: RestSubject): Promise<Reads> {
  const { rounds, seconds } = context.options;
  await keepOnFirstCpu(system.process.pid);
  const paths = (await service.agents(ASKED)).refs.map(agentPath);
  const { port, authorization } = service;
  const load = { port, clients: CLIENTS, seconds, paths, authorization };
  await offerRestLoad({ ...load, seconds: WARM_UP }, CLIENT_CPU);
  const results: RestLoadResult[] = [];
  const costs: number[] = [];
  while (results.length < rounds) {
    context.progress(`rest: one by one, round ${results.length + 1} of ${rounds}`);
    const before = cpuMicroseconds(system.process.pid);
    const result = await offerRestLoad(load, CLIENT_CPU);
    refuseFailures(result);
    costs.push((cpuMicroseconds(system.process.pid) - before) / result.requests);
    results.push(result);
  }
  return { rounds: results, microseconds: median(costs) };
}

export async function measureLists(
  context: BenchContext,
  { service, agents }: RestSubject,
): Promise<ListTimes[]> {
  const filters = [
    `@.spec.credentials.username=='user${agents - 1}'`,
    "'d0.example' in @.spec.domains",
    "@.spec.credentials.username=~/user.*77/ && @.metadata.name!='Agent 77'",
    "!(@.metadata.name in ['Agent 1', 'Agent 2']) || @.spec.maxContacts > 1",
  ];
  const lists: ListTimes[] = [];
  for (const filter of filters) {
    context.progress(`rest: lists with ${filter}`);
    const times: number[] = [];
    let matches = 0;
    while (times.length < REPETITIONS) {
      const askedAt = performance.now();
      matches = (await service.agents(PAGE, filter)).total;
      times.push(performance.now() - askedAt);
    }
    lists.push({ filter, matches, median: median(times), longest: Math.max(...times) });
  }
  return lists;
}

function refuseFailures({ statuses }: RestLoadResult): void {
  if (Object.keys(statuses).join() !== "200") {
    throw new Error(`Cannot measure the REST service: it answers ${JSON.stringify(statuses)}`);
  }
}
