/** What the REST service can do with many agents, and what of that signalling notices. */
import { join } from "node:path";
import { writeLargeConfiguration } from "../load/large_configuration.ts";
import { freePort } from "../process/local_port.ts";
import { OtherLoad } from "../process/other_load.ts";
import type { BenchedSystem } from "../systems/benched_system.ts";
import { keepResources, type Provider, type ResourcePlace } from "../systems/resource_place.ts";
import { RestService } from "../systems/rest_service.ts";
import { startReadyRoutr } from "../systems/routr.ts";
import type { SystemName } from "../systems/start_system.ts";
import type { BenchContext } from "./bench_context.ts";
import { manyAgents } from "./providers.ts";
import { besideSignalling, type Disturbance, type Pressure } from "./rest_disturbance.ts";
import { type ListTimes, measureLists, measureReads, type Reads } from "./rest_reads.ts";
import { measureUploads, type Upload, type UploadPlace } from "./rest_uploads.ts";

export interface Rest {
  readonly system: SystemName;
  readonly agents: number;
  readonly reads: Reads;
  readonly lists: readonly ListTimes[];
  readonly uploads: Readonly<Record<UploadPlace, readonly Upload[]>>;
  readonly disturbances: Readonly<Record<Pressure, Disturbance>>;
  /** CPUs that others used meanwhile. */
  readonly otherCpus: number;
}

/** A routr with its REST service, and how many agents it has. */
export interface RestSubject {
  readonly agents: number;
  readonly system: BenchedSystem;
  readonly service: RestService;
  end(): Promise<void>;
}

/** Of routr only. */
export async function measureRest(context: BenchContext): Promise<Rest[]> {
  if (!context.options.systems.includes("routr")) return [];
  const { agents } = context.options;
  const others = new OtherLoad();
  const many = await startWithAgents(context, "files", agents);
  const reads = await measureReads(context, many);
  const lists = await measureLists(context, many);
  const disturbances = await besideSignalling(context, many);
  const files = await measureUploads(context, many);
  await many.end();
  const uploads = {
    files,
    "files, empty": await uploadsInto(context, "files", 1),
    redis: await uploadsInto(context, "redis", agents),
    "redis, empty": await uploadsInto(context, "redis", 1),
  };
  return [{ system: "routr", agents, reads, lists, uploads, disturbances, otherCpus: others.cpus }];
}

async function uploadsInto(context: BenchContext, provider: Provider, agents: number): Promise<Upload[]> {
  const subject = await startWithAgents(context, provider, agents);
  const uploads = await measureUploads(context, subject);
  await subject.end();
  return uploads;
}

async function startWithAgents(
  { directory: parent, options: { binary }, progress }: BenchContext,
  provider: Provider,
  agents: number,
): Promise<RestSubject> {
  progress(`rest: ${agents} agents, ${provider}`);
  const directory = await Deno.makeTempDir({ dir: parent, prefix: `rest_${provider}_` });
  const [port, restPort] = [freePort(), freePort()];
  await writeLargeConfiguration(directory, { size: manyAgents(agents), port, restPort });
  const place: ResourcePlace = await keepResources(provider, directory);
  const env = { ...place.env, STATE_DIR: join(directory, "state") };
  const system = await startReadyRoutr({ directory, port, binary, env });
  const service = await RestService.at(restPort);
  return {
    agents,
    system,
    service,
    async end() {
      service.close();
      await system.process.end();
      await place.end();
    },
  };
}
