import { isMapping } from "../runtime/mapping.ts";
import { type Fault, mayHoldSecret, type PropertyPath } from "../data/fault.ts";
import { nearestName } from "../data/nearest_name.ts";

/** Environment variables at the start of the process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The property of each variable of any release of Routr v1. A prefix `ROUTR_` takes precedence. */
const VARIABLES: Readonly<Record<string, string>> = {
  USER_AGENT: "metadata.userAgent",
  BIND_ADDR: "spec.bindAddr",
  EXTERN_ADDR: "spec.externAddr",
  LOCALNETS: "spec.localnets",
  RECORD_ROUTE: "spec.recordRoute",
  USE_TO_AS_AOR: "spec.useToAsAOR",
  REGISTRAR_INTF: "spec.registrarIntf",
  ACCESS_CONTROL_LIST_DENY: "spec.accessControlList.deny",
  ACCESS_CONTROL_LIST_ALLOW: "spec.accessControlList.allow",
  REST_SERVICE_BIND_ADDR: "spec.restService.bindAddr",
  REST_SERVICE_PORT: "spec.restService.port",
  REST_SERVICE_MIN_THREADS: "spec.restService.minThreads",
  REST_SERVICE_MAX_THREADS: "spec.restService.maxThreads",
  REST_SERVICE_TIMEOUT_MILLIS: "spec.restService.timeoutMillis",
  REST_SERVICE_UNSECURED: "spec.restService.unsecured",
  REST_SERVICE_KEY_STORE: "spec.restService.keyStore",
  REST_SERVICE_KEY_STORE_PASSWORD: "spec.restService.keyStorePassword",
  REST_SERVICE_TRUST_STORE: "spec.restService.trustStore",
  REST_SERVICE_TRUST_STORE_PASSWORD: "spec.restService.trustStorePassword",
  SALT: "spec.restService.salt",
  SALT_FILE: "spec.restService.saltFile",
  INITIAL_API_SECRET: "spec.restService.initialApiSecret",
  SECURITY_CONTEXT_KEY_STORE: "spec.securityContext.keyStore",
  SECURITY_CONTEXT_KEY_STORE_PASSWORD: "spec.securityContext.keyStorePassword",
  SECURITY_CONTEXT_KEY_STORE_TYPE: "spec.securityContext.keyStoreType",
  SECURITY_CONTEXT_TRUST_STORE: "spec.securityContext.trustStore",
  SECURITY_CONTEXT_TRUST_STORE_PASSWORD: "spec.securityContext.trustStorePassword",
  SECURITY_CONTEXT_CLIENT_AUTH_TYPE: "spec.securityContext.client.authType",
  SECURITY_CONTEXT_CLIENT_PROTOCOLS: "spec.securityContext.client.protocols",
  SECURITY_CONTEXT_DEBUGGING: "spec.securityContext.debugging",
  DS_PROVIDER: "spec.dataSource.provider",
  DS_PARAMETERS: "spec.dataSource.parameters",
  DATA_SOURCE_PROVIDER: "spec.dataSource.provider",
  DATA_SOURCE_PARAMETERS: "spec.dataSource.parameters",
  EX_RTP_ENGINE_ENABLED: "spec.ex_rtpEngine.enabled",
  EX_RTP_ENGINE_PROTO: "spec.ex_rtpEngine.proto",
  EX_RTP_ENGINE_HOST: "spec.ex_rtpEngine.host",
  EX_RTP_ENGINE_PORT: "spec.ex_rtpEngine.port",
  EX_KAFKA_ENABLED: "spec.ex_kafka.enabled",
  EX_KAFKA_BOOTSTRAP_SERVERS: "spec.ex_kafka.bootstrapServers",
  EX_KAFKA_SECURITY_PROTOCOL: "spec.ex_kafka.securityProtocol",
  EX_KAFKA_SASL_MECHANISM: "spec.ex_kafka.saslMechanism",
  EX_KAFKA_SASL_JAAS_CONFIG: "spec.ex_kafka.saslJaasConfig",
  EX_KAFKA_TOPIC: "spec.ex_kafka.topic",
  LOGS_DRIVER_HOST: "spec.ex_logsDriver.host",
  LOGS_DRIVER_PORT: "spec.ex_logsDriver.port",
  EX_CONVERT_TEL_TO_E164: "spec.ex_convertTelToE164",
  EX_UNIQUE_GATEWAY_PER_HOST_PORT: "spec.ex_uniqueGatewayPerHostPort",
};

/** Variables with values separated by commas. */
const LISTS: ReadonlySet<string> = new Set([
  "LOCALNETS",
  "ACCESS_CONTROL_LIST_DENY",
  "ACCESS_CONTROL_LIST_ALLOW",
  "SECURITY_CONTEXT_CLIENT_PROTOCOLS",
]);

