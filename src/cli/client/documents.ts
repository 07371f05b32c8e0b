/** Files of resources, as `create` and `apply` read them: YAML or JSON, one document or a list. */
import { readYaml } from "../../data/yaml/yaml_reader.ts";
import { ClientError } from "./client_error.ts";
import { compareKinds, type ResourceType, resourceType, unknownType } from "./resource_types.ts";

export type ResourceDocument = Readonly<Record<string, unknown>>;

export interface TypedDocument {
  readonly type: ResourceType;
  readonly document: ResourceDocument;
}

/**
 * In the order in which they can be created: what others refer to comes first. `-` is the standard input. Throws
 * `ClientError` that names everything that is wrong.
 */
export async function readDocuments(file: string): Promise<TypedDocument[]> {
  const name = file === "-" ? "the standard input" : file;
  const value = await readValue(await readText(file), name);
  const items: readonly unknown[] = Array.isArray(value) ? value : value === null ? [] : [value];
  if (items.length === 0) throw new ClientError(`There is nothing in ${name}`);
  const details: string[] = [];
  const documents = items.flatMap((item, i) => {
    const typed = typedDocument(item);
    if (typeof typed !== "string") return [typed];
    details.push(`/${i}: ${typed}`);
    return [];
  });
  if (details.length > 0) throw new ClientError(`Cannot use ${name}`, { details });
  return documents.sort((a, b) => compareKinds(a.type.kind, b.type.kind));
}

/** Runs of one type, in their order. */
export function byType(
  documents: readonly TypedDocument[],
): { type: ResourceType; documents: ResourceDocument[] }[] {
  const groups = Map.groupBy(documents, ({ type }) => type.collection);
  return [...groups.values()].map((group) => ({
    type: group[0].type,
    documents: group.map(({ document }) => document),
  }));
}

async function readText(file: string): Promise<string> {
  try {
    if (file !== "-") return await Deno.readTextFile(file);
    return await new Response(Deno.stdin.readable).text();
  } catch (error) {
    throw new ClientError(`Cannot read ${file}: ${error instanceof Error ? error.message : error}`);
  }
}

/** JSON keeps its numbers and its nulls, which take properties away; of YAML all scalars are text, as files have them. */
async function readValue(text: string, name: string): Promise<unknown> {
  if (/^\s*[[{]/.test(text)) {
    try {
      return JSON.parse(text);
    } catch {
      // Brackets are YAML as well.
    }
  }
  const { value, problem } = await readYaml(text);
  if (problem === undefined) return value;
  const { position, found, expected } = problem;
  const place = position === undefined ? name : `${name}:${position.line}:${position.column}`;
  throw new ClientError(`${place}: found ${found}, expected ${expected}`);
}

function typedDocument(item: unknown): TypedDocument | string {
  if (typeof item !== "object" || item === null || Array.isArray(item)) {
    return "expected a mapping with apiVersion, kind, metadata and spec";
  }
  const { kind } = item as ResourceDocument;
  if (typeof kind !== "string") return "the kind is missing";
  const type = resourceType(kind);
  return type === undefined ? unknownType(kind) : { type, document: item as ResourceDocument };
}
