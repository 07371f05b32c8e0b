/** `routr create -f`, `apply -f`, `delete` and `hangup`. */
import type { Kind } from "../../../data/resource.ts";
import { ApiError, ClientError } from "../client_error.ts";
import type { CommandContext } from "../command_context.ts";
import { byType, readDocuments, type ResourceDocument, type TypedDocument } from "../documents.ts";
import { findRef, keyOf } from "../natural_key.ts";
import { compareKinds, type ResourceType, resourceType } from "../resource_types.ts";
import { RESOURCE_COLUMNS } from "../columns.ts";
import { formatTable, printable, valueAtPath } from "../table.ts";

export async function create(context: CommandContext): Promise<void> {
  await createAll(context, await readDocuments(context.command.options.file!));
}

/**
 * Creates resources of a file, or changes the properties that it has. `--prune` deletes other resources of the kinds in
 * the file; `--dry-run` changes nothing.
 */
export async function apply(context: CommandContext): Promise<void> {
  const { client, command: { options }, terminal } = context;
  if (options.prune && !options["dry-run"]) refuseUnlessAsked(context);
  const kept = new Map<Kind, KeptResources>();
  for (const { type, documents } of byType(await readDocuments(options.file!))) {
    const missing: TypedDocument[] = [];
    const { refs }: KeptResources = kept.get(type.kind) ?? { type, refs: new Set() };
    kept.set(type.kind, { type, refs });
    for (const document of documents) {
      const ref = await findRef(client, { type, document });
      if (ref === undefined) {
        missing.push({ type, document });
        continue;
      }
      refs.add(ref);
      if (!options["dry-run"]) await client.put(pathOf(type, ref), withRef(document, ref));
      terminal.print(`${nameOf(type, ref)} ${options["dry-run"] ? "would be changed" : "changed"}`);
    }
    if (options["dry-run"]) {
      for (const { document } of missing) {
        terminal.print(`${nameOf(type, keyOf(type, document))} would be created`);
      }
    } else for (const ref of await createAll(context, missing)) refs.add(ref);
  }
  if (options.prune) await prune(context, kept);
}

/** The resources of a kind that are not pruned. */
interface KeptResources {
  readonly type: ResourceType;
  readonly refs: Set<string>;
}

/** Deletes resources that are not kept, those that refer to others first. */
async function prune(context: CommandContext, kept: ReadonlyMap<Kind, KeptResources>): Promise<void> {
  const { client, command: { options }, terminal } = context;
  const groups = [...kept.values()].sort((a, b) => compareKinds(b.type.kind, a.type.kind));
  for (const { type, refs } of groups) {
    const items = await client.list(`/${type.collection}`);
    const rest = items.filter((item) => !refs.has(String(valueAtPath(item, "metadata.ref"))));
    if (rest.length === 0) continue;
    if (options["dry-run"]) {
      for (const item of rest) {
        terminal.print(`${nameOf(type, valueAtPath(item, "metadata.ref"))} would be deleted`);
      }
      continue;
    }
    await removeAll(context, type, rest);
  }
}

export async function remove(context: CommandContext): Promise<void> {
  const { client, command: { operands: [name, ref], options }, terminal } = context;
  const type = resourceType(name)!;
  if (ref !== undefined) return await removeOne(context, type, ref);
  const items = await client.list(`/${type.collection}`, options.filter);
  if (items.length === 0) return terminal.warn(`There are no such ${type.collection}`);
  await removeAll(context, type, items);
}

/** Asks, then deletes as many as possible. */
async function removeAll(
  context: CommandContext,
  type: ResourceType,
  items: readonly unknown[],
): Promise<void> {
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

/** Creates resources of a type, all or none where the service can. Returns their refs. */
async function createAll(
  { client, terminal }: CommandContext,
  documents: readonly TypedDocument[],
): Promise<string[]> {
  const refs: string[] = [];
  const takesLists = documents.length > 1 && await client.takesLists();
  for (const { type, documents: ofType } of byType(documents)) {
    const path = `/${type.collection}`;
    const created = (ref: unknown) => {
      refs.push(String(ref));
      terminal.print(`${nameOf(type, ref)} created`);
    };
    if (takesLists && ofType.length > 1) {
      const { data } = await client.post(path, { json: ofType });
      for (const ref of Array.isArray(data) ? data : []) created(ref);
      continue;
    }
    for (const document of ofType) created((await client.post(path, { json: document })).data);
  }
  return refs;
}

async function removeOne(
  { client, terminal }: CommandContext,
  type: ResourceType,
  ref: string,
): Promise<void> {
  await client.delete(pathOf(type, ref));
  terminal.print(`${nameOf(type, ref)} deleted`);
}

/** Throws a `ClientError` when nobody has confirmed a deletion and nobody can be asked. */
function refuseUnlessAsked({ command: { options }, terminal }: CommandContext): void {
  if (options.yes || terminal.isInteractive) return;
  throw new ClientError("Nobody can be asked here: --yes deletes without asking", { exitStatus: 2 });
}

async function confirm(
  context: CommandContext,
  { kind, collection }: ResourceType,
  items: readonly unknown[],
): Promise<void> {
  const { command: { options }, terminal } = context;
  if (options.yes) return;
  refuseUnlessAsked(context);
  terminal.warn(formatTable(RESOURCE_COLUMNS[kind], items));
  const answer = await terminal.ask(`Delete these ${items.length} ${collection}? (yes/no) `);
  if (!/^y(?:es)?$/i.test(answer.trim())) throw new ClientError("Nothing was deleted");
}

/** Adds the ref, which later releases of Routr v1 expect in the body. */
function withRef(document: ResourceDocument, ref: string): ResourceDocument {
  const { metadata } = document;
  return { ...document, metadata: { ...typeof metadata === "object" && metadata, ref } };
}

function pathOf({ collection }: ResourceType, ref: string): string {
  return `/${collection}/${encodeURIComponent(ref)}`;
}

/** Returns a name such as `agent/ag3f77f6`. */
function nameOf({ collection }: ResourceType, ref: unknown): string {
  return printable(`${collection.slice(0, -1)}/${ref}`);
}

export async function hangup(
  { client, command: { operands: [id] }, terminal }: CommandContext,
): Promise<void> {
  await client.delete(`/calls/${encodeURIComponent(id)}`);
  terminal.print(printable(`call ${id} ended`));
}
