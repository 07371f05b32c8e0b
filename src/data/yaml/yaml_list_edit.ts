import { Turn } from "../../runtime/turn.ts";
import { YamlListParts } from "./yaml_list_parts.ts";
import { readYaml, readYamlList } from "./yaml_reader.ts";
import { CannotEdit } from "./yaml_text_edits.ts";
import { isSameValue, type YamlMapping } from "./yaml_writing.ts";

/** A YAML text and the result of `readYamlList`. */
export interface DocumentList {
  readonly text: string;
  /** False for a single item, and for an empty document. */
  readonly isList: boolean;
  readonly length: number;
}

/** `index` counts from 0. */
export type ListChange =
  | { readonly action: "create"; readonly documents: readonly YamlMapping[] }
  | { readonly action: "update"; readonly index: number; readonly document: YamlMapping }
  | { readonly action: "remove"; readonly index: number };

/** In UTF-16 units. Of longer texts, only the part around a change is read again to check it. */
const MAX_CHECKED_LENGTH = 50_000;
/** In UTF-16 units. A text of this length without separable parts blocks the thread for half a second. */
const MAX_WHOLE_LENGTH = 500_000;
/** A possible anchor or alias; texts and comments may look like one. */
const ANCHOR_OR_ALIAS = /(?:^|[\s[{,:-])[&*][^\s,[\]{}]/m;
const BYTE_ORDER_MARK = "\ufeff";

/** Some items of a list and their text. */
interface Region {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** The position of the first item in the list. */
  readonly first: number;
}

/** Returns the document at a position, as `readYaml` reads it; undefined for none. */
export async function readListItem(list: DocumentList, index: number): Promise<unknown> {
  const { text } = split(list.text);
  const starts = await findItems(text, list);
  const part = starts.length === 0 ? "" : text.slice(starts[index], starts[index + 1]);
  if (part !== "" && await isSelfContained(part)) {
    const { value } = await readYaml(part);
    if (Array.isArray(value) && value.length === 1) return value[0];
  }
  return (await readValues(text))[index];
}

/**
 * Returns the text after a change. The rest keeps its bytes: comments, order, quotes, line ends. Rejects with
 * `CannotEdit`. The result has been read again and is right.
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
  if (!isLast && changed !== "" && !changed.endsWith("\n")) throw wrongResult();
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
 * Finds the offsets of the items of a block list, in turns with other tasks; none for other texts. Lines that begin
 * with its dash are items if their number matches.
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

/** Returns the changed item with its neighbours, or everything where parts cannot be separated. */
async function regionOf(text: string, starts: readonly number[], change: ListChange): Promise<Region> {
  const index = change.action === "create" ? starts.length - 1 : change.index;
  const first = Math.max(0, index - 1);
  if (starts[index] !== undefined) {
    const [start, end] = [starts[first], starts[index + 2] ?? text.length];
    const part = text.slice(start, end);
    if (await isSelfContained(part)) return { start, end, text: part, first };
  }
  if (text.length <= MAX_WHOLE_LENGTH) return { start: 0, end: text.length, text, first: 0 };
  throw new CannotEdit(
    "the file is long, and has anchors, aliases or brackets in this place; change it by hand",
  );
}

/** Reports whether a part has no references to the rest of the file, nor the rest to it. */
async function isSelfContained(part: string): Promise<boolean> {
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
  if (problem !== undefined) throw wrongResult();
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
  if (!isSameValue(expected, after)) throw wrongResult();
}

function wrongResult(): CannotEdit {
  return new CannotEdit(
    "it is written in a way that is not understood well enough to change it; change it by hand",
  );
}
