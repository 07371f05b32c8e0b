/** One life of the server: everything that runs between a start and a stop. */
import { join } from "node:path";
import type { Configuration } from "../config/configuration.ts";
import type { CurrentConfiguration } from "../config/live_configuration.ts";
import type { LoadedConfiguration } from "../config/load_configuration.ts";
import type { LoadReport } from "../data/live_directory.ts";
import { EventHistory } from "../rest/observe/event_history.ts";
import type { SystemControl } from "../rest/operations/system.ts";
import { toUriHost } from "../runtime/ip/ip_address.ts";
import { sleep, systemClock } from "../runtime/clock.ts";
import { logger } from "../runtime/log.ts";
import { Administration, type AdministrationOptions } from "./administration.ts";
import { BanFile } from "./ban_file.ts";
import { type CallRecordFile, openCallRecords } from "./call_record_file.ts";
import { Firewall } from "./firewall.ts";
import { LiveSettings } from "./live_settings.ts";
import { openPersistentState } from "./persistent_state.ts";
import { logFaults, logWarnings } from "./served_resources.ts";
import { Server } from "./server.ts";
import type { HangUp } from "./signals.ts";
import type { StopRequest } from "./stop_request.ts";

const log = logger("server");

const MAX_STOP_MS = 10_000;
const MAX_SETUP_MS = 60_000;
const SETUP_INTERVAL_MS = 250;
/** Callees have this time to answer the CANCEL of a server that stops. */
const CANCEL_TIMEOUT_MS = 1000;

export interface ApplianceOptions
  extends Pick<AdministrationOptions, "version" | "env" | "directory" | "stateDirectory" | "resources"> {
  readonly configuration: CurrentConfiguration;
  readonly request: StopRequest;
  /** Reads `config.yaml` again. */
  reread(): Promise<LoadedConfiguration>;
  /** Rejects with an `HttpError` when a restart would fail. */
  assertCanRestart(): Promise<void>;
}

export class Appliance {
  readonly #options: ApplianceOptions;
  readonly #server: Server;
  readonly #records: readonly CallRecordFile[];
  readonly #history = new EventHistory();
  readonly #bans: BanFile;
  readonly #firewall: Firewall;
  readonly #settings: LiveSettings;
  readonly #administration: Administration;

  /** Assembles the parts; nothing listens yet. */
  static async assemble(options: ApplianceOptions): Promise<Appliance> {
    const { configuration: { config }, directory, stateDirectory, resources } = options;
    const server = new Server({
      configuration: config,
      directory: resources.live.directory,
      configurationDirectory: directory,
      ...await openPersistentState(config, stateDirectory),
    });
    const appliance = new Appliance(options, server);
    await appliance.#bans.restore();
    return appliance;
  }

