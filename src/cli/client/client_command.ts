/** The client's commands on the command line. */
import type { ParseArgsConfig } from "node:util";
import { resourceType, unknownType } from "./resource_types.ts";

export type Output = "table" | "json" | "yaml";

/** The options of all commands. */
export const CLIENT_OPTIONS = {
  url: { type: "string" },
  token: { type: "string" },
  cacert: { type: "string" },
  insecure: { type: "boolean" },
  user: { type: "string", short: "u" },
  secret: { type: "string", short: "p" },
  file: { type: "string", short: "f" },
  filter: { type: "string" },
  output: { type: "string", short: "o" },
  types: { type: "string" },
  yes: { type: "boolean", short: "y" },
  now: { type: "boolean" },
  ended: { type: "boolean" },
  prune: { type: "boolean" },
  "dry-run": { type: "boolean" },
} as const satisfies ParseArgsConfig["options"];

type OptionName = keyof typeof CLIENT_OPTIONS;

/** The values of the given options. */
export type ClientOptions = {
  readonly [Name in OptionName]?: (typeof CLIENT_OPTIONS)[Name]["type"] extends "boolean" ? boolean : string;
};

export interface ClientCommand {
  readonly kind: "client";
  readonly verb: Verb;
  readonly operands: readonly string[];
  readonly options: ClientOptions;
  /** The value of `-o`; `table` by default. */
  readonly output: Output;
}

interface VerbDefinition {
  /** The operands in order; optional ones in brackets, and the last one with `…` as often as one likes. */
  readonly operands?: readonly string[];
  /** The rest of the usage line. */
  readonly usage: string;
  readonly summary: string;
  readonly options?: readonly OptionName[];
  readonly alias?: string;
}

const VERBS = {
  login: {
    operands: ["URL"],
    usage: "-u USER [-p SECRET]",
    summary: "get and keep a token; the secret is asked for unless given here or by $ROUTR_SECRET",
    options: ["user", "secret"],
  },
  logout: { usage: "", summary: "forget the token" },
  get: {
    operands: ["TYPE", "[REF]"],
    usage: "[--filter F] [-o json|yaml]",
    summary: "list agents, domains, peers, gateways, dids (numbers) or users",
    options: ["filter", "output"],
  },
  create: {
    usage: "-f FILE",
    summary: "create the resources of a file, YAML or JSON; - is the standard input",
    options: ["file"],
    alias: "crea",
  },
  apply: {
    usage: "-f FILE [--dry-run] [--prune] [--yes]",
    summary: "change existing resources, create missing ones; --prune deletes those not in the file",
    options: ["file", "dry-run", "prune", "yes"],
  },
  delete: {
    operands: ["TYPE", "[REF]"],
    usage: "[--filter F] [--yes]",
    summary: "delete one, or all that match after a question",
    options: ["filter", "yes"],
    alias: "del",
  },
  locate: {
    usage: "[--filter F] [-o json|yaml]",
    summary: "list registered devices",
    options: ["filter", "output"],
    alias: "loc",
  },
  registry: {
    usage: "[--filter F] [-o json|yaml]",
    summary: "list the server's registrations with gateways",
    options: ["filter", "output"],
    alias: "reg",
  },
  calls: {
    usage: "[--ended] [--filter F] [-o json|yaml]",
    summary: "list current calls, or those that ended or failed, and why",
    options: ["ended", "filter", "output"],
  },
  hangup: { operands: ["ID"], usage: "", summary: "end a call, by its ID in the list of calls" },
  bans: {
    usage: "[--filter F] [-o json|yaml]",
    summary: "list banned addresses",
    options: ["filter", "output"],
  },
  unban: {
    operands: ["ADDRESS…"],
    usage: "",
    summary: "lift the bans of addresses",
  },
  why: {
    operands: ["WHAT"],
    usage: "[-o json|yaml]",
    summary: "tell why the phone at an address, or of a user such as 1001 or 1001@sip.local, is not served",
    options: ["output"],
  },
  events: {
    usage: "[--types call.,gateway.] [-o json]",
    summary: "follow events",
    options: ["types", "output"],
  },
  status: { usage: "[-o json|yaml]", summary: "tell whether the server is up", options: ["output"] },
  ping: { usage: "", summary: "like status, with the time it took" },
  info: { usage: "[-o json|yaml]", summary: "version and environment of the server", options: ["output"] },
  config: { usage: "[-o json|yaml]", summary: "configuration of the server", options: ["output"] },
  logs: { usage: "", summary: "last lines of the log" },
  stop: { usage: "[--now]", summary: "stop the server; --now does not wait for calls", options: ["now"] },
  restart: { usage: "[--now]", summary: "restart the server", options: ["now"] },
} as const satisfies Readonly<Record<string, VerbDefinition>>;

