/** `routr unban` and `routr why`: who is kept out, and why. */
import { isMapping } from "../../../runtime/mapping.ts";
import { ApiError, ClientError } from "../client_error.ts";
import { REFUSAL_COLUMNS } from "../columns.ts";
import type { CommandContext } from "../command_context.ts";
import { printed } from "../printed.ts";
import { formatTable, printable } from "../table.ts";

/** Lifts as many bans as there are. */
export async function unban(
  { client, command: { operands }, terminal }: CommandContext,
): Promise<void> {
  const refusals: string[] = [];
  for (const address of operands) {
    try {
      await client.delete(`/bans/${encodeURIComponent(address)}`);
      terminal.print(printable(`${address} is not banned any more`));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      refusals.push(`${address}: ${error.message}`);
    }
  }
  if (refusals.length === 0) return;
  throw new ClientError(`${refusals.length} of ${operands.length} could not be lifted`, {
    details: refusals,
  });
}

/** Prints the verdict, then what it is based on. */
export async function why({ client, command, terminal }: CommandContext): Promise<void> {
  const { operands: [what], output } = command;
  const { data } = await client.get(`/why/${encodeURIComponent(what)}`);
  if (output !== "table") return terminal.print(await printed(data, output));
  if (!isMapping(data) || typeof data.summary !== "string") {
    throw new ClientError("The service has answered without a verdict");
  }
  const { summary, facts, refusals } = data;
  const told = (Array.isArray(facts) ? facts : []).map((fact) => `- ${fact}`);
  terminal.print(printable([`${summary}.`, "", ...told].join("\n")));
  if (!Array.isArray(refusals) || refusals.length === 0) return;
  terminal.print(`\nRefused lately:\n${formatTable(REFUSAL_COLUMNS, refusals)}`);
}
