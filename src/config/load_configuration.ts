import { API_VERSIONS } from "../data/resource_document.ts";
import { halfCoveringRules } from "../data/access_control_list.ts";
import { documentProblems } from "../data/document_problems.ts";
import { type Fault, faultOf, formatPath, type Problem } from "../data/fault.ts";
import { halfCoverage } from "../data/resource_warnings.ts";
import { readTextFile } from "../data/files/text_file.ts";
import { YamlPositions } from "../data/yaml/yaml_positions.ts";
import { readYaml } from "../data/yaml/yaml_reader.ts";
import { type Configuration, configurationSchema } from "./configuration.ts";
import {
  type ConfigurationFiles,
  type ConfigurationOptions,
  findConfiguration,
} from "./configuration_files.ts";
import { isFolder, resourceFolder, resourceFolderWarnings } from "./data_source.ts";
import { withoutEmpty } from "./filled_document.ts";
import { tlsWarnings } from "./tls_settings.ts";
import {
  applyOverrides,
  type Environment,
  formerVariables,
  misspeltVariables,
  type Override,
  readOverrides,
} from "./environment.ts";
import { withoutEffect } from "./without_effect.ts";

export interface LoadedConfiguration {
  /** Undefined exactly when there are faults. */
  readonly config: Configuration | undefined;
  /** The file with the environment applied, without defaults. */
  readonly document: unknown;
  readonly source: ConfigurationFiles;
  readonly faults: readonly Fault[];
  readonly warnings: readonly string[];
}

/** Reads `config.yaml`, applies the environment, adds defaults. Without a file, everything has its default. */
export async function loadConfiguration(options: ConfigurationOptions): Promise<LoadedConfiguration> {
  const { directory, file, faults, warnings } = await findConfiguration(options);
  const source = { directory, file };
  const former = [...faults, ...formerVariables(options.env)];
  const loaded = former.length > 0
    ? { faults: former }
    : await readConfiguration(source, readOverrides(options.env));
  if (loaded.config === undefined) {
    return { config: undefined, document: undefined, source, faults: loaded.faults, warnings };
  }
  const { config, document } = loaded;
  const moreWarnings = [
    ...misspeltVariables(options.env),
    ...withoutEffect(document),
    ...warningsOf(config, directory),
  ];
  return { config, document, source, faults: [], warnings: [...warnings, ...moreWarnings] };
}

type Reading = { config: Configuration; document: unknown } | {
  config?: undefined;
  faults: readonly Fault[];
};

const EMPTY_DOCUMENT = { apiVersion: API_VERSIONS[0] };

async function readConfiguration(
  { file, directory }: ConfigurationFiles,
  overrides: readonly Override[],
): Promise<Reading> {
  const name = file ?? "environment";
  const text = file === undefined ? "" : await readTextFile(file);
  if (typeof text !== "string") return { faults: [text] };
  const { value, problem } = await readYaml(text);
  if (problem !== undefined) {
    const { found, expected, position } = problem;
    return { faults: [{ file: name, ...position, property: "", found, expected }] };
  }
  const document = applyOverrides(withoutEmpty(value) ?? EMPTY_DOCUMENT, overrides);
  const { success, data, error } = configurationSchema.safeParse(document);
  const problems = success ? missingFolders(data, directory) : documentProblems(error, document);
  if (success && problems.length === 0) return { config: data, document };
  return { faults: await locate(problems, { file: name, text, overrides }) };
}

/** Returns the problems as faults with their positions. */
export async function locateProblems(
  problems: readonly Problem[],
  { file, env }: { file: string | undefined; env: Environment },
): Promise<Fault[]> {
  if (problems.length === 0) return [];
  const text = file === undefined ? "" : await readTextFile(file);
  return await locate(problems, {
    file: file ?? "environment",
    text: typeof text === "string" ? text : "",
    overrides: readOverrides(env),
  });
}

/** Returns the fault in the variable that sets the property, or else in the file. */
async function locate(
  problems: readonly Problem[],
  { file, text, overrides }: { file: string; text: string; overrides: readonly Override[] },
): Promise<Fault[]> {
  const positions = await YamlPositions.of(text);
  return problems.map((problem) => {
    const override = overrides.find(({ path }) => path.every((step, depth) => step === problem.path[depth]));
    if (override !== undefined) return environmentFault(problem, override);
    return faultOf(problem, { file, position: positions.find(problem.path, problem.at) });
  });
}

/** A missing folder is a fault; a folder without resources is none. */
function missingFolders({ dataSource }: Configuration, directory: string): Problem[] {
  if (dataSource.provider !== "files_data_provider" || dataSource.parameters.path === undefined) return [];
  const folder = resourceFolder(dataSource.parameters, directory);
  if (isFolder(folder)) return [];
  const path = ["spec", "dataSource", "parameters", "path"];
  return [{ path, at: "value", found: JSON.stringify(folder), expected: "an existing folder" }];
}

/** Returns the problem as a fault of its variable. */
function environmentFault(problem: Problem, { variable, path }: Override): Fault {
  const property = formatPath([variable, ...problem.path.slice(path.length)]);
  return { ...faultOf(problem, { file: "environment" }), property };
}

function warningsOf(
  { accessControlList, securityContext, externAddr, localnets, dataSource, restService }: Configuration,
  directory: string,
): string[] {
  const rules = halfCoveringRules(accessControlList);
  return [
    ...externAddr !== undefined && localnets.length === 0
      ? [
        "spec.externAddr without spec.localnets: every host counts as outside, even those of the same network",
      ]
      : [],
    ...restService.trustStore !== undefined && restService.trustStore === restService.keyStore
      ? [
        "spec.restService.trustStore has no effect: it is the key store, as in Routr v1, and no client is asked",
      ]
      : [],
    ...rules.map((rule) => `spec.accessControlList: ${halfCoverage(rule)}`),
    ...tlsWarnings(securityContext),
    ...dataSource.provider === "files_data_provider"
      ? resourceFolderWarnings(dataSource.parameters, directory)
      : [],
  ];
}
