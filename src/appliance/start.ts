/** `routr`: runs the server until it is told to stop. */
import type { PlaceOptions } from "../config/configuration_place.ts";
import { loadConfiguration } from "../config/load_configuration.ts";
import type { Configuration } from "../config/configuration.ts";
import { stateDirectory } from "../config/state_directory.ts";
import { formatFault } from "../data/fault.ts";
import { LiveDirectory, type LoadReport } from "../data/live_directory.ts";
import { clusterKey } from "../location/redis/cluster_key.ts";
import { configureLogging, logger, logLibraryLines } from "../runtime/log.ts";
import { describeRedisError } from "../runtime/redis/redis_client.ts";
import { RedisConnection } from "../runtime/redis/redis_connection.ts";
import { Server, type ServerOptions } from "./server.ts";
import { toUriHost } from "../runtime/ip/ip_address.ts";
import { HttpError } from "../rest/http/http_error.ts";
import { EventHistory } from "../rest/observe/event_history.ts";
import { ResourceStore } from "../data/resource_store.ts";
import { resolve } from "node:path";
import { Administration } from "./administration.ts";
import { CallRecordFile } from "./call_record_file.ts";
import { emptyPlaceWarnings, openDataPlace } from "./provider_factory.ts";
import { type End, EndRequest } from "./stop_request.ts";
import { inspect } from "./inspection.ts";
import { levelOf } from "./log_level.ts";
import { openKeptState } from "./persistent_state.ts";
import { readableSecrets } from "./readable_secrets.ts";
import { inspectResources } from "./resource_inspection.ts";
import { HangUp } from "./signals.ts";

const log = logger("server");

/** Milliseconds. */
const STOP_LIMIT = 10_000;
/** Milliseconds that a stop in order waits for calls that are being set up, and between two looks. */
const LONGEST_SETUP = 60_000;
const SETUP_INTERVAL = 250;
/** Milliseconds that callees have to answer the CANCEL of a server that stops. */
const CANCEL_PATIENCE = 1000;

export interface StartOptions extends PlaceOptions {
  /** Of this program. */
  readonly version: string;
}

/** Resolves with the exit code once the server has stopped: 0, or 1 when it could not start. A restart reads everything anew. */
export async function start(options: StartOptions): Promise<number> {
  surviveMistakes();
  logLibraryLines();
  const hangUp = new HangUp();
  for (;;) {
    const code = await run(options, hangUp);
    hangUp.action = () => {};
    if (code !== "restart") return code;
  }
}

async function run(options: StartOptions, hangUp: HangUp): Promise<number | "restart"> {
  const { config, document, source, faults, warnings } = await loadConfiguration(options);
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
  let told: readonly string[] = [];
  const tell = (loaded: LoadReport) => {
    const warnings = [
      ...loaded.warnings,
      ...inspectResources(config, live.directory),
      ...emptyPlaceWarnings(place, loaded, live.directory.counts),
    ];
    report({ ...loaded, warnings: warnings.filter((warning) => !told.includes(warning)) });
    told = warnings;
  };
  const request = new EndRequest();
  // The place may keep us waiting.
  const loaded = await Promise.race([live.load(), request.end]);
  if ("how" in loaded) {
    log.info("Stopping: {by}", { by: loaded.by });
    request.close();
    live.close();
    return 0;
  }
  tell(loaded);
  const inspected = { config, document, source, env: options.env };
  for (const warning of await readableSecrets(inspected)) log.warn("{warning}", { warning });
  for (const fault of await inspect(inspected)) log.error("{fault}", { fault: formatFault(fault) });
  const { agents, domains, peers, gateways, dids } = live.directory.counts;
  log.info(
    "Serving {agents} agents, {domains} domains, {peers} peers, {gateways} gateways, {dids} DIDs of {place}",
    { agents, domains, peers, gateways, dids, place: place.name },
  );
  const state = stateDirectory(options.env, source.directory);
  const server = new Server({
    configuration: config,
    directory: live.directory,
    configurationDirectory: source.directory,
    ...await keptBy(config, state),
  });
  const records = recordsOf(config, source.directory);
  const history = new EventHistory();
  server.events.listen((event) => {
    history.add(event);
    for (const record of records) record.add(event);
  });
  const onReload = (report: LoadReport) => {
    tell(report);
    server.events.emit("configuration.reloaded", { ...live.directory.counts, faults: report.faults.length });
  };
  const administration = new Administration({
    version: options.version,
    configuration: { config, document },
    directory: source.directory,
    stateDirectory: state,
    env: options.env,
    server,
    live,
    store: new ResourceStore({
      provider: place.provider,
      live,
      hasUniqueGateways: config.ex_uniqueGatewayPerHostPort,
    }),
    history,
    end: async (how, isNow) => {
      if (how === "restart") await refuseIfFaulty(options);
      request.ask({ how, by: "the REST service", isNow });
    },
    reload: async () => onReload(await live.reload()),
  });
  const missing = await open(server, config);
  if (missing !== undefined && !await administration.start()) missing.push("the REST service");
  const isOpen = missing !== undefined && (missing.length === 0 || !config.strictListeners);
  if (isOpen) {
    live.follow(onReload);
    hangUp.action = () => {
      log.info("Reading everything again: SIGHUP");
      reread(options, administration).then(async () => onReload(await live.reload()))
        .catch((error) => log.error("Cannot read everything again: {error}", { error }));
    };
    administration.isReady = true;
    log.info("Ready{without}", {
      without: missing.length === 0 ? "" : `, but without ${missing.join(", ")}`,
    });
  }
  const end = isOpen ? await request.end : undefined;
  administration.isReady = false;
  if (end) await waitForCalls(end, request, server);
  request.close();
  live.close();
  const stopped = stopAll(server, administration, records)
    .catch((error) => log.error("Cannot stop in order: {error}", { error }));
  await inTime(stopped);
  if (end === undefined) return 1;
  log.info("Stopped");
  return end.how === "restart" ? "restart" : 0;
}

