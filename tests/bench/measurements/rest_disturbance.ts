/** How long signalling waits beside clients that ask the REST service all the time. */
import { setTimeout as delay } from "node:timers/promises";
import { ADMINISTRATOR_NAME, agentName, domainOfAgent } from "../load/large_configuration.ts";
import { offerRestLoad, type RestLoad } from "../load/rest_load.ts";
import { type SignallingTimes, SteadySignalling } from "../load/steady_signalling.ts";
import { agentPath, agentsPath, basic } from "../systems/rest_service.ts";
import type { BenchContext } from "./bench_context.ts";
import { median } from "./median.ts";
import { manyAgents } from "./providers.ts";
import type { RestSubject } from "./rest.ts";

/** What the clients do. */
export const PRESSURES = ["reads", "filtered lists", "handshakes", "wrong passwords"] as const;
export type Pressure = typeof PRESSURES[number];

export interface Disturbance {
  /** Of each round, and as long a time before it. */
  readonly quiet: readonly SignallingTimes[];
  readonly beside: readonly SignallingTimes[];
  /** Medians of the rounds, in milliseconds. */
  readonly quietPercentile99: number;
  readonly percentile99: number;
  /** Requests a second that were answered meanwhile, whatever the answer. */
  readonly requestsPerSecond: number;
}

const CLIENTS = 2;
const REGISTERING = 2000;
/** Milliseconds: so seldom that no datagram waits for others to be served with. */
const TICK = 13;
const PAGE = 30;
const ASKED = 500;
/** How much longer than other loads: signalling is rare, and of it one percent counts. */
const LONGER = 2;
/** Seconds until the clients are there. */
const SETTLING = 1;

export async function besideSignalling(
  context: BenchContext,
  subject: RestSubject,
): Promise<Record<Pressure, Disturbance>> {
  const size = manyAgents(subject.agents);
  const subscribers = Array.from({ length: Math.min(REGISTERING, subject.agents) }, (_, index) => ({
    user: agentName(index),
    domain: domainOfAgent(index, size),
  }));
  const signalling = new SteadySignalling({ port: subject.system.port, subscribers, tick: TICK });
  const disturbances: Partial<Record<Pressure, Disturbance>> = {};
  for (const pressure of PRESSURES) {
    disturbances[pressure] = await measure(context, signalling, {
      pressure,
      load: await loadOf(pressure, context, subject),
    });
  }
  signalling.stop();
  return disturbances as Record<Pressure, Disturbance>;
}

async function measure(
  context: BenchContext,
  signalling: SteadySignalling,
  { pressure, load }: { pressure: Pressure; load: RestLoad },
): Promise<Disturbance> {
  const { rounds } = context.options;
  const seconds = LONGER * context.options.seconds;
  const quiet: SignallingTimes[] = [];
  const beside: SignallingTimes[] = [];
  const rates: number[] = [];
  await offerRestLoad({ ...load, seconds: 2 * SETTLING });
  while (beside.length < rounds) {
    context.progress(`rest: signalling beside ${pressure}, round ${beside.length + 1} of ${rounds}`);
    await delay(SETTLING * 1000);
    quiet.push(await watch(signalling, seconds));
    const offered = offerRestLoad({ ...load, seconds: seconds + 2 * SETTLING });
    await delay(SETTLING * 1000);
    beside.push(await watch(signalling, seconds));
    rates.push((await offered).requestsPerSecond);
  }
  return {
    quiet,
    beside,
    quietPercentile99: median(quiet.map(({ percentile99 }) => percentile99)),
    percentile99: median(beside.map(({ percentile99 }) => percentile99)),
    requestsPerSecond: median(rates),
  };
}

async function watch(signalling: SteadySignalling, seconds: number): Promise<SignallingTimes> {
  await signalling.times();
  await delay(seconds * 1000);
  return await signalling.times();
}

async function loadOf(
  pressure: Pressure,
  { options: { seconds } }: BenchContext,
  { service, agents }: RestSubject,
): Promise<RestLoad> {
  const { port, authorization } = service;
  const reads = (await service.agents(ASKED)).refs.map(agentPath);
  const load: RestLoad = { port, clients: CLIENTS, seconds, paths: reads, authorization };
  switch (pressure) {
    case "reads":
      return load;
    case "filtered lists": {
      const filter = (index: number) => `@.spec.credentials.username=='${agentName(agents - 1 - index)}'`;
      return { ...load, paths: Array.from({ length: 10 }, (_, index) => agentsPath(PAGE, filter(index))) };
    }
    case "handshakes":
      return { ...load, connectsEachTime: true };
    case "wrong passwords":
      return { ...load, authorization: basic(ADMINISTRATOR_NAME, "wrong") };
  }
}
