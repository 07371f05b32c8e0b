import type { PropertyPath } from "../data/fault.ts";

/** Environment variables as of process start. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Which property each variable sets, by the names of all releases of Routr v1. Every name is understood with the prefix
 * `ROUTR_` too, which then comes first.
 */
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

/** Values with commas between. */
const LISTS: ReadonlySet<string> = new Set([
  "LOCALNETS",
  "ACCESS_CONTROL_LIST_DENY",
  "ACCESS_CONTROL_LIST_ALLOW",
  "SECURITY_CONTEXT_CLIENT_PROTOCOLS",
]);

const PREFIX = "ROUTR_";

/** A property that a variable sets. */
export interface Override {
  /** As it is set, with or without prefix. */
  readonly variable: string;
  readonly path: PropertyPath;
  readonly value: string | readonly string[];
}

/** The value of a variable, with the prefix first; an empty one counts as not set. */
export function readVariable(
  environment: Environment,
  name: string,
): { variable: string; text: string } | undefined {
  for (const variable of [PREFIX + name, name]) {
    const text = environment[variable]?.trim();
    if (text !== undefined && text !== "") return { variable, text };
  }
  return undefined;
}

/** Holding secrets, or a mapping with them. */
const SECRET = /PASSWORD|SECRET|^SALT$|PARAMETERS|JAAS/;

/** The variables that are set, but for those with secrets. */
export function setVariables(environment: Environment): { var: string; value: string }[] {
  return Object.keys(VARIABLES).flatMap((name) => {
    const found = SECRET.test(name) ? undefined : readVariable(environment, name);
    return found === undefined ? [] : [{ var: name, value: found.text }];
  });
}

/** All properties that the environment sets; where two variables set the same, the later one in this list counts. */
export function readOverrides(environment: Environment): Override[] {
  return Object.entries(VARIABLES).flatMap(([name, property]): Override[] => {
    const found = readVariable(environment, name);
    if (found === undefined) return [];
    const value = LISTS.has(name) ? found.text.split(",").map((item) => item.trim()) : found.text;
    return [{ variable: found.variable, path: property.split("."), value }];
  });
}

/** `document` with the overridden properties replaced; lists are replaced whole. */
export function applyOverrides(document: unknown, overrides: readonly Override[]): unknown {
  const result: unknown = structuredClone(document);
  for (const { path, value } of overrides) setProperty(result, path, value);
  return result;
}

/** Does nothing where something else than a mapping is in the way, which is a fault anyway. */
function setProperty(node: unknown, [step, ...rest]: PropertyPath, value: unknown): void {
  if (typeof node !== "object" || node === null || Array.isArray(node)) return;
  const mapping = node as Record<string | number, unknown>;
  if (rest.length === 0) mapping[step] = value;
  else setProperty(mapping[step] ??= {}, rest, value);
}
