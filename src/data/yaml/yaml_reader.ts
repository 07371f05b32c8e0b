// @ts-types="./deno_std_yaml.d.ts"
import { parse } from "@std/yaml/parse";
import { Turn } from "../../runtime/turn.ts";
import { findItemStarts, itemDash } from "./yaml_items.ts";
import { type SyntaxProblem, syntaxProblem } from "./yaml_syntax_problem.ts";

/** Limits the growth of a document by aliases. */
const NODES_PER_CHARACTER = 1;
const MIN_NODES = 100_000;
/** Long lists are read in parts of a few milliseconds, in turns with other tasks. */
const PART_LENGTH = 50_000;

/**
 * Reads one YAML document. All scalars stay text, as written: `secret: 0123` is `0123`, which YAML would read as 83.
 * Entries with an empty value, `~` or `null` are left out, and `<<` merges. An empty text has the value null.
 */
export async function readYaml(text: string): Promise<{ value: unknown; problem?: SyntaxProblem }> {
  try {
    return { value: parseAndTidy(text) };
  } catch (error) {
    return { value: undefined, problem: await syntaxProblem(text, error) };
  }
}

export interface ListReading<T> {
  readonly items: readonly T[];
  /** False for a single item, and for an empty document. */
  readonly isList: boolean;
  /** Set when the text is not YAML. */
  readonly problem?: SyntaxProblem;
}

/** Reads a list and converts its items; another document counts as the only item, an empty one as none. */
export async function readYamlList<T>(text: string, convert: (item: unknown) => T): Promise<ListReading<T>> {
  const itemsOfParts = await readParts(splitList(text), convert);
  if (itemsOfParts !== undefined) return { items: itemsOfParts, isList: true };
  const { value, problem } = await readYaml(text);
  if (problem !== undefined) return { items: [], isList: false, problem };
  if (Array.isArray(value)) return { items: value.map(convert), isList: true };
  return { items: value === null ? [] : [convert(value)], isList: false };
}

/**
 * Splits a long list into several; none for a short text or another document. A part with an alias into another part
 * cannot be read, and then the whole text is read.
 */
function splitList(text: string): string[] {
  if (text.length <= PART_LENGTH) return [];
  const dash = itemDash(text);
  const first = dash?.exec(text)?.index;
  if (!dash || first === undefined || !hasOnlyComments(text.slice(0, first))) return [];
  const parts: string[] = [];
  let begin = 0;
  // Finding all items of a large text takes long.
  for (dash.lastIndex = PART_LENGTH; begin < text.length; dash.lastIndex = begin + PART_LENGTH) {
    const end = dash.exec(text)?.index ?? text.length;
    parts.push(text.slice(begin, end));
    begin = end;
  }
  return parts;
}

function hasOnlyComments(text: string): boolean {
  return text.split("\n").every((line) => /^\s*(#.*)?$|^---\s*$/.test(line));
}

/** Returns undefined when the parts are not lists: reading the whole text finds the mistake. */
async function readParts<T>(parts: string[], convert: (item: unknown) => T): Promise<T[] | undefined> {
  if (parts.length === 0) return undefined;
  const items: T[] = [];
  const turn = new Turn();
  for (const part of parts) {
    if (turn.isOver) await turn.next();
    const list = attempt(part);
    if (!Array.isArray(list) || list.length !== findItemStarts(part).length) return undefined;
    for (const item of list) items.push(convert(item));
  }
  return items;

  function attempt(part: string): unknown {
    try {
      return parseAndTidy(part);
    } catch {
      return undefined;
    }
  }
}

function parseAndTidy(text: string): unknown {
  const document = parse(text, { schema: "failsafe" });
  tidy(document, MIN_NODES + NODES_PER_CHARACTER * text.length);
  return isNull(document) ? null : document;
}

/** Drops empty entries and resolves merge keys, in place; limits aliases and nesting. */
function tidy(document: unknown, mostNodes: number): void {
  let nodes = 0;

  function count(more: number): void {
    nodes += more;
    if (nodes > mostNodes) throw new RangeError("Cannot read YAML: aliases make it too large");
  }

  function visit(node: unknown): void {
    count(1);
    if (typeof node !== "object" || node === null) return;
    if (Array.isArray(node)) return node.forEach(visit);
    const mapping = node as Record<string, unknown>;
    if (Object.hasOwn(mapping, "<<")) merge(mapping, count);
    for (const key of Object.keys(mapping)) {
      if (isNull(mapping[key])) delete mapping[key];
      else visit(mapping[key]);
    }
  }

  visit(document);
}

/**
 * Adds the entries of the mappings under `<<`, where the mapping has none of its own (YAML merge key).
 * @param count called with the number of entries before they are examined
 */
function merge(mapping: Record<string, unknown>, count: (entries: number) => void): void {
  const merged = mapping["<<"];
  const sources = Array.isArray(merged) ? merged : [merged];
  if (!sources.every((source) => typeof source === "object" && source !== null && !Array.isArray(source))) {
    return;
  }
  delete mapping["<<"];
  for (const source of sources) {
    const entries = Object.entries(source);
    count(1 + entries.length);
    for (const [key, value] of entries) {
      if (Object.hasOwn(mapping, key)) continue;
      // An assignment would set the prototype.
      if (key === "__proto__") Object.defineProperty(mapping, key, { value, enumerable: true });
      else mapping[key] = value;
    }
  }
}

function isNull(value: unknown): boolean {
  return value === null || value === "~" || value === "null" || value === "Null" || value === "NULL";
}
