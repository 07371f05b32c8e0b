/** How soon a change of one agent of many is in force, and how long signalling waits meanwhile. */
import { setTimeout as delay } from "node:timers/promises";
import { join } from "node:path";
import { agentName, domainOfAgent, writeLargeConfiguration } from "../load/large_configuration.ts";
import { SteadySignalling, type Subscriber, wallTime } from "../load/steady_signalling.ts";
import { SECRET } from "../load/subscribers.ts";
import { freePort } from "../process/local_port.ts";
import { OtherLoad } from "../process/other_load.ts";
import { keepResources, type ResourcePlace } from "../systems/resource_place.ts";
import { startReadyRoutr } from "../systems/routr.ts";
import type { SystemName } from "../systems/start_system.ts";
import type { BenchContext } from "./bench_context.ts";
import { manyAgents } from "./providers.ts";

export interface Reload {
  readonly system: SystemName;
  readonly agents: number;
  readonly files: readonly Change[];
  readonly redis: readonly Change[];
  /** CPUs that others used meanwhile. */
  readonly otherCpus: number;
}

/** One change, and as long a time before it. */
export interface Change {
  /** From the change until a phone registered with the new secret. */
  readonly seconds: number;
  /** The longest that an OPTIONS waited for its answer, in milliseconds: before the change, and from it on. */
  readonly waitBefore: number;
  readonly waitDuring: number;
  /** Milliseconds that a tick of the measuring side came late at most. */
  readonly lateBefore: number;
  readonly lateDuring: number;
}

/** Agents that register all the time. */
const REGISTERING = 2000;
/** Seconds that are watched before a change, and after it is in force. */
const WATCHED = 4;
const WARM_UP = 5;

/** Prepares to give an agent a new secret; the function does it, in one step. */
type Editor = (agent: number, secret: string) => Promise<() => Promise<void>>;

/** Of routr only. */
export async function measureReload(context: BenchContext): Promise<Reload[]> {
  if (!context.options.systems.includes("routr")) return [];
  const others = new OtherLoad();
  const files = await measure(context, "files");
  const redis = await measure(context, "redis");
  return [{ system: "routr", agents: context.options.agents, files, redis, otherCpus: others.cpus }];
}

async function measure(context: BenchContext, provider: "files" | "redis"): Promise<Change[]> {
  const { directory: parent, options: { agents, changes: count, binary } } = context;
  const directory = await Deno.makeTempDir({ dir: parent, prefix: `reload_${provider}_` });
  const [port, size] = [freePort(), manyAgents(agents)];
  await writeLargeConfiguration(directory, { size, port });
  const place = await keepResources(provider, directory);
  const { process } = await startReadyRoutr({ directory, port, binary, env: place.env });
  const subscriber = (index: number): Subscriber => ({
    user: agentName(index),
    domain: domainOfAgent(index, size),
  });
  const subscribers = Array.from(
    { length: Math.min(REGISTERING, agents / 2) },
    (_, index) => subscriber(index),
  );
  const signalling = new SteadySignalling({ port, subscribers });
  const edit = provider === "files" ? fileEditor(directory, parent) : redisEditor(place);
  await delay(WARM_UP * 1000);
  const changes: Change[] = [];
  while (changes.length < count) {
    context.progress(`reload: ${provider}, change ${changes.length + 1} of ${count}`);
    const agent = Math.floor(agents / 2) + changes.length;
    const secret = `changed ${changes.length}`;
    const change = await edit(agent, secret);
    await delay(WATCHED * 1000);
    await signalling.times();
    await delay(WATCHED * 1000);
    const before = await signalling.times();
    const admission = signalling.admission(subscriber(agent), secret);
    const changedAt = wallTime();
    await change();
    const seconds = (await admission - changedAt) / 1000;
    await delay(WATCHED * 1000);
    const during = await signalling.times();
    if (before.registrations === 0 || during.registrations === 0) {
      throw new Error(`Cannot measure "${provider}": nobody registers\n${process.output}`);
    }
    changes.push({
      seconds,
      waitBefore: before.longest,
      waitDuring: during.longest,
      lateBefore: before.latestTick,
      lateDuring: during.latestTick,
    });
  }
  signalling.stop();
  await process.end();
  await place.end();
  return changes;
}

/** Writes the new file elsewhere and moves it to its place, as editors do. */
function fileEditor(directory: string, elsewhere: string): Editor {
  const path = join(directory, "agents.yaml");
  const next = join(elsewhere, "next_agents.yaml");
  return async (agent, secret) => {
    const text = await Deno.readTextFile(path);
    const old = `username: ${agentName(agent)}\n      secret: '${SECRET}'`;
    if (!text.includes(old)) throw new Error(`Cannot change "${agentName(agent)}": it is not there`);
    await Deno.writeTextFile(next, text.replace(old, old.replace(`'${SECRET}'`, `'${secret}'`)));
    return () => Deno.rename(next, path);
  };
}

function redisEditor({ redis }: ResourcePlace): Editor {
  return async (agent, secret) => {
    const ref = `ag${agent}`;
    const document = await redis!.find(ref);
    const spec = document.spec as { credentials: { secret: string } };
    spec.credentials.secret = secret;
    return () => redis!.replace(ref, document);
  };
}
