import type { CST, Pair, Scalar, YAMLMap, YAMLSeq } from "yaml";
import { alignLists } from "../files/list_alignment.ts";
import { CannotEdit, type TextEdits } from "./yaml_text_edits.ts";
import {
  DEFAULT_STEP,
  indent,
  isList,
  isSameValue,
  type Quoting,
  writeEntry,
  writeFlow,
  writeFlowEntry,
  writeInline,
  writeScalar,
  type YamlMapping,
  type YamlValue,
} from "./yaml_writing.ts";
import { isMapping, type Mapping } from "../../runtime/mapping.ts";

type Collection = YAMLMap<unknown, unknown> | YAMLSeq<unknown>;
type MapPair = Pair<unknown, unknown>;

/** The surroundings of a value. */
interface ValueContext {
  /** Set within brackets or braces. */
  readonly isInFlow: boolean;
  /** The offset after its colon or dash, anchor and tag. */
  readonly behind?: number;
}

const UNUSUAL = "it is written in an unusual way; change it by hand";
const AT_TOP: ValueContext = { isInFlow: false };

/**
 * Changes values within a YAML text, and only their differing scalars, entries and list items. Comments, order, quotes
 * and indentation of the rest stay. Callers read the result again, since YAML has more forms than are handled here.
 * Methods throw `CannotEdit`.
 */
export class YamlValueEdit {
  readonly #yaml: typeof import("yaml");
  readonly #edits: TextEdits;

  constructor(yaml: typeof import("yaml"), edits: TextEdits) {
    this.#yaml = yaml;
    this.#edits = edits;
  }

  /** @param stored the value of `node` as `readYaml` reads it */
  change(node: unknown, stored: unknown, wanted: YamlValue, context = AT_TOP): void {
    if (isSameValue(stored, wanted)) return;
    const { isMap, isSeq } = this.#yaml;
    if (isMap(node) && isMapping(stored) && isMapping(wanted) && this.#isKept(node, wanted)) {
      return this.#changeMapping(node, stored, wanted as YamlMapping);
    }
    if (isSeq(node) && Array.isArray(stored) && isList(wanted) && wanted.length > 0) {
      return this.#changeList(node, stored, wanted);
    }
    this.#replace(node, wanted, context);
  }

  changeItem(
    list: YAMLSeq<unknown>,
    position: number,
    { stored, wanted }: { stored: unknown; wanted: YamlValue },
  ): void {
    const context = { isInFlow: list.flow === true, behind: this.startOf(list, position) + 1 };
    this.change(list.items[position], stored, wanted, context);
  }

