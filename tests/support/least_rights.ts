/** A routr from source with the permission set `least` of deno.json, for a configuration in another folder. */
import assert from "node:assert/strict";
import manifest from "../../deno.json" with { type: "json" };
import { type RunningProcess, startProcess } from "./process.ts";

const projectRoot = new URL("../../", import.meta.url).pathname;
const { read, write, env } = manifest.permissions.least;

export interface LeastRights {
  /** The folder of the configuration. */
  readonly directory: string;
  /** Further files and folders that may be read, and those that may be read and written. */
  readonly read?: readonly string[];
  readonly write?: readonly string[];
  /** Names of further variables. */
  readonly env?: readonly string[];
  readonly variables?: Readonly<Record<string, string>>;
  /** The arguments after the program's name, instead of those that start the server. */
  readonly args?: readonly string[];
}

/** Returns the flags: those of the set, with this folder in the place of `config`. */
export function flagsOf(rights: LeastRights): string[] {
  const inPlace = (path: string) =>
    path === "config" ? rights.directory : path.startsWith("/") ? path : `${projectRoot}${path}`;
  const further = rights.write ?? [];
  return [
    `--allow-read=${[...read.map(inPlace), ...rights.read ?? [], ...further].join(",")}`,
    `--allow-write=${[...write.map(inPlace), ...further].join(",")}`,
    `--allow-env=${[...env, ...rights.env ?? []].join(",")}`,
    "--allow-net",
    "--allow-ffi",
    `--allow-sys=${manifest.permissions.least.sys.join(",")}`,
  ];
}

export function startWithLeastRights(rights: LeastRights): RunningProcess {
  return startProcess(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-prompt", "--no-check", "--config", `${projectRoot}deno.json`],
      ...flagsOf(rights),
      `${projectRoot}main.ts`,
      ...rights.args ?? ["--config", rights.directory],
    ],
    // Nothing may be read there.
    cwd: "/",
    env: { NO_COLOR: "1", ...rights.variables },
  });
}

/** Fails when anything was denied. */
export function assertNothingDenied({ output }: RunningProcess): void {
  assert.doesNotMatch(output, /NotCapable|Requires .* access|without batching/);
}
