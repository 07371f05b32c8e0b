/** Opens the data provider that the configuration names. */
import { resolve } from "node:path";
import type { Configuration } from "../config/configuration.ts";
import { resourceFolder } from "../config/data_source.ts";
import type { DataProvider } from "../data/data_provider.ts";
import type { ResourceCounts } from "../data/directory.ts";
import type { LoadReport } from "../data/live_directory.ts";
import { FilesDataProvider } from "../data/files_data_provider.ts";
import { RestfulDataProvider } from "../data/restful_data_provider.ts";

export interface OpenedProvider {
  readonly provider: DataProvider;
  /** For people: a folder, a server, a URL. */
  readonly name: string;
  readonly isFolder: boolean;
}

export interface OpenProviderOptions {
  /** The folder of `config.yaml`. */
  readonly directory: string;
  /** Opens it for a check: nothing is created, and a server has this time to answer. */
  readonly timeoutMs?: number;
}

/** Starts to connect; `load` of the provider waits for the connection. Rejects with a TypeError for a malformed URL. */
export async function openProvider(
  config: Configuration,
  { directory, timeoutMs }: OpenProviderOptions,
): Promise<OpenedProvider> {
  const { dataSource, restService } = config;
  switch (dataSource.provider) {
    case "files_data_provider": {
      const name = resourceFolder(dataSource.parameters, directory);
      return { provider: new FilesDataProvider(name), name, isFolder: true };
    }
    case "redis_data_provider": {
      const { RedisConnection } = await import("../runtime/redis/redis_connection.ts");
      const { RedisDataProvider } = await import("../data/redis_data_provider.ts");
      const redis = new RedisConnection(dataSource.parameters);
      const provider = new RedisDataProvider(redis, {
        patienceMs: timeoutMs,
        initialSecret: timeoutMs === undefined ? restService.initialApiSecret : null,
      });
      return { provider, name: `redis ${redis.name}`, isFolder: false };
    }
    case "restful_data_provider": {
      const { trustStore, ...parameters } = dataSource.parameters;
      const provider = new RestfulDataProvider({
        ...parameters,
        ...trustStore !== undefined && { trustStore: resolve(directory, trustStore) },
        patienceMs: timeoutMs,
      });
      return { provider, name: urlWithoutSecrets(dataSource.parameters.baseUrl), isFolder: false };
    }
  }
}

/** Returns a warning when the provider holds nothing to serve. */
export function emptyProviderWarnings(
  { name, isFolder }: Pick<OpenedProvider, "name" | "isFolder">,
  { faults }: LoadReport,
  { agents, peers, gateways, domains }: ResourceCounts,
): string[] {
  if (faults.length > 0 || agents + peers + gateways + domains > 0) return [];
  const remedy = isFolder ? ` (routr init ${name} writes a sample configuration)` : "";
  return [`There are no agents, domains, peers or gateways in ${name}: nobody can register or call${remedy}`];
}

function urlWithoutSecrets(baseUrl: string): string {
  const url = new URL(baseUrl);
  for (const part of ["username", "password", "search", "hash"] as const) url[part] = "";
  return url.href;
}
