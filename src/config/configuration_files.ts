import { dirname, join } from "node:path";
import type { Fault } from "../data/fault.ts";
import { type Environment, readVariable } from "./environment.ts";

/** The files of the configuration. */
export interface ConfigurationFiles {
  /** Also the folder of the resource files, unless the data source has another. */
  readonly directory: string;
  /** `config.yaml` or its substitute; undefined when everything has its default. */
  readonly file: string | undefined;
}

export interface ConfigurationOptions {
  /** The argument of `--config`: a folder, or the configuration file in it. */
  readonly directory?: string;
  readonly env: Environment;
  /** The executable's folder, whose subfolder `config` is the last resort. */
  readonly executableDirectory: string;
}

const FOLDER = "config";
const FILE_NAMES = ["config.yaml", "config.yml"] as const;

/**
 * Finds the configuration: `--config`, else `$CONFIG_PATH`, else `./config`, else `config` beside the executable.
 * `$CONFIG_FILE` names the file, unless `--config` does. Named files and folders must exist.
 */
export async function findConfiguration(
  { directory, env, executableDirectory }: ConfigurationOptions,
): Promise<ConfigurationFiles & { faults: readonly Fault[]; warnings: readonly string[] }> {
  const namedFile = directory === undefined ? readVariable(env, "CONFIG_FILE") : undefined;
  if (namedFile !== undefined && await typeOf(namedFile.text) !== "file") {
    return missing(namedFile.text, {
      directory: dirname(namedFile.text),
      expected: `the file that ${namedFile.variable} names`,
    });
  }
  const namedFolder = directory === undefined
    ? readVariable(env, "CONFIG_PATH")
    : { variable: "--config", text: directory };
  if (namedFolder !== undefined) {
    const { text, variable } = namedFolder;
    const type = await typeOf(text);
    if (type === undefined) {
      return missing(text, { directory: text, expected: `the folder that ${variable} names` });
    }
    if (type === "file") return { directory: dirname(text), file: text, faults: [], warnings: [] };
    return inFolder(text, namedFile?.text);
  }
  for (const folder of [FOLDER, join(executableDirectory, FOLDER)]) {
    if (await typeOf(folder) === "folder") return inFolder(folder, namedFile?.text);
  }
  if (namedFile !== undefined) return inFolder(dirname(namedFile.text), namedFile.text);
  const warnings = [`There is no folder ${FOLDER}: nobody can register`];
  return { directory: FOLDER, file: undefined, faults: [], warnings };
}

type FoundConfiguration = Awaited<ReturnType<typeof findConfiguration>>;

async function inFolder(directory: string, namedFile: string | undefined): Promise<FoundConfiguration> {
  if (namedFile !== undefined) return { directory, file: namedFile, faults: [], warnings: [] };
  const files: string[] = [];
  for (const name of FILE_NAMES) {
    if (await typeOf(join(directory, name)) === "file") files.push(join(directory, name));
  }
  const [file, ignored] = files;
  const warnings = ignored === undefined ? [] : [`${ignored} is ignored, because there is ${file}`];
  return { directory, file, faults: [], warnings };
}

function missing(
  path: string,
  { directory, expected }: { directory: string; expected: string },
): FoundConfiguration {
  const fault = { file: path, property: "", found: "nothing", expected };
  return { directory, file: undefined, faults: [fault], warnings: [] };
}

async function typeOf(path: string): Promise<"file" | "folder" | undefined> {
  const info = await Deno.stat(path).catch(() => undefined);
  if (info === undefined) return undefined;
  return info.isDirectory ? "folder" : "file";
}