const PREFIX = "ROUTR_";
/** Prefixes of the first release of Routr v1, and of its former name. */
const FORMER_PREFIXES = ["ARKE_", "SIPIO_"] as const;
/** Variables that name files, without a property. */
const PATHS = ["CONFIG_PATH", "CONFIG_FILE"] as const;
/** Further variables with the prefix. */
const OTHERS = ["STATE_DIR", "URL", "TOKEN", "SECRET"] as const;
/** Variables of the system, without the prefix. */
const PLAIN = ["HOME", "USERPROFILE", "XDG_STATE_HOME", "LOG_LEVEL", "LOG_FORMAT"] as const;
/** A value that images of Routr v1 use instead of no address. */
const PLACEHOLDER = "no-op";

/** A property set by a variable. */
export interface Override {
  /** The name as set, with or without prefix. */
  readonly variable: string;
  readonly path: PropertyPath;
  readonly value: string | readonly string[];
}

/** Returns the names of all variables that are read, but those that documents name as `${NAME}`. */
export function variableNames(): string[] {
  const former = [...Object.keys(VARIABLES), ...PATHS];
  return [
    ...[...former, ...OTHERS].flatMap((name) => [PREFIX + name, name]),
    ...FORMER_PREFIXES.flatMap((prefix) => former.map((name) => prefix + name)),
    ...PLAIN,
  ];
}

/** Returns the value of a variable, preferring the prefixed one; empty values, `[]` and `no-op` count as unset. */
export function readVariable(
  environment: Environment,
  name: string,
): { variable: string; text: string } | undefined {
  for (const variable of [PREFIX + name, name]) {
    const text = unquoted(name, environment[variable]?.trim() ?? "");
    if (text !== "" && text !== PLACEHOLDER) return { variable, text };
  }
  return undefined;
}

/** `docker run --env-file` keeps the quotes around a value. Secrets may have quotes of their own. */
function unquoted(name: string, text: string): string {
  return mayHoldSecret(name) ? text : text.replace(/^(["'])(.*)\1$/s, "$2").trim();
}

/** Returns the set variables, except secrets. */
export function setVariables(environment: Environment): { var: string; value: string }[] {
  return Object.keys(VARIABLES).flatMap((name) => {
    const found = mayHoldSecret(name) ? undefined : readVariable(environment, name);
    return found === undefined ? [] : [{ var: name, value: found.text }];
  });
}

/** Returns all properties set by the environment; the last variable for a property counts. */
export function readOverrides(environment: Environment): Override[] {
  return Object.entries(VARIABLES).flatMap(([name, property]): Override[] => {
    const found = readVariable(environment, name);
    if (found === undefined) return [];
    const value = LISTS.has(name) ? itemsOf(found.text) : found.text;
    if (value.length === 0) return [];
    return [{ variable: found.variable, path: property.split("."), value }];
  });
}

/** Splits `a,b`, `[a, b]` and `["a", "b"]`, as in configurations, and `[a b]`, as charts print it. */
function itemsOf(text: string): string[] {
  const items = text.replace(/^\[(.*)\]$/s, "$1").split(/[\s,;]+/);
  return items.map((item) => item.replace(/^(["'])(.*)\1$/s, "$2")).filter((item) => item !== "");
}

/** Returns faults for variables under former names, which nothing reads any more. */
export function formerVariables(environment: Environment): Fault[] {
  return [...Object.keys(VARIABLES), ...PATHS].flatMap((name) =>
    FORMER_PREFIXES.map((prefix) => prefix + name)
      // The salt is still read by its former name.
      .filter((variable) => variable !== "ARKE_SALT" && Boolean(environment[variable]?.trim()))
      .map((variable): Fault => ({
        file: "environment",
        property: variable,
        found: "a former name",
        expected: name,
      }))
  );
}

/** Returns warnings about variables that are probably misspelt. */
export function misspeltVariables(environment: Environment): string[] {
  const known = [...Object.keys(VARIABLES), ...PATHS, ...OTHERS];
  return Object.keys(environment).flatMap((variable) => {
    if (!variable.startsWith(PREFIX)) return [];
    const name = variable.slice(PREFIX.length);
    const nearest = known.includes(name) ? undefined : nearestName(name, known);
    return nearest === undefined ? [] : [`${variable} has no effect; did you mean ${PREFIX}${nearest}?`];
  });
}

/** Returns `document` with the overridden properties; lists are replaced as a whole. */
export function applyOverrides(document: unknown, overrides: readonly Override[]): unknown {
  const result: unknown = structuredClone(document);
  for (const { path, value } of overrides) setProperty(result, path, value);
  return result;
}

/** Does nothing where another value than a mapping is in the way, which is a fault anyway. */
function setProperty(node: unknown, [step, ...rest]: PropertyPath, value: unknown): void {
  if (!isMapping(node)) return;
  const mapping = node as Record<string | number, unknown>;
  if (rest.length === 0) mapping[step] = value;
  else setProperty(mapping[step] ??= {}, rest, value);
}
