/** The resources of a running server, and the log lines about them. */
import type { Configuration } from "../config/configuration.ts";
import type { ConfigurationFiles } from "../config/configuration_files.ts";
import { type Fault, formatFault } from "../data/fault.ts";
import { LiveDirectory, type LoadReport } from "../data/live_directory.ts";
import { ResourceStore } from "../data/resource_store.ts";
import { logger } from "../runtime/log.ts";
import { emptyProviderWarnings, type OpenedProvider, openProvider } from "./provider_factory.ts";
import { inspectResources } from "./resource_inspection.ts";

const log = logger("server");

export class ServedResources {
  readonly live: LiveDirectory;
  readonly #config: Configuration;
  readonly #opened: OpenedProvider;
  #warnings: readonly string[] = [];

  /** Opens the provider that is configured. */
  static async open(config: Configuration, source: ConfigurationFiles): Promise<ServedResources> {
    return new ServedResources(config, await openProvider(config, source));
  }

  private constructor(config: Configuration, opened: OpenedProvider) {
    this.#config = config;
    this.#opened = opened;
    this.live = new LiveDirectory(opened.provider);
  }

  /** Returns an access to the resources that can change them. */
  store(): ResourceStore {
    return new ResourceStore({
      provider: this.#opened.provider,
      live: this.live,
      hasUniqueGateways: this.#config.ex_uniqueGatewayPerHostPort,
    });
  }

  /** Logs what a load brought; only warnings that the report before did not have. */
  async report(loaded: LoadReport): Promise<void> {
    const { directory } = this.live;
    const warnings = [
      ...loaded.warnings,
      ...await inspectResources(this.#config, directory),
      ...emptyProviderWarnings(this.#opened, loaded, directory.counts),
    ];
    logWarnings(warnings.filter((warning) => !this.#warnings.includes(warning)));
    logFaults(loaded.faults);
    for (const name of loaded.rejected) {
      log.error("{name}: the last good content stays in force", { name });
    }
    this.#warnings = warnings;
  }

  logCounts(): void {
    const { agents, domains, peers, gateways, dids } = this.live.directory.counts;
    log.info(
      "Serving {agents} agents, {domains} domains, {peers} peers, {gateways} gateways, {dids} DIDs of {place}",
      { agents, domains, peers, gateways, dids, place: this.#opened.name },
    );
  }
}

export function logWarnings(warnings: readonly string[]): void {
  for (const warning of warnings) log.warn("{warning}", { warning });
}

export function logFaults(faults: readonly Fault[]): void {
  for (const fault of faults) log.error("{fault}", { fault: formatFault(fault) });
}
