/** `routr create -f`, `apply -f` and `delete`. */
import { ApiError, ClientError } from "../client_error.ts";
import type { CommandContext } from "../command_context.ts";
import { byType, readDocuments, type ResourceDocument, type TypedDocument } from "../documents.ts";
import { findRef } from "../natural_key.ts";
import { type ResourceType, resourceType } from "../resource_types.ts";
import { RESOURCE_COLUMNS } from "../columns.ts";
import { formatTable, printable, valueAtPath } from "../table.ts";

export async function create(context: CommandContext): Promise<void> {
  await createAll(context, await readDocuments(context.command.options.file!));
}

/** What there is gets the properties that the file has, and keeps its others. */
export async function apply(context: CommandContext): Promise<void> {
  const { client, command: { options }, terminal } = context;
  for (const { type, documents } of byType(await readDocuments(options.file!))) {
    const missing: TypedDocument[] = [];
    for (const document of documents) {
      const ref = await findRef(client, { type, document });
      if (ref === undefined) {
        missing.push({ type, document });
        continue;
      }
      await client.put(pathOf(type, ref), withRef(document, ref));
      terminal.print(`${nameOf(type, ref)} changed`);
    }
    await createAll(context, missing);
  }
}

export async function remove(context: CommandContext): Promise<void> {
  const { client, command: { operands: [name, ref], options }, terminal } = context;
  const type = resourceType(name)!;
  if (ref !== undefined) return await removeOne(context, type, ref);
  const items = await client.list(`/${type.collection}`, options.filter);
  if (items.length === 0) return terminal.warn(`There are no such ${type.collection}`);
  await confirm(context, type, items);
  const refusals: string[] = [];
  for (const item of items) {
    const ref = String(valueAtPath(item, "metadata.ref"));
    try {
      await removeOne(context, type, ref);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      refusals.push(`${nameOf(type, ref)}: ${error.message}`);
    }
  }
  if (refusals.length > 0) {
    throw new ClientError(`${refusals.length} of ${items.length} could not be deleted`, {
      details: refusals,
    });
  }
}

/** All of a type at once where the service can do so: all or none. */
async function createAll(
  { client, terminal }: CommandContext,
  documents: readonly TypedDocument[],
): Promise<void> {
  const takesLists = documents.length > 1 && await client.takesLists();
  for (const { type, documents: ofType } of byType(documents)) {
    const path = `/${type.collection}`;
    const created = (ref: unknown) => terminal.print(`${nameOf(type, ref)} created`);
    if (takesLists && ofType.length > 1) {
      const { data } = await client.post(path, { json: ofType });
      for (const ref of Array.isArray(data) ? data : []) created(ref);
      continue;
    }
    for (const document of ofType) created((await client.post(path, { json: document })).data);
  }
}

async function removeOne(
  { client, terminal }: CommandContext,
  type: ResourceType,
  ref: string,
): Promise<void> {
  await client.delete(pathOf(type, ref));
  terminal.print(`${nameOf(type, ref)} deleted`);
}

async function confirm(
  { command: { options }, terminal }: CommandContext,
  { kind, collection }: ResourceType,
  items: readonly unknown[],
): Promise<void> {
  if (options.yes) return;
  if (!terminal.isInteractive) {
    throw new ClientError("Nobody can be asked here: --yes deletes without asking", { exitStatus: 2 });
  }
  terminal.warn(formatTable(RESOURCE_COLUMNS[kind], items));
  const answer = await terminal.ask(`Delete these ${items.length} ${collection}? (yes/no) `);
  if (!/^y(?:es)?$/i.test(answer.trim())) throw new ClientError("Nothing was deleted");
}

/** Late releases of Routr v1 look for it in the body. */
function withRef(document: ResourceDocument, ref: string): ResourceDocument {
  const { metadata } = document;
  return { ...document, metadata: { ...typeof metadata === "object" && metadata, ref } };
}

function pathOf({ collection }: ResourceType, ref: string): string {
  return `/${collection}/${encodeURIComponent(ref)}`;
}

/** `agent/ag3f77f6` */
function nameOf({ collection }: ResourceType, ref: unknown): string {
  return printable(`${collection.slice(0, -1)}/${ref}`);
}
