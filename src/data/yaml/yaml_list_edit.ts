import { Turn } from "../../runtime/turn.ts";
import { YamlListParts } from "./yaml_list_parts.ts";
import { readYaml, readYamlList } from "./yaml_reader.ts";
import { CannotEdit } from "./yaml_text_edits.ts";
import { isSameValue, type YamlMapping } from "./yaml_writing.ts";

/** A YAML text and what `readYamlList` found in it. */
export interface DocumentList {
  readonly text: string;
  /** False when the document is a single item, or empty. */
  readonly isList: boolean;
  readonly length: number;
}

/** `index` counts items from 0. */
export type ListChange =
  | { readonly action: "create"; readonly documents: readonly YamlMapping[] }
  | { readonly action: "update"; readonly index: number; readonly document: YamlMapping }
  | { readonly action: "remove"; readonly index: number };

/** Longer texts are not read as a whole to see whether a change came out right, only the part around it. UTF-16 units. */
const MAX_CHECKED_LENGTH = 50_000;
/** What can only be changed as a whole is a pause for everything else, half a second at this length in UTF-16 units. */
const MAX_WHOLE_LENGTH = 500_000;
/** What may be an anchor or an alias, or text or comment that looks like one. */
const ANCHOR_OR_ALIAS = /(?:^|[\s[{,:-])[&*][^\s,[\]{}]/m;
const BYTE_ORDER_MARK = "\ufeff";

/** Some items of a list, and where their text is. */
interface Region {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** The position in the list of the first of them. */
  readonly first: number;
}

/** The document at a position, as `readYaml` reads it; undefined if there is none. */
export async function readListItem(list: DocumentList, index: number): Promise<unknown> {
  const { text } = split(list.text);
  const starts = await findItems(text, list);
  const part = starts.length === 0 ? "" : text.slice(starts[index], starts[index + 1]);
  if (part !== "" && await standsForItself(part)) {
    const { value } = await readYaml(part);
    if (Array.isArray(value) && value.length === 1) return value[0];
  }
  return (await readValues(text))[index];
}

/**
 * The text after a change. What is not concerned stays as it is, byte for byte: comments, order, quotes, line ends.
 * Rejects with `CannotEdit`; what is returned has been read again and found to be right.
 */
export async function changeList(list: DocumentList, change: ListChange): Promise<string> {
  const { mark, text } = split(list.text);
  const region = await regionOf(text, await findItems(text, list), change);
  const before = await readValues(region.text);
  const parts = new YamlListParts(await import("yaml"), {
    text: region.text,
    lineEnd: /\r?\n/.exec(text)?.[0] ?? "\n",
    values: before,
  });
  const changed = await apply(parts, change, region.first);
  const isLast = region.end === text.length;
  if (!isLast && changed !== "" && !changed.endsWith("\n")) throw notRight();
  check(before, await readValues(changed), { change, first: region.first });
  const after = text.slice(0, region.start) + changed + text.slice(region.end);
  if (region.text !== text && text.length <= MAX_CHECKED_LENGTH) {
    check(await readValues(text), await readValues(after), { change, first: 0 });
  }
  return mark + after;
}

async function apply(parts: YamlListParts, change: ListChange, first: number): Promise<string> {
  switch (change.action) {
    case "create":
      return await parts.add(change.documents);
    case "update":
      return parts.replace(change.index - first, change.document);
    case "remove":
      return parts.remove(change.index - first);
  }
}

function split(text: string): { mark: string; text: string } {
  return text.startsWith(BYTE_ORDER_MARK)
    ? { mark: BYTE_ORDER_MARK, text: text.slice(BYTE_ORDER_MARK.length) }
    : { mark: "", text };
}

/**
 * Where the items of a block list begin, in turns with others; none if it is no such list. Lines that begin with its
 * dash are its items if they are as many.
 */
async function findItems(text: string, { isList, length }: DocumentList): Promise<number[]> {
  const indentation = isList && length > 0 ? /^( *)-(?=\s|$)/m.exec(text)?.[1] : undefined;
  if (indentation === undefined) return [];
  const starts: number[] = [];
  const turn = new Turn();
  for (const { index } of text.matchAll(new RegExp(`^${indentation}-(?=\\s|$)`, "gm"))) {
    starts.push(index);
    if (turn.isOver) await turn.next();
  }
  return starts.length === length ? starts : [];
}

/** The item that is concerned with its neighbours, or everything where parts cannot be told from each other. */
async function regionOf(text: string, starts: readonly number[], change: ListChange): Promise<Region> {
  const index = change.action === "create" ? starts.length - 1 : change.index;
  const first = Math.max(0, index - 1);
  if (starts[index] !== undefined) {
    const [start, end] = [starts[first], starts[index + 2] ?? text.length];
    const part = text.slice(start, end);
    if (await standsForItself(part)) return { start, end, text: part, first };
  }
  if (text.length <= MAX_WHOLE_LENGTH) return { start: 0, end: text.length, text, first: 0 };
  throw new CannotEdit(
    "the file is long, and has anchors, aliases or brackets in this place; change it by hand",
  );
}

/** Whether nothing in it refers to something else in the file, or the other way round. */
async function standsForItself(part: string): Promise<boolean> {
  if (!ANCHOR_OR_ALIAS.test(part)) return true;
  const { isAlias, isNode, parseDocument, visit } = await import("yaml");
  let isAlone = true;
  visit(parseDocument(part, { schema: "failsafe", logLevel: "silent" }), (_, node) => {
    if (isAlias(node) || (isNode(node) && node.anchor !== undefined)) isAlone = false;
    return isAlone ? undefined : visit.BREAK;
  });
  return isAlone;
}

async function readValues(text: string): Promise<readonly unknown[]> {
  const { items, problem } = await readYamlList(text, (item) => item);
  if (problem !== undefined) throw notRight();
  return items;
}

function check(
  before: readonly unknown[],
  after: readonly unknown[],
  { change, first }: { change: ListChange; first: number },
): void {
  const expected = [...before];
  if (change.action === "create") expected.push(...change.documents);
  else if (change.action === "update") expected[change.index - first] = change.document;
  else expected.splice(change.index - first, 1);
  if (!isSameValue(expected, after)) throw notRight();
}

function notRight(): CannotEdit {
  return new CannotEdit(
    "it is written in a way that is not understood well enough to change it; change it by hand",
  );
}
