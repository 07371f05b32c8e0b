// @ts-types="./deno_std_yaml.d.ts"
import { parse } from "@std/yaml/parse";
import { Turn } from "../../runtime/turn.ts";
import { findItemStarts, itemDash } from "./yaml_items.ts";
import { type SyntaxProblem, syntaxProblem } from "./yaml_syntax_problem.ts";

/** Aliases may make a document larger than its text, but not without end. */
const NODES_PER_CHARACTER = 1;
const MIN_NODES = 100_000;
/** Long lists are read in parts of about so many characters, a few milliseconds each, so that others get their turn. */
const PART_LENGTH = 50_000;

/**
 * Reads one YAML document. All scalars are text, as they are written: `secret: 0123` stays `0123`, which YAML would call
 * the number 83; whoever expects a number or a boolean reads the text as one. Entries whose value is empty, `~` or `null`
 * are left out, and `<<` merges. An empty text has the value null.
 */
export async function readYaml(text: string): Promise<{ value: unknown; problem?: SyntaxProblem }> {
  try {
    return { value: parseTidily(text) };
  } catch (error) {
    return { value: undefined, problem: await syntaxProblem(text, error) };
  }
}

export interface ListReading<T> {
  readonly items: readonly T[];
  /** False when the document is a single item, or empty. */
  readonly isList: boolean;
  /** Set when the text is not YAML. */
  readonly problem?: SyntaxProblem;
}

/**
 * Reads a list and converts each of its items; a document that is no list counts as its only item, an empty one as none.
 */
export async function readYamlList<T>(text: string, convert: (item: unknown) => T): Promise<ListReading<T>> {
  const itemsOfParts = await readParts(splitList(text), convert);
  if (itemsOfParts !== undefined) return { items: itemsOfParts, isList: true };
  const { value, problem } = await readYaml(text);
  if (problem !== undefined) return { items: [], isList: false, problem };
  if (Array.isArray(value)) return { items: value.map(convert), isList: true };
  return { items: value === null ? [] : [convert(value)], isList: false };
}

/**
 * A long list as several lists; none if the text is short or begins with something else. An alias of an anchor in another
 * part makes reading that part fail, which sees to it that the whole is read.
 */
function splitList(text: string): string[] {
  if (text.length <= PART_LENGTH) return [];
  const dash = itemDash(text);
  const first = dash?.exec(text)?.index;
  if (!dash || first === undefined || !hasOnlyComments(text.slice(0, first))) return [];
  const parts: string[] = [];
  let begin = 0;
  // Not all items are looked for: in a large text that takes long.
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

/** Undefined when the parts are not lists after all: reading the whole tells what is wrong. */
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
      return parseTidily(part);
    } catch {
      return undefined;
    }
  }
}

function parseTidily(text: string): unknown {
  const document = parse(text, { schema: "failsafe" });
  tidy(document, MIN_NODES + NODES_PER_CHARACTER * text.length);
  return isNull(document) ? null : document;
}

/** Drops empty entries and resolves merge keys, in place; bounds what aliases and nesting can grow to. */
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
 * Adds the entries of the mappings that `<<` names, where the mapping has none of its own (YAML merge key).
 * @param count told of the entries before they are looked at
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
      // Assigned, it would be the prototype.
      if (key === "__proto__") Object.defineProperty(mapping, key, { value, enumerable: true });
      else mapping[key] = value;
    }
  }
}

function isNull(value: unknown): boolean {
  return value === null || value === "~" || value === "null" || value === "Null" || value === "NULL";
}