/** A server that could not start again goes on as it is. */
async function refuseIfFaulty(options: PlaceOptions): Promise<void> {
  const { faults } = await loadConfiguration(options);
  if (faults.length === 0) return;
  throw new HttpError(409, `The configuration has faults: ${faults.map(formatFault).join(", ")}`);
}

/** Tells why the server ends, and waits for calls that are being set up while nobody is in a hurry. */
async function waitForCalls({ how, by }: End, request: EndRequest, server: Server): Promise<void> {
  log.info(how === "restart" ? "Restarting: {by}" : "Stopping: {by}", { by });
  const latest = performance.now() + LONGEST_SETUP;
  while (server.pendingCalls > 0 && !request.isHurried && performance.now() < latest) {
    await new Promise((resolve) => setTimeout(resolve, SETUP_INTERVAL));
  }
}

async function stopAll(
  server: Server,
  administration: Administration,
  records: readonly CallRecordFile[],
): Promise<void> {
  await Promise.all([administration.stop(), server.endCalls(CANCEL_PATIENCE)]);
  await server.stop();
  await Promise.all(records.map((record) => record.close()));
}

function recordsOf({ cdr: { path, stdout } }: Configuration, directory: string): readonly CallRecordFile[] {
  return [
    ...path === undefined ? [] : [new CallRecordFile({ path: resolve(directory, path) })],
    ...stdout ? [new CallRecordFile({ path: undefined })] : [],
  ];
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

/** The part of `config.yaml` that is in force at once; of the rest it is said that it waits for a restart. */
async function reread(options: StartOptions, administration: Administration): Promise<void> {
  const { config, document, faults, warnings } = await loadConfiguration(options);
  report({ faults, warnings, rejected: [] });
  if (config) administration.adopt({ config, document });
  else log.error("The configuration stays as it was");
}

/** Opens the listeners and tells of each. Returns those that failed; undefined when the server cannot serve. */
async function open(server: Server, config: Configuration): Promise<string[] | undefined> {
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
  if (server.transports.length > 0 && (failed.length === 0 || !config.strictListeners)) {
    return failed.map(({ listener: { protocol, bindAddr, port } }) =>
      `${protocol} ${toUriHost(bindAddr)}:${port}`
    );
  }
  log.fatal("Cannot start: {why}", {
    why: config.strictListeners ? "a listener failed" : "no listener is left",
  });
  return undefined;
}

/** Who was told to stop has to stop, whatever others leave unanswered. */
async function inTime(stopped: Promise<void>): Promise<void> {
  const limit = Promise.withResolvers<void>();
  const alarm = setTimeout(() => {
    log.warn("Stopping takes too long: not everything was told to others");
    limit.resolve();
  }, STOP_LIMIT);
  await Promise.race([stopped, limit.promise]);
  clearTimeout(alarm);
}

function report({ faults, warnings, rejected }: LoadReport): void {
  for (const warning of warnings) log.warn("{warning}", { warning });
  for (const fault of faults) log.error("{fault}", { fault: formatFault(fault) });
  for (const name of rejected) log.error("{name}: the last good content stays in force", { name });
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
