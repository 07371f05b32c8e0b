import type { Document, YAMLMap, YAMLSeq } from "yaml";
import { Turn } from "../../runtime/turn.ts";
import { CannotEdit, TextEdits } from "./yaml_text_edits.ts";
import { YamlValueEdit } from "./yaml_value_edit.ts";
import { DEFAULT_STEP, indent, writeFlow, writeItem, type YamlMapping } from "./yaml_writing.ts";

export interface YamlListText {
  readonly text: string;
  readonly lineEnd: string;
  /** The documents as `readYaml` reads them. */
  readonly values: readonly unknown[];
}

/** The first properties of a new document; others follow. */
const ORDER = ["apiVersion", "kind", "metadata", "spec"];

/**
 * A YAML text of documents, a list or a single one, with its parts: items, their comments, blank lines between them.
 * Each method makes one change and returns the new text, or throws `CannotEdit`.
 */
export class YamlListParts {
  readonly #yaml: typeof import("yaml");
  readonly #values: readonly unknown[];
  readonly #edits: TextEdits;
  readonly #edit: YamlValueEdit;
  readonly #root: Document.Parsed["contents"];

  constructor(yaml: typeof import("yaml"), { text, lineEnd, values }: YamlListText) {
    const options = {
      schema: "failsafe",
      keepSourceTokens: true,
      logLevel: "silent",
      strict: false,
    } as const;
    this.#yaml = yaml;
    this.#values = values;
    this.#edits = new TextEdits(text, lineEnd);
    this.#edit = new YamlValueEdit(yaml, this.#edits);
    this.#root = yaml.parseDocument(text, options).contents;
  }

