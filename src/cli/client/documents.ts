/** Resource files of `create` and `apply`: YAML or JSON, one document or a list. */
import { readYaml } from "../../data/yaml/yaml_reader.ts";
import { isMapping } from "../../runtime/mapping.ts";
import { ClientError } from "./client_error.ts";
import { compareKinds, type ResourceType, resourceType, unknownType } from "./resource_types.ts";

export type ResourceDocument = Readonly<Record<string, unknown>>;

export interface TypedDocument {
  readonly type: ResourceType;
  readonly document: ResourceDocument;
}

/**
 * Reads documents, those that others refer to first. `-` is the standard input. Throws a `ClientError` with all faults.
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

/** Groups consecutive documents of one type. */
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

/**
 * Reads a file. JSON keeps numbers and nulls, which remove properties; scalars of YAML are texts, as in resource files.
 */
async function readValue(text: string, name: string): Promise<unknown> {
  if (/^\s*[[{]/.test(text)) {
    try {
      return JSON.parse(text);
    } catch {
      // A YAML flow collection also begins with a bracket.
    }
  }
  const { value, problem } = await readYaml(text);
  if (problem === undefined) return value;
  const { position, found, expected } = problem;
  const at = position === undefined ? name : `${name}:${position.line}:${position.column}`;
  throw new ClientError(`${at}: found ${found}, expected ${expected}`);
}

function typedDocument(item: unknown): TypedDocument | string {
  if (!isMapping(item)) return "expected a mapping with apiVersion, kind, metadata and spec";
  const { kind } = item;
  if (typeof kind !== "string") return "the kind is missing";
  const type = resourceType(kind);
  return type === undefined ? unknownType(kind) : { type, document: item };
}