  /** Adds items after position `after`, or at the beginning if it is -1. */
  addItems(list: YAMLSeq<unknown>, after: number, values: readonly YamlValue[]): void {
    if (list.flow) {
      const quoting = this.quotingOf(list);
      return this.#addToFlow(list, after, values.map((value) => writeFlow(value, quoting)));
    }
    const dash = this.startOf(list, 0);
    const lines = indent(values.map((value) => `- ${writeInline(value)}`), this.#edits.column(dash));
    if (after >= 0) return this.#edits.insertLines(this.#edits.nextLine(this.endOfItem(list, after)), lines);
    if (!this.#edits.isFirstInLine(dash)) {
      throw new CannotEdit("a list begins in the line of another; change it by hand");
    }
    this.#edits.insertLines(this.#edits.lineStart(dash), lines);
  }

  /** Others must remain. */
  removeItems(collection: Collection, positions: readonly number[]): void {
    if (collection.flow) return this.#removeFromFlow(collection, positions);
    for (const position of positions) {
      const start = this.startOf(collection, position);
      const next = this.#edits.nextLine(this.endOfItem(collection, position));
      if (this.#edits.isFirstInLine(start)) this.#edits.remove(this.#edits.lineStart(start), next);
      else this.#removeBehindDash(start, next, positions.includes(position + 1));
    }
  }

  /** Removes an entry in the line of the outer list's dash; the next entry takes its context if it can. */
  #removeBehindDash(start: number, nextLine: number, isNextRemoved: boolean): void {
    const { lineEnd, text } = this.#edits;
    const indentation = /^ *(?=[^\s#])/.exec(text.slice(nextLine));
    if (indentation !== null && !isNextRemoved) {
      return this.#edits.remove(start, nextLine + indentation[0].length);
    }
    const dashEnd = text.slice(0, start).trimEnd().length;
    this.#edits.replace(dashEnd, nextLine, lineEnd);
  }

  /** Returns the end of a node's content: before comments and blank lines, but after a block scalar's line end. */
  endOf(node: unknown): number {
    const { isCollection, isNode } = this.#yaml;
    if (isCollection(node) && !node.flow && node.items.length > 0) {
      return this.endOfItem(node as Collection, node.items.length - 1);
    }
    if (!isNode(node) || !node.range) throw new CannotEdit(UNUSUAL);
    return node.range[1];
  }

  /** Reports whether there is something to which entries can be added. */
  #isKept(map: YAMLMap<unknown, unknown>, wanted: Mapping): boolean {
    if (map.items.length === 0) return map.flow === true && Object.keys(wanted).length > 0;
    return map.items.some((pair) => Object.hasOwn(wanted, this.#nameOf(pair)) || this.#nameOf(pair) === "<<");
  }

  #changeMapping(map: YAMLMap<unknown, unknown>, stored: Mapping, wanted: YamlMapping): void {
    const own = new Set<string>();
    const removed: number[] = [];
    for (const [position, pair] of map.items.entries()) {
      const name = this.#nameOf(pair);
      if (name === "<<" && !Object.hasOwn(stored, name)) continue;
      own.add(name);
      if (!Object.hasOwn(wanted, name)) {
        if (Object.hasOwn(stored, name)) removed.push(position);
      } else if (Object.hasOwn(stored, name)) {
        const context = { isInFlow: map.flow === true, behind: behindColon(pair) };
        this.change(pair.value, stored[name], wanted[name], context);
      } else this.#fill(pair, wanted[name], map.flow === true);
    }
    for (const name of Object.keys(stored)) {
      if (!own.has(name) && !Object.hasOwn(wanted, name)) {
        throw new CannotEdit(`"${name}" comes from a merge key ("<<"); write out what is merged by hand`);
      }
    }
    const added = Object.entries(wanted).filter(([name, value]) =>
      !own.has(name) && !isSameValue(stored[name], value)
    );
    if (removed.length > 0) this.removeItems(map, removed);
    if (added.length > 0) this.#addEntries(map, added, removed);
  }

  #addEntries(
    map: YAMLMap<unknown, unknown>,
    entries: readonly (readonly [string, YamlValue])[],
    removed: readonly number[],
  ): void {
    const last = map.items.length - 1;
    if (map.flow) {
      const quoting = this.quotingOf(map);
      const texts = entries.map(([name, value]) => writeFlowEntry(name, value, quoting));
      return this.#addToFlow(map, lastKept(map, removed), texts);
    }
    const column = this.#edits.column(this.startOf(map, 0));
    const lines = entries.flatMap(([name, value]) => indent(writeEntry(name, value, DEFAULT_STEP), column));
    this.#edits.insertLines(this.#edits.nextLine(this.endOfItem(map, last)), lines);
  }

  #changeList(list: YAMLSeq<unknown>, stored: readonly unknown[], wanted: readonly YamlValue[]): void {
    const { pairs, removed, added } = alignLists(stored, wanted, isSameValue);
    for (const { from, to } of pairs) {
      this.changeItem(list, from, { stored: stored[from], wanted: wanted[to] });
    }
    if (removed.length > 0) this.removeItems(list, removed);
    for (const [after, items] of Map.groupBy(added, ({ after }) => after)) {
      this.addItems(list, after, items.map(({ to }) => wanted[to]));
    }
  }

  /** Gives a value to a name without one. */
  #fill(pair: MapPair, value: YamlValue, isInFlow: boolean): void {
    const { value: node } = pair;
    const hasText = this.#yaml.isNode(node) && node.range && node.range[1] > node.range[0];
    if (hasText) return this.#replace(node, value, { isInFlow });
    const text = isInFlow ? writeFlow(value) : writeInline(value);
    const behind = behindColon(pair);
    if (behind !== undefined) return this.#edits.insert(behind, ` ${text}`);
    this.#edits.insert(this.endOf(pair.key), `: ${text}`);
  }