/** The help for each option, with the word for its value. */
const OPTION_HELP: Readonly<Record<OptionName, string>> = {
  url: "--url URL           the service; otherwise $ROUTR_URL, or that of the login",
  token: "--token TOKEN       the token; otherwise $ROUTR_TOKEN, or that of the login",
  cacert: "--cacert FILE       the authority of the service's certificate, in PEM",
  insecure: "--insecure          accept any certificate: anybody may be at the other end",
  user: "-u, --user USER     the name of a user",
  secret: "-p, --secret SECRET its secret; others on this host may see it, but not $ROUTR_SECRET",
  file: "-f, --file FILE     YAML or JSON: one resource or a list of them; - is the standard input",
  filter:
    "--filter F          only items that match, such as \"@.spec.credentials.username=='1001'\"; '*' is all",
  output: "-o, --output FORM   json or yaml instead of a table",
  types: "--types A,B         only events whose types begin with A or B, such as call.,gateway.",
  yes: "-y, --yes           delete without asking",
  now: "--now               do not wait for calls that are being set up",
  ended: "--ended             the last thousand ended or failed calls",
  prune: "--prune             delete other resources of the kinds in the file",
  "dry-run": "--dry-run           print the changes without making them",
};

export type Verb = keyof typeof VERBS;

const DEFINITIONS: Readonly<Record<string, VerbDefinition>> = VERBS;

/** Options that commands without a connection, or with a URL as an operand, do not have. */
const CONNECTION_OPTIONS: readonly OptionName[] = ["url", "token", "cacert", "insecure"];
const OWN_CONNECTION: Readonly<Partial<Record<Verb, readonly OptionName[]>>> = {
  login: ["cacert", "insecure"],
  logout: [],
};

export const CLIENT_USAGE = Object.entries(DEFINITIONS)
  .map(([verb, { summary }]) => `  ${usageOf(verb).padEnd(46)}  ${summary}`)
  .join("\n");

/** The verbs with their summaries, for completion. */
export const CLIENT_VERBS: readonly { readonly verb: string; readonly summary: string }[] = Object.entries(
  DEFINITIONS,
)
  .map(([verb, { summary }]) => ({ verb, summary }));

/** Returns the options of a verb as users type them: `--file`. */
export function clientOptionsOf(verb: string): readonly string[] {
  return optionsOf(verb as Verb).map((name) => `--${name}`);
}

/** Returns the help for a command; undefined when the client has no such command. */
export function clientHelp(name: string): string | undefined {
  const verb = verbOf(name);
  if (verb === undefined) return undefined;
  const { summary, alias } = DEFINITIONS[verb];
  const options = optionsOf(verb).map((option) => `  ${OPTION_HELP[option]}`);
  return [
    `Usage: routr ${usageOf(verb)}`,
    ...alias === undefined ? [] : [`       routr ${alias} …`],
    "",
    `${summary[0].toUpperCase()}${summary.slice(1)}.`,
    ...options.length > 0 ? ["", ...options] : [],
  ].join("\n");
}

function verbOf(name: string): Verb | undefined {
  return Object.keys(DEFINITIONS).find((each) => each === name || DEFINITIONS[each].alias === name) as
    | Verb
    | undefined;
}

function optionsOf(verb: Verb): readonly OptionName[] {
  return [...DEFINITIONS[verb].options ?? [], ...OWN_CONNECTION[verb] ?? CONNECTION_OPTIONS];
}

/** Reads a command; undefined when the client has no such command. Throws a TypeError for wrong usage. */
export function readClientCommand(
  name: string,
  operands: readonly string[],
  options: ClientOptions,
): ClientCommand | undefined {
  const verb = verbOf(name);
  if (verb === undefined) return undefined;
  checkOperands(verb, operands);
  checkOptions(verb, operands, options);
  return { kind: "client", verb, operands, options, output: readOutput(options.output) };
}

function checkOperands(verb: Verb, operands: readonly string[]): void {
  const words = DEFINITIONS[verb].operands ?? [];
  const missing = words.filter((word) => !word.startsWith("["))[operands.length];
  if (missing !== undefined) {
    throw new TypeError(`${missing.replace("…", "")} is missing: routr ${usageOf(verb)}`);
  }
  const isOpen = words.at(-1)?.endsWith("…") === true;
  if (operands.length > words.length && !isOpen) {
    throw new TypeError(`Unexpected argument "${operands[words.length]}"`);
  }
  if (words[0] === "TYPE" && resourceType(operands[0]) === undefined) {
    throw new TypeError(unknownType(operands[0]));
  }
}

function checkOptions(verb: Verb, operands: readonly string[], options: ClientOptions): void {
  const own = DEFINITIONS[verb].options ?? [];
  const known = optionsOf(verb);
  const foreign = Object.keys(options).find((option) => !known.includes(option as OptionName));
  if (foreign !== undefined) throw new TypeError(`--${foreign} is not for ${verb}: routr ${usageOf(verb)}`);
  if (own.includes("file") && !options.file) throw new TypeError(`-f is missing: routr ${usageOf(verb)}`);
  if (operands.length > 1 && options.filter !== undefined) {
    throw new TypeError("Either REF or --filter, not both");
  }
  if (verb === "delete" && operands.length < 2 && !options.filter) {
    throw new TypeError(`Which ones? Name a REF, or --filter; --filter '*' is all: routr ${usageOf(verb)}`);
  }
}

function readOutput(text: string | undefined): Output {
  if (text === undefined || text === "table" || text === "json" || text === "yaml") return text ?? "table";
  throw new TypeError(`Unknown output "${text}", expected json or yaml`);
}

function usageOf(verb: string): string {
  const { operands = [], usage } = DEFINITIONS[verb];
  return [verb, ...operands, usage].filter((word) => word !== "").join(" ");
}
