/** The command line of the server (`routr [--config DIR]`, `check`, `init`, `schema` and so on) and of its client. */
import { parseArgs } from "node:util";
import {
  CLIENT_OPTIONS,
  CLIENT_USAGE,
  type ClientCommand,
  type ClientOptions,
  readClientCommand,
} from "./client/client_command.ts";
import { type Shell, SHELLS } from "./completion.ts";
import { helpOf } from "./help.ts";

/** A command with its arguments. */
export type Command =
  | { readonly kind: "start" | "check"; readonly directory: string | undefined }
  | { readonly kind: "init"; readonly directory: string }
  /** `of` is the requested kind, known or not. */
  | { readonly kind: "schema"; readonly of: string }
  | { readonly kind: "version" }
  /** Help for one command, or for all. */
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "completion"; readonly shell: Shell }
  | ClientCommand
  | { readonly kind: "mistake"; readonly message: string };

export const USAGE = `Usage: routr [--config DIR]           start the server
       routr check [--config DIR]     validate the configuration and exit
       routr init [DIR]               write a sample configuration, to "config" unless DIR is given
       routr schema KIND              print the JSON Schema of config, user, agent, domain, gateway, did or peer
       routr completion SHELL         print a script for completion in bash, zsh or fish
       routr help [COMMAND]           help for one command, as routr COMMAND --help
       routr version

--config defaults to $CONFIG_PATH, else ./config, else the folder config beside the executable.
Environment: LOG_LEVEL=trace|debug|info|warning|error, LOG_FORMAT=json, and the names in the README.

To administer a server, here or elsewhere: routr COMMAND …
${CLIENT_USAGE}

All but logout take --cacert FILE (the authority of the server's certificate) and --insecure (accept any); those after logout
also take --url URL and --token TOKEN, instead of the login in ~/.routr-access.json.
Environment: ROUTR_URL, ROUTR_TOKEN, ROUTR_SECRET.`;

/** Reads the arguments after the program's name. */
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
    if (help) return readHelp(positionals[0]);
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

/** Rejects options of the client for commands of the server. */
function checkOptions(command: Command, name: string, clientOptions: ClientOptions): Command {
  const [foreign] = Object.keys(clientOptions);
  if (command.kind === "mistake" || foreign === undefined) return command;
  return { kind: "mistake", message: `--${foreign} is not for ${name}` };
}

const WITH_OPERAND: ReadonlySet<string> = new Set(["init", "schema", "completion", "help"]);

function readHelp(command: string | undefined): Command {
  const text = command === undefined ? USAGE : helpOf(command);
  return text === undefined
    ? { kind: "mistake", message: `Unknown command "${command}"` }
    : { kind: "help", text };
}

function readCommand([name, ...rest]: readonly string[], directory: string | undefined): Command {
  if (rest.length > (WITH_OPERAND.has(name) ? 1 : 0)) {
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
    case "completion": {
      const shell = SHELLS.find((each) => each === rest[0]);
      return shell === undefined
        ? { kind: "mistake", message: `Which shell? Name one of ${SHELLS.join(", ")}` }
        : { kind: "completion", shell };
    }
    case "version":
      return { kind: "version" };
    case "help":
      return readHelp(rest[0]);
    default:
      return { kind: "mistake", message: `Unknown command "${name}"` };
  }
}
