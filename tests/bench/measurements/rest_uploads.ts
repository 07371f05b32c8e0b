/** How long it takes to make many agents by one request, and whether anybody sees a part of them. */
import { setTimeout as delay } from "node:timers/promises";
import type { RestService } from "../systems/rest_service.ts";
import type { BenchContext } from "./bench_context.ts";
import type { RestSubject } from "./rest.ts";

export const UPLOAD_PLACES = ["files", "files, empty", "redis", "redis, empty"] as const;
export type UploadPlace = typeof UPLOAD_PLACES[number];

export interface Upload {
  /** Until it is answered that all are in force. */
  readonly seconds: number;
  /** Times that another client saw some of them and not all, or any of an upload that was refused. */
  readonly torn: number;
}

export const UPLOADED = 10_000;
/** Milliseconds between two looks at how many there are. */
const LOOK = 5;
const [CREATED, CONFLICT] = [201, 409];

export async function measureUploads(
  context: BenchContext,
  { service, agents }: RestSubject,
): Promise<Upload[]> {
  const { rounds } = context.options;
  const uploads: Upload[] = [];
  while (uploads.length < rounds) {
    context.progress(`rest: upload ${uploads.length + 1} of ${rounds} beside ${agents} agents`);
    uploads.push(await measureUpload(service, `up${uploads.length}n`));
  }
  return uploads;
}

/** @param prefix of the new agents' names */
async function measureUpload(service: RestService, prefix: string): Promise<Upload> {
  const yaml = Array.from({ length: UPLOADED }, (_, index) => agentYaml(`${prefix}${index}`));
  const observer = await service.another();
  const end = new AbortController();
  const totals = totalsUntil(end.signal, observer);
  const { total: before } = await service.agents(1);
  const refused = await service.upload([...yaml.slice(1), yaml[1]].join(""));
  const startedAt = performance.now();
  const accepted = await service.upload(yaml.join(""));
  const seconds = (performance.now() - startedAt) / 1000;
  const { total: after } = await service.agents(1);
  end.abort();
  const seen = await totals;
  observer.close();
  if (refused !== CONFLICT || accepted !== CREATED || after !== before + UPLOADED) {
    throw new Error(`Cannot upload agents: ${refused}, ${accepted}; of ${before} came ${after}`);
  }
  return { seconds, torn: seen.filter((total) => total !== before && total !== after).length };
}

async function totalsUntil(signal: AbortSignal, observer: RestService): Promise<number[]> {
  const totals: number[] = [];
  while (!signal.aborted) {
    totals.push((await observer.agents(1)).total);
    await delay(LOOK);
  }
  return totals;
}

function agentYaml(username: string): string {
  return `- apiVersion: v1beta1
  kind: Agent
  metadata:
    name: Agent ${username}
  spec:
    credentials:
      username: ${username}
      secret: secret of ${username}
    domains: [d0.example]
`;
}
