/** The command line: of the server, `routr [--config DIR]`, `check`, `init`, `schema`, `version`; and of its client. */
import { parseArgs } from "node:util";
import {
  CLIENT_OPTIONS,
  CLIENT_USAGE,
  type ClientCommand,
  type ClientOptions,
  readClientCommand,
} from "./client/client_command.ts";

/** What the command line asks for. */
export type Command =
  | { readonly kind: "start" | "check"; readonly directory: string | undefined }
  | { readonly kind: "init"; readonly directory: string }
  /** `of` is what was asked for, known or not. */
  | { readonly kind: "schema"; readonly of: string }
  | { readonly kind: "version" | "help" }
  | ClientCommand
  | { readonly kind: "mistake"; readonly message: string };

export const USAGE = `Usage: routr [--config DIR]           start the server
       routr check [--config DIR]     validate the configuration and exit
       routr init [DIR]               write a sample configuration, to "config" unless DIR is given
       routr schema KIND              print the JSON Schema of config, user, agent, domain, gateway, did or peer
       routr version

--config defaults to $CONFIG_PATH, else ./config, else the folder config beside the executable.
Environment: LOG_LEVEL=trace|debug|info|warning|error, LOG_FORMAT=json, and the names in the README.

To administer a server, here or elsewhere: routr COMMAND …
${CLIENT_USAGE}

All but logout take --cacert FILE (who signs the server's certificate) and --insecure (anybody may); those behind it in this list
also --url URL and --token TOKEN, in the place of what login has kept in ~/.routr-access.json.
Environment: ROUTR_URL, ROUTR_TOKEN, ROUTR_SECRET.`;

/** Reads the arguments behind the program's name. */
export function readCommandLine(args: readonly string[]): Command {
  try {
    const { values: { config, help, version, ...clientOptions }, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        config: { type: "string", short: "c" },
        help: { type: "boolean", short: "h" },
        version: { type: "boolean", short: "v" },
        ...CLIENT_OPTIONS,
      },
    });
    if (help) return { kind: "help" };
    if (version) return { kind: "version" };
    const [name = "start", ...operands] = positionals;
    const clientCommand = readClientCommand(name, operands, clientOptions);
    if (clientCommand === undefined) {
      return checkOptions(readCommand([name, ...operands], config), name, clientOptions);
    }
    if (config !== undefined) return { kind: "mistake", message: `--config is not for ${name}` };
    return clientCommand;
  } catch (error) {
    return { kind: "mistake", message: error instanceof Error ? error.message : String(error) };
  }
}

/** The server's commands know none of the client's options. */
function checkOptions(command: Command, name: string, clientOptions: ClientOptions): Command {
  const [foreign] = Object.keys(clientOptions);
  if (command.kind === "mistake" || foreign === undefined) return command;
  return { kind: "mistake", message: `--${foreign} is not for ${name}` };
}

function readCommand([name, ...rest]: readonly string[], directory: string | undefined): Command {
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
