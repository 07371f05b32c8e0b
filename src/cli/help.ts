/** `routr help COMMAND` and `routr COMMAND --help`: help for one command. */
import { clientHelp } from "./client/client_command.ts";

/** Help texts of server commands. */
const SERVER_HELP: Readonly<Record<string, string>> = {
  start: `Usage: routr [start] [--config DIR]

Starts the server on the configuration in DIR: by default $CONFIG_PATH, else ./config, else the folder config beside the
executable. SIGTERM and SIGINT stop it.`,
  check: `Usage: routr check [--config DIR]

Prints all faults of the configuration with file, line and property. Exits with 0 or 1.`,
  init: `Usage: routr init [DIR]

Writes a sample configuration with random secrets to DIR, or to "config", for its owner only, and prints them.`,
  schema: `Usage: routr schema KIND

Prints the JSON Schema of config, user, agent, domain, gateway, did or peer, for editors.`,
  completion: `Usage: routr completion bash|zsh|fish

Prints a script with which a shell completes commands, types and options:
  bash:  routr completion bash > /etc/bash_completion.d/routr
  zsh:   routr completion zsh > "\${fpath[1]}/_routr"
  fish:  routr completion fish > ~/.config/fish/completions/routr.fish`,
  version: "Usage: routr version",
  help: "Usage: routr help [COMMAND]",
};

/** The names of the server commands. */
export const SERVER_COMMANDS: readonly string[] = Object.keys(SERVER_HELP);

/** Returns the help for a command; undefined for an unknown one. */
export function helpOf(command: string): string | undefined {
  return Object.hasOwn(SERVER_HELP, command) ? SERVER_HELP[command] : clientHelp(command);
}