  /** Adds documents after the last one, in its style; in turns, since there may be thousands. */
  async add(documents: readonly YamlMapping[]): Promise<string> {
    const ordered = documents.map(inOrder);
    const root = this.#root;
    if (this.#yaml.isSeq(root) && root.items.length > 0) {
      if (root.flow) this.#edit.addItems(root, root.items.length - 1, ordered);
      else {
        const isSpaced = this.#hasBlankLines(root);
        const items = await inTurns(ordered, this.#writerLikeLast(root));
        const lines = items.flatMap((each, i) => isSpaced && i > 0 ? ["", ...each] : each);
        this.#append(lines, isSpaced, this.#ownEnd(root, root.items.length - 1));
      }
    } else if (this.#yaml.isSeq(root)) await this.#addToEmpty(root, ordered);
    else if (this.#values.length === 0) this.#append((await inTurns(ordered, writeNew)).flat(), false, 0);
    else {
      throw new CannotEdit(
        'it holds a single document; make it a list by hand: "- " before its first line, two spaces before the others',
      );
    }
    return this.#edits.apply();
  }

  replace(position: number, document: YamlMapping): string {
    const root = this.#root;
    const value = this.#values[position];
    if (this.#yaml.isSeq(root)) this.#edit.changeItem(root, position, { stored: value, wanted: document });
    else this.#edit.change(root, value, document);
    return this.#edits.apply();
  }

  /** Removes an item with its inner comments and those directly above it, except at the beginning of the text. */
  remove(position: number): string {
    const root = this.#root;
    if (this.#yaml.isSeq(root) && !root.flow) this.#removeBlockItem(root, position);
    else if (this.#yaml.isSeq(root) && root.items.length > 1) this.#edit.removeItems(root, [position]);
    else if (this.#yaml.isSeq(root) && root.range) this.#edits.replace(root.range[0], root.range[1], "[]");
    else this.#removeAll();
    return this.#edits.apply();
  }

  #append(lines: readonly string[], isSpaced: boolean, ownEnd: number): void {
    const { text } = this.#edits;
    const documentEnd = /^\.\.\.(?=\s|$)/m.exec(text.slice(ownEnd));
    const at = documentEnd === null ? text.length : ownEnd + documentEnd.index;
    const between = text.slice(ownEnd, at);
    const hasBlankLine = /(?:^|\n)[ \t\r]*\n$/.test(between);
    const isSeparate = (isSpaced || between.includes("#")) && !hasBlankLine;
    this.#edits.insertLines(at, isSeparate ? ["", ...lines] : lines);
  }

  /** Makes a list of lines of `[]`, if nothing else is in its line. */
  async #addToEmpty(root: YAMLSeq<unknown>, documents: readonly YamlMapping[]): Promise<void> {
    const [start, end] = root.range ?? [0, 0];
    const { text } = this.#edits;
    const isAlone = this.#edits.column(start) === 0 && /^[ \t\r]*(?:\n|$)/.test(text.slice(end));
    if (isAlone) {
      const lines = (await inTurns(documents, writeNew)).flat();
      this.#edits.replace(start, end, lines.join(this.#edits.lineEnd));
    } else this.#edit.addItems(root, -1, documents);
  }

  #writerLikeLast(root: YAMLSeq<unknown>): (document: YamlMapping) => string[] {
    const last = root.items.at(-1);
    const { isMap } = this.#yaml;
    const dash = this.#edit.startOf(root, root.items.length - 1);
    const column = this.#edits.column(dash);
    if (!isMap(last) || !last.range) return (document) => indent(writeNew(document), column);
    if (last.flow) {
      const quoting = this.#edit.quotingOf(last);
      return (document) => indent([`- ${writeFlow(document, quoting)}`], column);
    }
    const isSameLine = this.#edits.lineStart(last.range[0]) === this.#edits.lineStart(dash);
    const gap = isSameLine ? this.#edit.startOf(last, 0) - dash : 2;
    const step = this.#stepOf(last);
    return (document) => indent(writeItem(document, { step, gap }), column);
  }

  /** Returns the indentation of an inner mapping relative to its outer one. */
  #stepOf(map: YAMLMap<unknown, unknown>): number {
    const { isMap } = this.#yaml;
    for (const { value } of map.items) {
      if (!isMap(value) || value.flow || value.items.length === 0) continue;
      return this.#edits.column(this.#edit.startOf(value, 0)) -
        this.#edits.column(this.#edit.startOf(map, 0));
    }
    return DEFAULT_STEP;
  }

  /** Reports whether items are separated by blank lines; a single item counts if it has several lines. */
  #hasBlankLines(root: YAMLSeq<unknown>): boolean {
    const last = root.items.length - 1;
    const start = this.#edit.startOf(root, last);
    const { text } = this.#edits;
    if (last === 0) return text.slice(start, this.#edit.endOf(root.items[0])).trimEnd().includes("\n");
    return /(?:^|\n)[ \t\r]*\n/.test(text.slice(this.#ownEnd(root, last - 1), this.#edits.lineStart(start)));
  }

  #removeBlockItem(root: YAMLSeq<unknown>, position: number): void {
    const dash = this.#edit.startOf(root, position);
    if (!this.#edits.isFirstInLine(dash)) {
      throw new CannotEdit("it stands behind something else in its line; remove it by hand");
    }
    const { text } = this.#edits;
    const bound = position === 0 ? this.#edits.lineStart(dash) : this.#ownEnd(root, position - 1);
    const start = this.#commentsAbove(this.#edits.lineStart(dash), bound, this.#edits.column(dash));
    const end = this.#ownEnd(root, position);
    if (text.slice(end).trim() !== "") this.#edits.remove(start, end + blankLinesAtStart(text.slice(end)));
    else this.#edits.remove(start - blankLinesAtEnd(text.slice(bound, start)), end);
  }

  /** Returns the beginning of the comment lines that end at `start`, indented no further than the item. */
  #commentsAbove(start: number, bound: number, column: number): number {
    let begin = start;
    while (begin > bound) {
      const line = this.#edits.lineStart(begin - 1);
      if (line < bound || !new RegExp(`^ {${column}}#`).test(this.#edits.text.slice(line, begin))) break;
      begin = line;
    }
    return begin;
  }

  /** Returns the end of an item's lines, including comments indented further than its dash. */
  #ownEnd(root: YAMLSeq<unknown>, position: number): number {
    const { text } = this.#edits;
    const column = this.#edits.column(this.#edit.startOf(root, position));
    const next = position + 1 < root.items.length ? this.#edit.startOf(root, position + 1) : text.length;
    const bound = position + 1 < root.items.length ? this.#edits.lineStart(next) : next;
    let end = this.#edits.nextLine(this.#edit.endOfItem(root, position));
    for (let line = end; line < bound;) {
      const lineEnd = Math.min(this.#edits.nextLine(line + 1), bound);
      const content = text.slice(line, lineEnd);
      if (new RegExp(`^ {${column + 1},}#`).test(content)) end = lineEnd;
      else if (content.trim() !== "") break;
      line = lineEnd;
    }
    return end;
  }

  /** Removes a single document; the text above it stays. */
  #removeAll(): void {
    const root = this.#root;
    if (!this.#yaml.isMap(root) || !root.range || root.items.length === 0) {
      throw new CannotEdit("it is no list of documents; remove it by hand");
    }
    const start = root.flow ? root.range[0] : this.#edit.startOf(root, 0);
    const end = this.#edit.endOf(root);
    const isAlone = this.#edits.isFirstInLine(start);
    this.#edits.remove(
      isAlone ? this.#edits.lineStart(start) : start,
      isAlone ? this.#edits.nextLine(end) : end,
    );
  }
}

function inOrder(document: YamlMapping): YamlMapping {
  const first = ORDER.filter((name) => Object.hasOwn(document, name));
  const others = Object.keys(document).filter((name) => !ORDER.includes(name));
  return Object.fromEntries([...first, ...others].map((name) => [name, document[name]]));
}

function blankLinesAtStart(text: string): number {
  return /^(?:[ \t]*\r?\n)*/.exec(text)![0].length;
}

function blankLinesAtEnd(text: string): number {
  return /(?:^|(?<=\n))(?:[ \t]*\r?\n)*$/.exec(text)![0].length;
}

/** Writes a document without an example. */
function writeNew(document: YamlMapping): string[] {
  return writeItem(document, { step: DEFAULT_STEP });
}

async function inTurns(
  documents: readonly YamlMapping[],
  write: (document: YamlMapping) => string[],
): Promise<string[][]> {
  const items: string[][] = [];
  const turn = new Turn();
  for (const document of documents) {
    items.push(write(document));
    if (turn.isOver) await turn.next();
  }
  return items;
}
