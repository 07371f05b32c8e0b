/** `routr status`, `ping`, `info`, `config`, `logs`, `stop` and `restart`. */
import { ClientError } from "../client_error.ts";
import type { CommandContext } from "../command_context.ts";
import { printed } from "../printed.ts";
import { printable, valueAtPath } from "../table.ts";
import { isMapping } from "../../../runtime/mapping.ts";

export async function status({ client, command: { output }, terminal }: CommandContext): Promise<void> {
  const { body } = await client.get("/system/status");
  terminal.print(output === "table" ? stateIn(body) : await printed({ status: stateIn(body) }, output));
}

export async function ping({ client, access, terminal }: CommandContext): Promise<void> {
  const begin = performance.now();
  const { body } = await client.get("/system/status");
  const milliseconds = Math.ceil(performance.now() - begin);
  terminal.print(`${access.apiUrl} is ${stateIn(body)} (${milliseconds} ms)`);
}

export async function info({ client, command: { output }, terminal }: CommandContext): Promise<void> {
  const { data } = await client.get("/system/info");
  if (output !== "table") return terminal.print(await printed(data, output));
  const { env, upSince, ...facts } = isMapping(data) ? data : {};
  const lines = Object.entries(facts)
    // Early services answer without an envelope.
    .filter(([name, value]) => typeof value === "string" && name !== "message")
    .map(([name, value]) => `${name}: ${value}`);
  if (typeof upSince === "number") lines.push(`upSince: ${new Date(upSince).toISOString()}`);
  for (const variable of Array.isArray(env) ? env : []) {
    const value = valueAtPath(variable, "value");
    if (value !== null && value !== "") lines.push(`${valueAtPath(variable, "var")}=${value}`);
  }
  terminal.print(printable(lines.join("\n")));
}

export async function config({ client, command: { output }, terminal }: CommandContext): Promise<void> {
  const { data } = await client.get("/system/config");
  terminal.print(await printed(data, output === "table" ? "yaml" : output));
}

export async function logs({ client, terminal }: CommandContext): Promise<void> {
  const { data } = await client.get("/system/logs");
  if (typeof data !== "string") throw new ClientError("The service has answered without a log");
  terminal.print(printable(data.trimEnd()));
}

export function stop(context: CommandContext): Promise<void> {
  return end(context, "down");
}

export function restart(context: CommandContext): Promise<void> {
  return end(context, "restarting");
}

async function end({ client, command, terminal }: CommandContext, state: string): Promise<void> {
  const query = command.options.now ? { now: "true" } : {};
  const { message } = await client.post(`/system/status/${state}`, { query });
  terminal.print(printable(message));
}

/** Returns the state, which early services have as `status`, later ones as `message`. */
function stateIn(body: unknown): string {
  const [status, message] = ["status", "message"].map((name) => valueAtPath(body, name));
  const state = typeof status === "string" && Number.isNaN(Number(status)) ? status : message;
  if (typeof state !== "string") throw new ClientError("The service has answered without its status");
  return printable(state.toLowerCase());
}
