/** `routr completion SHELL`: scripts with which shells complete commands, resource types and options. */
import { KINDS } from "../data/resource.ts";
import { CLIENT_VERBS, clientOptionsOf } from "./client/client_command.ts";
import { SERVER_COMMANDS } from "./help.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;

export type Shell = (typeof SHELLS)[number];

const TYPES = Object.values(KINDS).flatMap(({ collections }) => collections).join(" ");
const COMMANDS = [...SERVER_COMMANDS, ...CLIENT_VERBS.map(({ verb }) => verb)].join(" ");
/** Commands whose first operand is a resource type. */
const TYPED = "get|delete";

/** Operands of server commands. */
const WORDS: Readonly<Record<string, string>> = {
  completion: SHELLS.join(" "),
  help: COMMANDS,
  schema: "config user agent domain gateway did peer",
};

export function completionScript(shell: Shell): string {
  if (shell === "fish") return fishScript();
  return shell === "bash"
    ? bashScript()
    : `#compdef routr\nautoload -U bashcompinit && bashcompinit\n${bashScript()}`;
}

function bashScript(): string {
  const options = CLIENT_VERBS.map(({ verb }) =>
    `    ${verb}) options="${clientOptionsOf(verb).join(" ")}" ;;`
  );
  const words = Object.entries(WORDS).map(([command, list]) => `    ${command}) words="${list}" ;;`);
  return `_routr() {
  local current="\${COMP_WORDS[COMP_CWORD]}" command="\${COMP_WORDS[1]}" options="--config --help" words=""
  case "$command" in
${options.join("\n")}
  esac
  case "$command" in
    ${TYPED}) words="${TYPES}" ;;
${words.join("\n")}
  esac
  case "\${COMP_WORDS[COMP_CWORD-1]}" in
    -f|--file|--cacert|-c|--config) COMPREPLY=($(compgen -f -- "$current")); return ;;
    -o|--output) COMPREPLY=($(compgen -W "json yaml" -- "$current")); return ;;
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then words="${COMMANDS}"; fi
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$options" -- "$current")) ;;
    *) if [ "$COMP_CWORD" -le 2 ]; then COMPREPLY=($(compgen -W "$words" -- "$current")); fi ;;
  esac
}
complete -F _routr routr
`;
}

function fishScript(): string {
  const verbs = CLIENT_VERBS.map(({ verb, summary }) =>
    `complete -c routr -n __fish_use_subcommand -f -a ${verb} -d ${quoted(summary)}`
  );
  const options = CLIENT_VERBS.flatMap(({ verb }) =>
    clientOptionsOf(verb).map((option) =>
      `complete -c routr -n '__fish_seen_subcommand_from ${verb}' -l ${option.slice(2)}`
    )
  );
  const words = Object.entries({ get: TYPES, delete: TYPES, ...WORDS }).map(([command, list]) =>
    `complete -c routr -n '__fish_seen_subcommand_from ${command}' -f -a '${list}'`
  );
  const server = `complete -c routr -n __fish_use_subcommand -f -a '${SERVER_COMMANDS.join(" ")}'`;
  return `${[server, ...verbs, ...words, ...options].join("\n")}\n`;
}

function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, "\\$&")}'`;
}
