import type { Configuration } from "../config/configuration.ts";
import type { ConfigurationFiles, ConfigurationOptions } from "../config/configuration_files.ts";
import { loadConfiguration } from "../config/load_configuration.ts";
import { stateDirectory } from "../config/state_directory.ts";
import type { ResourceCounts } from "../data/directory.ts";
import { formatFault } from "../data/fault.ts";
import { FilesDataProvider } from "../data/files_data_provider.ts";
import { LiveDirectory } from "../data/live_directory.ts";
import { emptyProviderWarnings, openProvider } from "../appliance/provider_factory.ts";
import { inspect } from "../appliance/inspection.ts";
import { readableSecrets } from "../appliance/readable_secrets.ts";
import { inspectResources } from "../appliance/resource_inspection.ts";

/** A data source on the network has this time to answer. */
const PROVIDER_TIMEOUT_MS = 5000;

/** `routr check`: prints every fault of every file. Returns the exit status: 0 if there is none, else 1. */
export async function check(options: ConfigurationOptions): Promise<number> {
  const { config, source, ...loaded } = await loadConfiguration(options);
  const { name, report, directory } = await loadResources(config, source);

  const found = [...loaded.faults, ...report.faults];
  if (config) found.push(...await inspect({ config, source, env: options.env }));
  const faults = found.map(formatFault);
  for (const fault of faults) console.log(fault);
  const warnings = [...loaded.warnings, ...report.warnings];
  if (config) {
    warnings.push(
      ...await inspectResources(config, directory),
      ...await readableSecrets({
        config,
        source,
        stateDirectory: stateDirectory(options.env, source.directory),
      }),
    );
  }
  for (const warning of warnings) console.log(`Warning: ${warning}`);

  const noFile = config === undefined ? "none" : "defaults, since there is no config.yaml";
  console.log(`Configuration: ${source.file ?? noFile}`);
  console.log(`Resources: ${formatCounts(directory.counts)} in ${name}`);
  console.log(faults.length === 0 ? "No faults" : `${count(faults.length, "fault")}`);
  return faults.length === 0 ? 0 : 1;
}

/** Loads the resources of a provider; those beside a faulty configuration are checked too. */
async function loadResources(config: Configuration | undefined, { directory }: ConfigurationFiles) {
  const opened = config
    ? await openProvider(config, { directory, timeoutMs: PROVIDER_TIMEOUT_MS })
    : { provider: new FilesDataProvider(directory), name: directory, isFolder: true };
  const live = new LiveDirectory(opened.provider);
  const report = await live.load();
  live.close();
  const warnings = [...report.warnings, ...emptyProviderWarnings(opened, report, live.directory.counts)];
  return { name: opened.name, report: { ...report, warnings }, directory: live.directory };
}

function formatCounts({ agents, domains, peers, users, gateways, dids }: ResourceCounts): string {
  return [
    count(agents, "agent"),
    count(domains, "domain"),
    count(peers, "peer"),
    count(gateways, "gateway"),
    count(dids, "DID"),
    count(users, "user"),
  ].join(", ");
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