  #replace(node: unknown, value: YamlValue, context: ValueContext): void {
    const { isCollection, isNode, isScalar } = this.#yaml;
    if (!isNode(node) || !node.range) throw new CannotEdit(UNUSUAL);
    if (isScalar(node) && node.srcToken?.type === "block-scalar") {
      return this.#replaceBlockScalar(node, value);
    }
    if (isCollection(node) && !node.flow) return this.#replaceBlock(node as Collection, value, context);
    const [start, end] = node.range;
    const text = typeof value === "object"
      ? writeFlow(value, isCollection(node) ? this.quotingOf(node as Collection) : "plain")
      : writeScalar(value, {
        isInFlow: context.isInFlow,
        quoting: isScalar(node) ? quotingOfScalar(node) : "plain",
      });
    this.#edits.replace(start, end, text);
  }

  /** A comment after the "|" stays. */
  #replaceBlockScalar(node: Scalar, value: YamlValue): void {
    const token = node.srcToken;
    if (token?.type !== "block-scalar" || !node.range) return;
    const header = token.props.find(({ type }) => type === "block-scalar-header");
    const start = header?.offset ?? node.range[0];
    const lineEnd = this.#edits.nextLine(start);
    const rest = this.#edits.text.slice(start, lineEnd).replace(/^[^\s]+/, "");
    const hasNewline = this.#edits.text[node.range[1] - 1] === "\n";
    this.#edits.replace(start, node.range[1], writeInline(value) + (hasNewline ? rest : rest.trimEnd()));
  }

  /** Replaces a mapping or list in lines of its own by a value in the line of its name or dash. */
  #replaceBlock(node: Collection, value: YamlValue, { behind }: ValueContext): void {
    const start = this.startOf(node, 0);
    const end = this.endOf(node);
    if (!this.#edits.isFirstInLine(start)) {
      const rest = this.#edits.text.slice(0, end).endsWith("\n") ? this.#edits.lineEnd : "";
      return this.#edits.replace(start, end, writeFlow(value) + rest);
    }
    if (behind === undefined) throw new CannotEdit(UNUSUAL);
    this.#edits.insert(behind, ` ${writeInline(value)}`);
    this.#edits.remove(this.#edits.lineStart(start), this.#edits.nextLine(end));
  }

  #addToFlow(collection: Collection, after: number, texts: readonly string[]): void {
    const text = texts.join(", ");
    if (after >= 0) return this.#edits.insert(this.endOfItem(collection, after), `, ${text}`);
    if (collection.items.length > 0) return this.#edits.insert(this.startOf(collection, 0), `${text}, `);
    const token = this.#flowToken(collection);
    this.#edits.insert(token.offset + 1, text);
  }

  /** Removes each with one comma: the following one, or the preceding one at the end. */
  #removeFromFlow(collection: Collection, positions: readonly number[]): void {
    const tokens = this.#flowToken(collection).items;
    const last = lastKept(collection, positions);
    for (const position of positions) {
      const [start, end] = [this.startOf(collection, position), this.endOfItem(collection, position)];
      const isInTail = position > last;
      const gap = tokens[isInTail ? position : position + 1];
      const comma = gap?.start.find(({ type }) => type === "comma");
      if (comma === undefined) throw new CannotEdit(UNUSUAL);
      if (gap.start.some(({ type }) => type === "comment")) {
        this.#edits.remove(start, end);
        this.#edits.remove(comma.offset, comma.offset + 1);
      } else if (isInTail) this.#edits.remove(this.endOfItem(collection, position - 1), end);
      else this.#edits.remove(start, this.startOf(collection, position + 1));
    }
  }

  #nameOf({ key }: MapPair): string {
    if (this.#yaml.isScalar(key)) return String(key.value);
    throw new CannotEdit("a name is not a plain text; change it by hand");
  }

  /** Returns the offset of an entry's name, of an item's dash, or of an item within brackets. */
  startOf(collection: Collection, position: number): number {
    const item = collection.items[position];
    const token = collection.srcToken;
    if (token !== undefined && "items" in token) {
      const marks = token.items[position]?.start ?? [];
      const dash = marks.find(({ type }) => type === "seq-item-ind");
      if (dash !== undefined) return dash.offset;
      const mark = marks.find(({ type }) =>
        type === "anchor" || type === "tag" || type === "explicit-key-ind"
      );
      if (mark !== undefined) return mark.offset;
    }
    const node = this.#yaml.isPair(item) ? item.key : item;
    if (this.#yaml.isNode(node) && node.range) return node.range[0];
    throw new CannotEdit(UNUSUAL);
  }

  endOfItem(collection: Collection, position: number): number {
    const item = collection.items[position];
    if (this.#yaml.isPair(item)) return this.#endOfPair(item);
    const end = this.endOf(item);
    return collection.flow ? end : Math.max(end, this.startOf(collection, position) + 1);
  }

  #endOfPair(pair: MapPair): number {
    const { isNode } = this.#yaml;
    const hasValue = isNode(pair.value) && pair.value.range && pair.value.range[1] > pair.value.range[0];
    return hasValue ? this.endOf(pair.value) : Math.max(behindColon(pair) ?? 0, this.endOf(pair.key));
  }

  #flowToken(collection: Collection): CST.FlowCollection {
    const token = collection.srcToken;
    if (token?.type === "flow-collection") return token;
    throw new CannotEdit(UNUSUAL);
  }

  /** Mappings in JSON style continue so. */
  quotingOf(collection: Collection): Quoting {
    const [first] = collection.items;
    const node = this.#yaml.isPair(first) ? first.key : first;
    if (this.#yaml.isScalar(node)) return quotingOfScalar(node) === "double" ? "double" : "plain";
    return this.#yaml.isCollection(node) ? this.quotingOf(node as Collection) : "plain";
  }
}

function behindColon({ srcToken }: MapPair): number | undefined {
  const marks = srcToken?.sep ?? [];
  if (!marks.some(({ type }) => type === "map-value-ind")) return undefined;
  const last = marks.findLast(({ type }) => type === "map-value-ind" || type === "anchor" || type === "tag");
  return last && last.offset + last.source.length;
}

/** Returns the position of the last remaining item; -1 for none. */
function lastKept({ items }: Collection, removed: readonly number[]): number {
  let last = items.length - 1;
  while (last >= 0 && removed.includes(last)) last--;
  return last;
}

function quotingOfScalar({ type }: Scalar): Quoting {
  if (type === "QUOTE_DOUBLE") return "double";
  return type === "QUOTE_SINGLE" ? "single" : "plain";
}