  private constructor(options: ApplianceOptions, server: Server) {
    const { configuration, directory, env, stateDirectory } = options;
    this.#options = options;
    this.#server = server;
    this.#records = openCallRecords(configuration.config.cdr, directory);
    const { bans, sources } = server.access;
    this.#bans = new BanFile({ path: join(stateDirectory, "bans.json"), bans });
    this.#firewall = new Firewall({
      bans: () => bans.list(),
      isTrusted: (address) => sources.isTrusted(address),
      ports: () => server.transports.map(({ port }) => port),
    });
    bans.onChange(() => {
      this.#bans.change();
      this.#firewall.change();
    });
    this.#settings = new LiveSettings(configuration, { env, server });
    this.#administration = new Administration({
      ...options,
      settings: this.#settings,
      server,
      history: this.#history,
      end: (how, isImmediate) => this.#end(how, isImmediate),
      reload: () => this.#reload(),
    });
    server.events.listen((event) => {
      this.#history.add(event);
      // Networks may have become trusted, addresses those of gateways.
      if (event.type === "configuration.changed" || event.type === "configuration.reloaded") this.#keepOut();
      for (const record of this.#records) record.add(event);
    });
  }

  /** Opens the listeners and the REST service. Returns false when the server cannot serve. */
  async open(): Promise<boolean> {
    const { strictListeners } = this.#settings.config;
    const missing = await openListeners(this.#server, this.#settings.config);
    if (missing === undefined) return false;
    if (!await this.#administration.start()) missing.push("the REST service");
    if (missing.length > 0 && strictListeners) return false;
    this.#keepOut();
    this.#options.resources.live.follow((report) => this.#onReload(report));
    this.#administration.isReady = true;
    const without = missing.length === 0 ? "" : `, but without ${missing.join(", ")}`;
    log.info("Ready{without}", { without });
    return true;
  }

  /** Serves until a stop is requested and calls in set-up are over; a SIGHUP reads everything again. */
  async serve(hangUp: HangUp): Promise<"stop" | "restart"> {
    hangUp.action = () => this.#readAgain();
    const { how, requestedBy } = await this.#options.request.requested;
    this.#administration.isReady = false;
    log.info(how === "restart" ? "Restarting: {by}" : "Stopping: {by}", { by: requestedBy });
    await this.#waitForCalls();
    return how;
  }

  /** Ends all parts. Returns after `MAX_STOP_MS` even when peers leave something unanswered. */
  async stop(): Promise<void> {
    const limit = Promise.withResolvers<void>();
    const alarm = systemClock.setAlarm(() => {
      log.warn("Stopping takes too long: some peers were not told");
      limit.resolve();
    }, MAX_STOP_MS);
    const stopped = this.#stopInOrder()
      .catch((error) => log.error("Cannot stop orderly: {error}", { error }));
    await Promise.race([stopped, limit.promise]);
    systemClock.clearAlarm(alarm);
  }

  /** Waits for calls that are being set up, unless a request is immediate. */
  async #waitForCalls(): Promise<void> {
    const { request } = this.#options;
    const latest = systemClock.now() + MAX_SETUP_MS;
    while (this.#server.pendingCalls > 0 && !request.isImmediate && systemClock.now() < latest) {
      await sleep(SETUP_INTERVAL_MS);
    }
  }

  async #stopInOrder(): Promise<void> {
    await Promise.all([this.#administration.stop(), this.#server.endCalls(CANCEL_TIMEOUT_MS)]);
    await this.#server.stop();
    await Promise.all([
      this.#bans.close(),
      this.#firewall.close(),
      ...this.#records.map((record) => record.close()),
    ]);
  }

  #keepOut(): void {
    const { isOn, firewall } = this.#settings.config.access;
    this.#firewall.configure(isOn && firewall === "nftables");
  }

  async #end(how: "stop" | "restart", isImmediate: boolean): ReturnType<SystemControl["end"]> {
    const { request, assertCanRestart } = this.#options;
    if (how === "restart") await assertCanRestart();
    request.ask({ how, requestedBy: "the REST service", isImmediate });
  }

  async #reload(): Promise<void> {
    await this.#onReload(await this.#options.resources.live.reload());
  }

  async #onReload(report: LoadReport): Promise<void> {
    const { resources } = this.#options;
    await resources.report(report);
    const faults = report.faults.length;
    this.#server.events.emit("configuration.reloaded", { ...resources.live.directory.counts, faults });
  }

  async #readAgain(): Promise<void> {
    log.info("Reading everything again: SIGHUP");
    try {
      await this.#rereadConfiguration();
      await this.#reload();
    } catch (error) {
      log.error("Cannot read everything again: {error}", { error });
    }
  }

  async #rereadConfiguration(): Promise<void> {
    const { config, document, faults, warnings } = await this.#options.reread();
    logWarnings(warnings);
    logFaults(faults);
    if (config) this.#settings.adopt({ config, document });
    else log.error("The configuration stays as it was");
  }
}

/** Opens the listeners. Returns the names of those that failed; undefined when the server cannot serve. */
async function openListeners(
  server: Server,
  { strictListeners }: Configuration,
): Promise<string[] | undefined> {
  const failed = await server.start();
  for (const { protocol, address, port } of server.transports) {
    log.info("Listening on {protocol} {address}:{port}", { protocol, address, port });
  }
  const failedNames = failed.map(({ listener: { protocol, bindAddr, port }, reason }) => {
    const address = toUriHost(bindAddr);
    log.error("Cannot listen on {protocol} {address}:{port}: {reason}", { protocol, address, port, reason });
    return `${protocol} ${address}:${port}`;
  });
  if (server.transports.length > 0 && (failed.length === 0 || !strictListeners)) return failedNames;
  const why = strictListeners ? "a listener failed" : "no listener is left";
  log.fatal("Cannot start: {why}", { why });
  return undefined;
}
