import type { Document, LineCounter } from "yaml";
import type { Position, PropertyPath } from "../fault.ts";
import { findItemStarts, type ItemStart } from "./yaml_items.ts";

/** Parsing longer texts for a line number takes too much time and memory. */
const MAX_PART_LENGTH = 4_000_000;
/** Items parsed for exact positions; faults of further items are placed at the start of the item. */
const MAX_PARTS = 1000;

interface Part {
  /** Lines of the text before this part. */
  readonly linesBefore: number;
  readonly counter: LineCounter;
  readonly document: Document.Parsed;
}

/**
 * Finds positions of properties in a YAML text, for faults. A second, slow reader that keeps positions is loaded on
 * first use. Of a list, only the needed items are read.
 */
export class YamlPositions {
  readonly #yaml: typeof import("yaml");
  readonly #text: string;
  readonly #itemStarts: readonly ItemStart[];
  readonly #parts = new Map<number, Part>();

  private constructor(yaml: typeof import("yaml"), text: string, itemStarts: readonly ItemStart[]) {
    this.#yaml = yaml;
    this.#text = text;
    this.#itemStarts = itemStarts;
  }

  /** @param length the number of items of a list */
  static async of(text: string, length?: number): Promise<YamlPositions> {
    const starts = length === undefined ? [] : findItemStarts(text);
    return new YamlPositions(await import("yaml"), text, starts.length === length ? starts : []);
  }

  /** Returns the position at `path`, or of the nearest existing mapping or list around it. */
  find(path: PropertyPath, at: "key" | "value"): Position | undefined {
    const [index] = path;
    if (typeof index !== "number" || this.#itemStarts.length === 0) {
      return this.#findInPart(this.#part(0, 0, this.#text), path, at);
    }
    const start = this.#itemStarts[index];
    if (start === undefined) return undefined;
    if (!this.#parts.has(index) && this.#parts.size >= MAX_PARTS) return { line: start.line, column: 1 };
    const text = this.#text.slice(start.offset, this.#itemStarts[index + 1]?.offset);
    return this.#findInPart(this.#part(index, start.line - 1, text), [0, ...path.slice(1)], at);
  }

  #part(index: number, linesBefore: number, text: string): Part | undefined {
    const known = this.#parts.get(index);
    if (known !== undefined || text.length > MAX_PART_LENGTH) return known;
    const counter = new this.#yaml.LineCounter();
    const document = this.#yaml.parseDocument(text, {
      lineCounter: counter,
      schema: "failsafe",
      logLevel: "silent",
    });
    const part = { linesBefore, counter, document };
    this.#parts.set(index, part);
    return part;
  }

  #findInPart(part: Part | undefined, path: PropertyPath, at: "key" | "value"): Position | undefined {
    if (part === undefined) return undefined;
    const { isMap, isNode, isScalar, isSeq } = this.#yaml;
    let node: unknown = part.document.contents;
    let offset = isNode(node) ? node.range?.[0] : undefined;
    for (const [depth, step] of path.entries()) {
      let key: unknown;
      if (isMap(node)) {
        const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
        if (pair === undefined) break;
        ({ key, value: node } = pair);
      } else if (isSeq(node) && typeof step === "number") {
        node = node.items[step];
      } else break;
      const isLast = depth === path.length - 1;
      const place = !isLast || at === "key" || !isNode(node) || isEmpty(node) ? key ?? node : node;
      if (isNode(place) && place.range) offset = place.range[0];
    }
    if (offset === undefined) return undefined;
    const { line, col } = part.counter.linePos(offset);
    return { line: part.linesBefore + line, column: col };

    function isEmpty(value: unknown): boolean {
      return isScalar(value) && value.source === "" && value.type === "PLAIN";
    }
  }
}
