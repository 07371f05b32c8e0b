/** `routr`: runs the server until it is told to stop. */
import type { ConfigurationOptions } from "../config/configuration_files.ts";
import { loadConfiguration, type LoadedConfiguration } from "../config/load_configuration.ts";
import { stateDirectory } from "../config/state_directory.ts";
import { formatFault } from "../data/fault.ts";
import { HttpError } from "../rest/http/http_error.ts";
import { returnSpareMemory } from "../runtime/spare_memory.ts";
import { configureLogging, logger, logLibraryLines } from "../runtime/log.ts";
import { Appliance } from "./appliance.ts";
import { inspect } from "./inspection.ts";
import { levelOf } from "./log_level.ts";
import { readableSecrets } from "./readable_secrets.ts";
import { logFaults, logWarnings, ServedResources } from "./served_resources.ts";
import { HangUp } from "./signals.ts";
import { StopRequest } from "./stop_request.ts";

const log = logger("server");

export interface StartOptions extends ConfigurationOptions {
  /** The version of the program. */
  readonly version: string;
}

/** Runs the server, again after each restart. Returns the exit code: 0, or 1 when it could not start. */
export async function start(options: StartOptions): Promise<number> {
  logUncaughtErrors();
  logLibraryLines();
  const hangUp = new HangUp();
  returnSpareMemory();
  for (;;) {
    const code = await run(options, hangUp).catch((error) => {
      log.fatal("Cannot serve: {error}", { error });
      return 1;
    });
    hangUp.action = () => {};
    if (code !== "restart") return code;
  }
}

async function run(options: StartOptions, hangUp: HangUp): Promise<number | "restart"> {
  const loaded = await loadConfiguration(options);
  logConfiguration(loaded, options);
  const { config, document, source } = loaded;
  if (config === undefined) return 1;
  const resources = await ServedResources.open(config, source);
  const request = new StopRequest();
  if (!await loadUnlessStopped(resources, request)) return 0;
  const state = stateDirectory(options.env, source.directory);
  logWarnings(await readableSecrets({ config, source, stateDirectory: state }));
  logFaults(await inspect({ config, source, env: options.env }));
  resources.logCounts();
  const appliance = await Appliance.assemble({
    ...options,
    configuration: { config, document },
    directory: source.directory,
    stateDirectory: state,
    resources,
    request,
    reread: () => loadConfiguration(options),
    assertCanRestart: () => assertCanRestart(options),
  });
  const how = await appliance.open() ? await appliance.serve(hangUp) : undefined;
  request.close();
  resources.live.close();
  await appliance.stop();
  if (how === undefined) return 1;
  log.info("Stopped");
  return how === "restart" ? "restart" : 0;
}

function logConfiguration({ config, source, faults, warnings }: LoadedConfiguration, { env }: StartOptions) {
  configureLogging({ level: levelOf(config, env), format: env.LOG_FORMAT === "json" ? "json" : "text" });
  logWarnings(warnings);
  logFaults(faults);
  if (config === undefined) {
    return log.fatal("Cannot start: the configuration has {count} fault(s)", { count: faults.length });
  }
  log.info("Configuration from {place}", {
    place: source.file ?? `defaults, there is no config.yaml in ${source.directory}`,
  });
}

/** Loads the resources; a provider may need long. Returns false when a stop is requested meanwhile. */
async function loadUnlessStopped(resources: ServedResources, request: StopRequest): Promise<boolean> {
  const loaded = await Promise.race([resources.live.load(), request.requested]);
  if (!("how" in loaded)) {
    await resources.report(loaded);
    return true;
  }
  log.info("Stopping: {by}", { by: loaded.requestedBy });
  request.close();
  resources.live.close();
  return false;
}

/** Rejects with `HttpError` 409 when the configuration is faulty: a server that cannot start again keeps running. */
async function assertCanRestart(options: ConfigurationOptions): Promise<void> {
  const { faults } = await loadConfiguration(options);
  if (faults.length === 0) return;
  throw new HttpError(409, `The configuration has faults: ${faults.map(formatFault).join(", ")}`);
}

/** Logs errors that nothing else caught; the server keeps serving. */
function logUncaughtErrors(): void {
  addEventListener("error", (event) => {
    event.preventDefault();
    log.error("Unexpected error: {error}", { error: event.error });
  });
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    log.error("Unexpected rejection: {error}", { error: event.reason });
  });
}
