import * as z from "zod";
import { valueAt } from "../data/document_problems.ts";
import { describeValue, type PropertyPath } from "../data/fault.ts";
import { host } from "../data/network_property.ts";
import { integer, mapping, oneOf, port, property, text } from "../data/property_types.ts";

/** `spec.dataSource`: where resources come from, with the parameters of each provider ("Data Providers"). */
const PARAMETERS = {
  files_data_provider: mapping({
    /** A folder; without it, that of the configuration. */
    path: text("a path").optional(),
  }),
  redis_data_provider: mapping({
    host: host("a host").default("localhost"),
    port: port(1).default(6379),
    secret: text("a password").optional(),
    /** -1: for ever. */
    max_retry: integer({ min: -1, max: Infinity }).default(-1),
    /** Seconds. */
    retry_interval: integer({ min: 0, max: Infinity }).default(2),
    /** Milliseconds. */
    timeout: integer({ min: 0, max: Infinity }).default(500),
  }),
  restful_data_provider: mapping({
    baseUrl: property("an http or https URL", readHttpUrl),
    username: text("a username"),
    secret: text("a password"),
  }),
};

const PROVIDERS = Object.keys(PARAMETERS) as (keyof typeof PARAMETERS)[];

export type DataSource =
  | { readonly provider: "files_data_provider"; readonly parameters: FilesParameters }
  | { readonly provider: "redis_data_provider"; readonly parameters: RedisParameters }
  | { readonly provider: "restful_data_provider"; readonly parameters: RestfulParameters };
export type FilesParameters = z.output<typeof PARAMETERS.files_data_provider>;
export type RedisParameters = z.output<typeof PARAMETERS.redis_data_provider>;
export type RestfulParameters = z.output<typeof PARAMETERS.restful_data_provider>;

export const dataSource = mapping({
  provider: oneOf(PROVIDERS).default("files_data_provider"),
  /** A mapping, or text such as `host=localhost,port=6379`. */
  parameters: property("a mapping, or name=value pairs with commas between", readParameters).default({}),
}).transform(({ provider, parameters }, context): DataSource => {
  const result = PARAMETERS[provider].safeParse(parameters);
  if (result.success) return { provider, parameters: result.data } as DataSource;
  for (const issue of result.error.issues) {
    const path = ["parameters", ...issue.path];
    if (issue.code === "unrecognized_keys") {
      context.issues.push({ ...issue, path, input: undefined });
      continue;
    }
    const found = describeValue(valueAt(parameters, issue.path as PropertyPath), issue.path as PropertyPath);
    context.issues.push({
      code: "custom",
      message: issue.message,
      path,
      params: { found },
      input: undefined,
    });
  }
  return z.NEVER;
});

/** Where the resource files are; undefined if resources are kept elsewhere. `directory` is that of the configuration. */
export function resourceFolder(dataSource: DataSource, directory: string): string | undefined {
  if (dataSource.provider !== "files_data_provider") return undefined;
  return dataSource.parameters.path ?? directory;
}

function readParameters(value: unknown): Record<string, unknown> | undefined {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  if (typeof value !== "string") return undefined;
  const pairs = value.split(",").map((pair) => pair.split(/=(.*)/s, 2).map((part) => part.trim()));
  return pairs.every((pair) => pair.length === 2) ? Object.fromEntries(pairs) : undefined;
}

function readHttpUrl(value: unknown): string | undefined {
  const url = typeof value === "string" ? URL.parse(value) : null;
  return url !== null && /^https?:$/.test(url.protocol) ? url.href : undefined;
}
