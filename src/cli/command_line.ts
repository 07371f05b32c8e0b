/** The command line: `routr [--config DIR]`, `routr check`, `routr init [DIR]`, `routr schema KIND`, `routr version`. */
import { parseArgs } from "node:util";

/** What the command line asks for. */
export type Command =
  | { readonly kind: "start" | "check"; readonly directory: string | undefined }
  | { readonly kind: "init"; readonly directory: string }
  /** `of` is what was asked for, known or not. */
  | { readonly kind: "schema"; readonly of: string }
  | { readonly kind: "version" | "help" }
  | { readonly kind: "mistake"; readonly message: string };

export const USAGE = `Usage: routr [--config DIR]           start the server
       routr check [--config DIR]     validate the configuration and exit
       routr init [DIR]               write a sample configuration, to "config" unless DIR is given
       routr schema KIND              print the JSON Schema of config, user, agent, domain, gateway, did or peer
       routr version

--config defaults to $CONFIG_PATH, else ./config, else the folder config beside the executable.
Environment: LOG_LEVEL=trace|debug|info|warning|error, LOG_FORMAT=json, and the names in the README.`;

/** Reads the arguments behind the program's name. */
export function readCommandLine(args: readonly string[]): Command {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        config: { type: "string", short: "c" },
        help: { type: "boolean", short: "h" },
        version: { type: "boolean", short: "v" },
      },
    });
    if (values.help) return { kind: "help" };
    if (values.version) return { kind: "version" };
    return readCommand(positionals, values.config);
  } catch (error) {
    return { kind: "mistake", message: error instanceof Error ? error.message : String(error) };
  }
}

function readCommand([name = "start", ...rest]: readonly string[], directory: string | undefined): Command {
  if (rest.length > (name === "init" || name === "schema" ? 1 : 0)) {
    return { kind: "mistake", message: `Unexpected argument "${rest.at(-1)}"` };
  }
  switch (name) {
    case "start":
    case "check":
      return { kind: name, directory };
    case "init":
      return { kind: "init", directory: rest[0] ?? directory ?? "config" };
    case "schema":
      return rest[0] === undefined
        ? { kind: "mistake", message: "Which schema? Name a kind" }
        : { kind: "schema", of: rest[0] };
    case "version":
    case "help":
      return { kind: name };
    default:
      return { kind: "mistake", message: `Unknown command "${name}"` };
  }
}
