/** `routr get`, `locate`, `registry`, `calls` and `bans`: lists as tables or documents. */
import {
  BAN_COLUMNS,
  CALL_COLUMNS,
  ENDED_CALL_COLUMNS,
  LOCATION_COLUMNS,
  locationRows,
  REGISTRY_COLUMNS,
  RESOURCE_COLUMNS,
} from "../columns.ts";
import type { CommandContext } from "../command_context.ts";
import { printed } from "../printed.ts";
import { resourceType } from "../resource_types.ts";
import { type Column, formatTable } from "../table.ts";

interface ListForm {
  readonly columns: readonly Column[];
  /** Returns rows when an item may have several. */
  rowsOf?(items: readonly unknown[]): readonly unknown[];
  /** The message for an empty list. */
  readonly empty: string;
}

/** Lists of other things than resources, by verb. */
const LISTS: Readonly<Record<string, ListForm & { readonly path: string; readonly query?: undefined }>> = {
  locate: {
    path: "/location",
    columns: LOCATION_COLUMNS,
    rowsOf: locationRows,
    empty: "Nobody is registered",
  },
  registry: {
    path: "/registry",
    columns: REGISTRY_COLUMNS,
    empty: "There are no registrations with gateways",
  },
  calls: { path: "/calls", columns: CALL_COLUMNS, empty: "There are no calls" },
  bans: { path: "/bans", columns: BAN_COLUMNS, empty: "Nobody is banned" },
};

const ENDED_CALLS = {
  path: "/calls",
  query: { ended: "true" },
  columns: ENDED_CALL_COLUMNS,
  empty: "No calls have ended since the server has started",
};

export async function get(context: CommandContext): Promise<void> {
  const { client, command: { operands: [name, ref], options, output }, terminal } = context;
  const { kind, collection } = resourceType(name)!;
  const form = { columns: RESOURCE_COLUMNS[kind], empty: `There are no ${collection}` };
  if (ref === undefined) {
    return await show(context, await client.list(`/${collection}`, options.filter), form);
  }
  const { data } = await client.get(`/${collection}/${encodeURIComponent(ref)}`);
  if (output !== "table") terminal.print(await printed(data, output));
  else await show(context, [data], form);
}

export async function list(context: CommandContext): Promise<void> {
  const { verb, options: { ended, filter } } = context.command;
  const { path, query, ...form } = ended ? ENDED_CALLS : LISTS[verb];
  await show(context, await context.client.list(path, filter, query), form);
}

async function show(
  { command: { output }, terminal }: CommandContext,
  items: readonly unknown[],
  { columns, rowsOf = (each) => each, empty }: ListForm,
): Promise<void> {
  if (output !== "table") terminal.print(await printed(items, output));
  // On the standard error, so that scripts count no line.
  else if (items.length === 0) terminal.warn(empty);
  else terminal.print(formatTable(columns, rowsOf(items)));
}
