/** Where resources are kept for a routr, by each of its providers. They are written as files first, and moved from there. */
import { join } from "node:path";
import { RunningProcess } from "../process/running_process.ts";
import { type KeptResources, startRedisWith } from "./redis_resources.ts";

export const PROVIDERS = ["files", "redis", "restful"] as const;
export type Provider = typeof PROVIDERS[number];

export interface ResourcePlace {
  /** Environment variables that have routr look there. */
  readonly env: Readonly<Record<string, string>>;
  /** With provider `redis`. */
  readonly redis?: KeptResources;
  end(): Promise<void>;
}

/** Milliseconds until a backend has read its files. */
const BACKEND_TIMEOUT = 60_000;

/** @param directory with the resource files, which stay there */
export async function keepResources(provider: Provider, directory: string): Promise<ResourcePlace> {
  switch (provider) {
    case "files":
      return { env: {}, end: () => Promise.resolve() };
    case "redis": {
      const redis = await startRedisWith(directory);
      const parameters = `host=127.0.0.1,port=${redis.port}`;
      return { env: dataSource("redis_data_provider", parameters), redis, end: () => redis.end() };
    }
    case "restful": {
      const process = new RunningProcess({
        path: Deno.execPath(),
        args: ["run", "-A", "--quiet", join(import.meta.dirname!, "backend_process.ts"), directory],
      });
      const [, parameters] = await process.untilOutput(/^(baseUrl=.*)$/m, BACKEND_TIMEOUT);
      return { env: dataSource("restful_data_provider", parameters), end: () => process.end() };
    }
  }
}

function dataSource(provider: string, parameters: string): Record<string, string> {
  return { DS_PROVIDER: provider, DS_PARAMETERS: parameters };
}
