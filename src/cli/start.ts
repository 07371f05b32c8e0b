/** `routr`: runs the server until it is told to stop. */
import type { PlaceOptions } from "../config/configuration_place.ts";
import type { Environment } from "../config/environment.ts";
import { loadConfiguration } from "../config/load_configuration.ts";
import type { Configuration } from "../config/configuration.ts";
import { stateDirectory } from "../config/state_directory.ts";
import { unservedGateways } from "../config/unserved_gateways.ts";
import { formatFault } from "../data/fault.ts";
import { LiveDirectory, type LoadReport } from "../data/live_directory.ts";
import { clusterKey } from "../location/redis/cluster_key.ts";
import { configureLogging, logger, type LogLevel } from "../runtime/log.ts";
import { describeRedisError } from "../runtime/redis_client.ts";
import { RedisConnection } from "../runtime/redis_connection.ts";
import { Server, type ServerOptions } from "../server.ts";
import { toUriHost } from "../transport/ip_address.ts";
import { openDataPlace } from "./data_place.ts";
import { openKeptState } from "./kept_state.ts";

const log = logger("server");

/** Milliseconds. */
const STOP_LIMIT = 10_000;

/** Resolves with the exit code once the server has stopped: 0, or 1 when it could not start. */
export async function start(options: PlaceOptions): Promise<number> {
  const { config, source, faults, warnings } = await loadConfiguration(options);
  configureLogging({
    level: levelOf(config, options.env),
    format: options.env.LOG_FORMAT === "json" ? "json" : "text",
  });
  for (const warning of warnings) log.warn("{warning}", { warning });
  if (!config) {
    for (const fault of faults) log.error("{fault}", { fault: formatFault(fault) });
    log.fatal("Cannot start: the configuration has {count} fault(s)", { count: faults.length });
    return 1;
  }
  log.info("Configuration from {place}", {
    place: source.file ?? `defaults, there is no config.yaml in ${source.directory}`,
  });
  const place = openDataPlace(config, source);
  const live = new LiveDirectory(place.provider);
  const tell = (loaded: LoadReport) =>
    report({
      ...loaded,
      warnings: [...loaded.warnings, ...unservedGateways(config, live.directory.gateways())],
    });
  const signal = stopSignal();
  // The place may keep us waiting.
  const loaded = await Promise.race([live.load(), signal]);
  if (typeof loaded === "string") {
    log.info("Stopping: {signal}", { signal: loaded });
    live.close();
    return 0;
  }
  tell(loaded);
  const { agents, domains, peers, gateways, dids } = live.directory.counts;
  log.info(
    "Serving {agents} agents, {domains} domains, {peers} peers, {gateways} gateways, {dids} DIDs of {place}",
    { agents, domains, peers, gateways, dids, place: place.name },
  );
  const server = new Server({
    configuration: config,
    directory: live.directory,
    configurationDirectory: source.directory,
    ...await keptBy(config, stateDirectory(options.env, source.directory)),
  });
  if (!await open(server, config)) {
    live.close();
    await server.stop();
    return 1;
  }
  live.follow(tell);
  surviveMistakes();
  log.info("Ready");
  log.info("Stopping: {signal}", { signal: await signal });
  live.close();
  const stopped = server.stop().catch((error) => log.error("Cannot stop in order: {error}", { error }));
  await Promise.race([stopped, tooLong()]);
  log.info("Stopped");
  return 0;
}

/** Where registrations outlive this process: with all nodes of one Redis, else in a file of its own. */
async function keptBy(
  { dataSource: { provider, parameters } }: Configuration,
  directory: string,
): Promise<Pick<ServerOptions, "cluster" | "database" | "dialogKey">> {
  if (provider !== "redis_data_provider") return await openKeptState(directory);
  // Not that of the provider: what it reads in bulk would keep bindings waiting.
  const connection = new RedisConnection(parameters);
  try {
    await connection.ready();
    const key = await clusterKey(connection);
    return { cluster: { connection, key, address: parameters.nodeAddr }, dialogKey: `${key}/dialog` };
  } catch (error) {
    log.warn("Registrations are not shared with other nodes: {reason}", {
      reason: describeRedisError(error),
    });
    connection.close();
    return await openKeptState(directory);
  }
}

/** Opens the listeners and tells of each; false when the server cannot serve. */
async function open(server: Server, config: Configuration): Promise<boolean> {
  const failed = await server.start();
  for (const { protocol, address, port } of server.transports) {
    log.info("Listening on {protocol} {address}:{port}", { protocol, address, port });
  }
  for (const { listener: { protocol, bindAddr, port }, reason } of failed) {
    log.error("Cannot listen on {protocol} {address}:{port}: {reason}", {
      protocol,
      address: toUriHost(bindAddr),
      port,
      reason,
    });
  }
  if (server.transports.length > 0 && (failed.length === 0 || !config.strictListeners)) return true;
  log.fatal("Cannot start: {why}", {
    why: config.strictListeners ? "a listener failed" : "no listener is left",
  });
  return false;
}

/** Who was told to stop has to stop, whatever others leave unanswered. */
async function tooLong(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, STOP_LIMIT));
  log.warn("Stopping takes too long: not everything was told to others");
}

function report({ faults, warnings, rejected }: LoadReport): void {
  for (const warning of warnings) log.warn("{warning}", { warning });
  for (const fault of faults) log.error("{fault}", { fault: formatFault(fault) });
  for (const name of rejected) log.error("{name}: the last good content stays in force", { name });
}

const LEVELS: Readonly<Record<string, LogLevel>> = {
  trace: "trace",
  debug: "debug",
  info: "info",
  warn: "warning",
  warning: "warning",
  error: "error",
  fatal: "fatal",
};

/** `LOG_LEVEL`, else by `spec.logging.traceLevel`: 0 info, up to 15 debug, from 16 on every SIP message. */
function levelOf(config: Configuration | undefined, env: Environment): LogLevel {
  const named = LEVELS[env.LOG_LEVEL?.toLowerCase() ?? ""];
  if (named) return named;
  const traceLevel = config?.logging.traceLevel ?? 0;
  if (traceLevel === 0) return "info";
  return traceLevel < 16 ? "debug" : "trace";
}

/** The last resort: what nothing else caught is logged, and the server goes on serving. */
function surviveMistakes(): void {
  addEventListener("error", (event) => {
    event.preventDefault();
    log.error("Unexpected error: {error}", { error: event.error });
  });
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    log.error("Unexpected rejection: {error}", { error: event.reason });
  });
}

function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    const signals = ["SIGINT", "SIGTERM"] as const;
    const listeners = signals.map((signal) => () => {
      signals.forEach((other, i) => Deno.removeSignalListener(other, listeners[i]));
      resolve(signal);
    });
    signals.forEach((signal, i) => Deno.addSignalListener(signal, listeners[i]));
  });
}
