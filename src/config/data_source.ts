import { isMapping, type Mapping } from "../runtime/mapping.ts";
import { isAbsolute, join, resolve } from "node:path";
import * as z from "zod";
import { valueAt } from "../data/document_problems.ts";
import { describeValue, type PropertyPath } from "../data/fault.ts";
import { host, hostPort } from "../data/network_property.ts";
import { flag, integer, mapping, oneOf, password, port, property, text } from "../data/property_types.ts";
import { redisAddress } from "../runtime/redis/redis_address.ts";

/** `spec.dataSource`: the provider of resources and its parameters ("Data Providers" in the reference). */
export const PARAMETERS = {
  files_data_provider: mapping({
    path: text("a path").optional().describe(
      "The folder of the files, in the working directory or beside config.yaml; without it, that of the configuration.",
    ),
  }),
  redis_data_provider: mapping({
    host: host("a host").default("localhost").describe("Redis host."),
    port: port(1).default(6379).describe("Redis port."),
    username: text("a username").optional().describe("For servers with access control lists."),
    secret: password().optional().describe("Password to access the database."),
    db: integer({ min: 0, max: 65535 }).default(0).describe("Number of the database."),
    tls: flag().default(false).describe("Whether to connect by TLS."),
    url: property("a URL such as redis://localhost:6379", readRedisUrl, {
      type: "string",
      pattern: "^redis(s|-sentinel|-cluster)?:",
    }).optional()
      .describe("redis:, rediss:, redis-sentinel: or redis-cluster:, instead of host and port."),
    nodeAddr: hostPort("a host with or without a port").optional()
      .describe(
        "Where other nodes with the same database reach this one by SIP, if not at its first listener.",
      ),
    max_retry: integer({ min: -1, max: Infinity }).default(-1)
      .describe("How often a connection is tried again; -1 for ever."),
    retry_interval: integer({ min: 0, max: Infinity }).default(2).describe("Seconds between two tries."),
    timeout: integer({ min: 0, max: Infinity }).default(500).describe(
      "Milliseconds that an answer may take.",
    ),
  }),
  restful_data_provider: mapping({
    baseUrl: property("an http or https URL", readHttpUrl, {
      type: "string",
      pattern: "^[Hh][Tt][Tt][Pp][Ss]?:",
    }).describe("Endpoint base URL."),
    username: text("a username").describe("Basic authentication username."),
    secret: password().describe("Basic authentication password."),
    refreshInterval: integer({ min: 1, max: 86_400 }).default(5)
      .describe("Seconds between two looks at what there is."),
    timeout: integer({ min: 1, max: 3_600_000 }).default(5000)
      .describe("Milliseconds that the server may be silent."),
    trustStore: text("a path").optional()
      .describe("A file of PEM certificates that the server's may be signed by."),
  }),
};

export const DEFAULT_PROVIDER = "files_data_provider";
const PROVIDERS = Object.keys(PARAMETERS) as (keyof typeof PARAMETERS)[];

export type DataSource =
  | { readonly provider: "files_data_provider"; readonly parameters: FilesParameters }
  | { readonly provider: "redis_data_provider"; readonly parameters: RedisParameters }
  | { readonly provider: "restful_data_provider"; readonly parameters: RestfulParameters };
export type FilesParameters = z.output<typeof PARAMETERS.files_data_provider>;
export type RedisParameters = z.output<typeof PARAMETERS.redis_data_provider>;
export type RestfulParameters = z.output<typeof PARAMETERS.restful_data_provider>;

export const dataSource = mapping({
  provider: oneOf(PROVIDERS).default(DEFAULT_PROVIDER).describe("Which provider has the resources."),
  parameters: property("a mapping, or name=value pairs with commas between", readParameters, {
    type: ["object", "string"],
  }).default({}).describe("What the provider needs: a mapping, or text such as host=localhost,port=6379."),
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

/**
 * Returns the folder of the resource files. A relative path belongs to the working directory, or else to the folder of
 * `config.yaml`.
 * @param directory the folder of `config.yaml`
 */
export function resourceFolder({ path }: FilesParameters, directory: string): string {
  if (path === undefined) return directory;
  const beside = besideConfiguration(path, directory);
  return !isFolder(path) && isFolder(beside) ? beside : path;
}

/** Returns a warning for a relative path of two existing folders. */
export function resourceFolderWarnings({ path = "" }: FilesParameters, directory: string): string[] {
  const beside = besideConfiguration(path, directory);
  if (path === "" || resolve(beside) === resolve(path) || !isFolder(path) || !isFolder(beside)) return [];
  return [`spec.dataSource.parameters.path: ${resolve(path)} is used, and not ${resolve(beside)}`];
}

function besideConfiguration(path: string, directory: string): string {
  return isAbsolute(path) ? path : join(directory, path);
}

export function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

/** Empty values count as absent, as in `host=localhost,secret=,`. */
function readParameters(value: unknown): Mapping | undefined {
  if (isMapping(value)) return value;
  if (typeof value !== "string") return undefined;
  const pairs = value.split(",").filter((pair) => pair.trim() !== "")
    .map((pair) => pair.split(/=(.*)/s, 2).map((part) => part.trim()));
  if (!pairs.every((pair) => pair.length === 2)) return undefined;
  return Object.fromEntries(pairs.filter(([, text]) => text !== ""));
}

function readRedisUrl(value: unknown): string | undefined {
  const rest = { host: "localhost", port: 6379, db: 0, tls: false };
  return typeof value === "string" && redisAddress({ ...rest, url: value }) ? value : undefined;
}

function readHttpUrl(value: unknown): string | undefined {
  const url = typeof value === "string" ? URL.parse(value) : null;
  return url !== null && /^https?:$/.test(url.protocol) ? url.href : undefined;
}
