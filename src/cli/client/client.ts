/** `routr get`, `create`, `login` and so on: runs one command against the service. */
import { findAccess, type ProcessContext } from "./access.ts";
import { ApiClient } from "./api_client.ts";
import type { ClientCommand, Verb } from "./client_command.ts";
import { ClientError } from "./client_error.ts";
import type { CommandContext } from "./command_context.ts";
import { unban, why } from "./commands/access.ts";
import { events } from "./commands/events.ts";
import { get, list } from "./commands/lists.ts";
import { login, logout } from "./commands/login.ts";
import { config, info, logs, ping, restart, status, stop } from "./commands/system.ts";
import { apply, create, hangup, remove } from "./commands/writes.ts";
import { printable } from "./table.ts";
import { processTerminal, type Terminal } from "./terminal.ts";

/** The commands that ask a known service. */
const COMMANDS: Readonly<
  Record<Exclude<Verb, "login" | "logout">, (context: CommandContext) => Promise<void>>
> = {
  get,
  create,
  apply,
  delete: remove,
  locate: list,
  registry: list,
  calls: list,
  hangup,
  bans: list,
  unban,
  why,
  events,
  status,
  ping,
  info,
  config,
  logs,
  stop,
  restart,
};

/** Runs a command. Returns the exit status: 0, 1 when it failed, 2 for wrong usage. */
export async function runClient(
  command: ClientCommand,
  context: ProcessContext,
  terminal: Terminal = processTerminal,
): Promise<number> {
  try {
    await run(command, context, terminal);
    return 0;
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    terminal.warn(
      printable(["routr: " + error.message, ...error.details.map((each) => `  ${each}`)].join("\n")),
    );
    return error.exitStatus;
  }
}

async function run(command: ClientCommand, context: ProcessContext, terminal: Terminal): Promise<void> {
  const { verb, options } = command;
  if (options.insecure) {
    terminal.warn("Warning: the certificate of the service is not verified; anybody may be at the other end");
  }
  if (verb === "login") return await login(command, context, terminal);
  if (verb === "logout") return await logout(context, terminal);
  const access = await findAccess(options, context);
  using client = new ApiClient(access);
  await COMMANDS[verb]({ command, client, access, terminal });
}
