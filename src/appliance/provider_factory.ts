/** The place that resources are kept in, as the configuration chooses it. */
import { resolve } from "node:path";
import type { Configuration } from "../config/configuration.ts";
import { resourceFolder } from "../config/data_source.ts";
import type { DataProvider } from "../data/data_provider.ts";
import type { ResourceCounts } from "../data/directory.ts";
import type { LoadReport } from "../data/live_directory.ts";
import { FilesDataProvider } from "../data/files_data_provider.ts";
import { RedisDataProvider } from "../data/redis_data_provider.ts";
import { RestfulDataProvider } from "../data/restful_data_provider.ts";
import { RedisConnection } from "../runtime/redis/redis_connection.ts";

export interface DataPlace {
  readonly provider: DataProvider;
  /** As people call it: a folder, a server, a URL. */
  readonly name: string;
  readonly isFolder: boolean;
}

export interface DataPlaceOptions {
  /** Of the configuration. */
  readonly directory: string;
  /** Only looked at: nothing is made there, and a server is waited for so many milliseconds. */
  readonly patience?: number;
}

/** Connects where there is something to connect to; `load` of the provider waits for it. Throws a TypeError for a URL that cannot be used. */
export function openDataPlace(config: Configuration, { directory, patience }: DataPlaceOptions): DataPlace {
  const { dataSource, restService } = config;
  switch (dataSource.provider) {
    case "files_data_provider": {
      const name = resourceFolder(dataSource.parameters, directory);
      const provider = new FilesDataProvider(name);
      return { provider, name, isFolder: true };
    }
    case "redis_data_provider": {
      const redis = new RedisConnection(dataSource.parameters);
      const provider = new RedisDataProvider(redis, {
        patience,
        initialSecret: patience === undefined ? restService.initialApiSecret : null,
      });
      return { provider, name: `redis ${redis.name}`, isFolder: false };
    }
    case "restful_data_provider": {
      const { trustStore, ...parameters } = dataSource.parameters;
      const provider = new RestfulDataProvider({
        ...parameters,
        ...trustStore !== undefined && { trustStore: resolve(directory, trustStore) },
        patience,
      });
      return { provider, name: withoutSecrets(dataSource.parameters.baseUrl), isFolder: false };
    }
  }
}

/** Warns of a place where nothing is that could be served. */
export function emptyPlaceWarnings(
  { name, isFolder }: Pick<DataPlace, "name" | "isFolder">,
  { faults }: LoadReport,
  { agents, peers, gateways, domains }: ResourceCounts,
): string[] {
  if (faults.length > 0 || agents + peers + gateways + domains > 0) return [];
  const remedy = isFolder ? ` (routr init ${name} writes a sample configuration)` : "";
  return [`There are no agents, domains, peers or gateways in ${name}: nobody can register or call${remedy}`];
}

function withoutSecrets(baseUrl: string): string {
  const url = new URL(baseUrl);
  url.username =
    url.password =
    url.search =
    url.hash =
      "";
  return url.href;
}
