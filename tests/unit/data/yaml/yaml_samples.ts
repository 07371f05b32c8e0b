/** Random YAML files in the many styles of their authors, the same for the same seed. */

import { Random } from "../../../torture/mutations.ts";

export type Value = string | Value[] | Mapping;
export interface Mapping {
  [name: string]: Value;
}
export type Path = readonly (string | number)[];

/** A span of a text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export class Chance extends Random {
  /** Neighbouring seeds give unrelated numbers. */
  constructor(seed: number) {
    super(Math.imul(seed, 0x9e3779b1) || 1);
    for (let i = 0; i < 8; i++) this.below(2);
  }

  /** Returns true once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }
}

const NAMES = [
  "name",
  "ref",
  "host",
  "credentials",
  "domains",
  "allow",
  "context",
  "rule",
  "geoInfo",
  "x y",
  "0",
  "yes",
];
const TEXTS = [
  ..."1001 0123 a sip.local sip:1001@sip.local tel:17066041487 yes No 1.10 0x1f 1e3 2026-11-24 12:30 192.168.0.0/16"
    .split(" "),
  ..."- ? : # ! & * @ ` % | > { } [ ] , ' \" \\ = << .. a: :a a# -1 --- ...".split(" "),
  ...'a: b|a #b|# a|- a|it\'s|"quoted"|\\+?[0-9]{7,15}|${SECRET}|Columbus, GA| lead|trail |x  y|Zoë 🎉|*a|&a b|!a|a, b'
    .split("|"),
  ...[
    "one\ntwo",
    "one\ntwo\n",
    "\ttab",
    "nul\0",
    "\u2028",
    "\u0085",
    "",
    "'",
    "''",
    "a\rb",
    "\ufeff",
    "x".repeat(150),
  ],
];

export function someText(chance: Chance): string {
  return chance.pick(TEXTS);
}

function someName(chance: Chance): string {
  return chance.once(10) ? `n${chance.below(100)}` : chance.pick(NAMES);
}

export function someValue(chance: Chance, depth = 0): Value {
  if (depth >= 3 || chance.below(10) < 6) return someText(chance);
  if (chance.once(2)) return Array.from({ length: chance.below(4) }, () => someText(chance));
  return someMapping(chance, depth + 1);
}

export function someMapping(chance: Chance, depth = 0): Mapping {
  const count = (depth === 0 ? 1 : 0) + chance.below(5);
  return Object.fromEntries(
    Array.from({ length: count }, () => [someName(chance), someValue(chance, depth)]),
  );
}

/** A list of documents as a text, and the spans of its parts. */
export interface YamlSample {
  readonly text: string;
  readonly documents: readonly Mapping[];
  /** Spans by the path of a value, joined with spaces: of the value, and of its entry with name or dash. */
  readonly values: ReadonlyMap<string, Span>;
  readonly entries: ReadonlyMap<string, Span>;
}

export function keyOf(path: Path): string {
  return JSON.stringify(path);
}

export function someSample(chance: Chance): YamlSample {
  return new SampleWriter(chance).write();
}

class SampleWriter {
  readonly #chance: Chance;
  readonly #values = new Map<string, Span>();
  readonly #entries = new Map<string, Span>();
  readonly #lineEnd: string;
  readonly #indentation: number;
  readonly #gap: number;
  readonly #comments: boolean;
  readonly #spaced: boolean;
  #text = "";
  /** Set when the last line is part of a block scalar, whose line end is content. */
  #endsInBlock = false;

  constructor(chance: Chance) {
    this.#chance = chance;
    this.#lineEnd = chance.once(4) ? "\r\n" : "\n";
    this.#indentation = chance.once(5) ? 2 : 0;
    this.#gap = chance.once(5) ? 2 + chance.below(3) : 2;
    this.#comments = chance.once(2);
    this.#spaced = chance.once(2);
  }

  write(): YamlSample {
    const chance = this.#chance;
    const documents = Array.from({ length: 1 + chance.below(4) }, () => someMapping(chance));
    if (chance.once(8)) this.#text += "\ufeff";
    if (chance.once(3)) this.#line("# header");
    if (chance.once(6)) this.#line("---");
    if (chance.once(4)) this.#line("");
    if (chance.once(8)) this.#writeFlowList(documents);
    else this.#writeBlockList(documents);
    const isOpen = this.#text.endsWith(this.#lineEnd) && chance.once(8) && !this.#endsInBlock;
    if (chance.once(6)) this.#text += `${this.#lineEnd}# footer${this.#lineEnd}`;
    else if (isOpen) this.#text = this.#text.slice(0, -this.#lineEnd.length);
    return { text: this.#text, documents, values: this.#values, entries: this.#entries };
  }

  #line(text: string): void {
    this.#text += text + this.#lineEnd;
  }

  #writeFlowList(documents: readonly Mapping[]): void {
    this.#text += "[";
    this.#writeFlowItems(documents, []);
    this.#line("]");
  }

  #writeBlockList(documents: readonly Mapping[]): void {
    for (const [index, document] of documents.entries()) {
      if (index > 0 && this.#spaced) this.#line("");
      this.#comment(this.#indentation);
      const start = this.#text.length;
      this.#text += `${" ".repeat(this.#indentation)}-${" ".repeat(this.#gap - 1)}`;
      const column = this.#indentation + this.#gap;
      if (this.#chance.once(6) || Object.keys(document).length === 0) {
        this.#writeValue(document, [index], column, true);
      } else this.#writeBlockMapping(document, [index], column, true);
      this.#entries.set(keyOf([index]), { start, end: this.#text.length });
    }
  }

  #comment(column: number): void {
    if (!this.#comments || !this.#chance.once(4)) return;
    this.#line(`${" ".repeat(column)}# ${this.#chance.pick(["note", "a: b", "- c", "it's [x"])}`);
  }

  /** @param isBehindDash whether the first entry is in the line that has been begun */
  #writeBlockMapping(mapping: Mapping, path: Path, column: number, isBehindDash = false): void {
    for (const [i, [name, value]] of Object.entries(mapping).entries()) {
      const isInLine = i === 0 && isBehindDash;
      if (!isInLine) this.#comment(column);
      const start = this.#text.length;
      this.#text += `${isInLine ? "" : " ".repeat(column)}${this.#name(name)}:`;
      this.#writeBlockValue(value, [...path, name], column);
      this.#entries.set(keyOf([...path, name]), { start, end: this.#text.length });
    }
  }

  #writeBlockValue(value: Value, path: Path, column: number): void {
    const chance = this.#chance;
    const isEmpty = typeof value === "object" && Object.keys(value).length === 0;
    if (typeof value === "string" || isEmpty || chance.once(3)) {
      this.#text += " ".repeat(chance.once(6) ? 2 : 1);
      return this.#writeValue(value, path, column + 1, true);
    }
    this.#line(this.#comments && chance.once(5) ? " # within" : "");
    const start = this.#text.length;
    if (Array.isArray(value)) {
      const inner = column + chance.below(3);
      for (const [i, item] of value.entries()) {
        this.#comment(inner);
        const begin = this.#text.length;
        this.#text += `${" ".repeat(inner)}- `;
        this.#writeValue(item, [...path, i], inner + 1, true);
        this.#entries.set(keyOf([...path, i]), { start: begin, end: this.#text.length });
      }
    } else this.#writeBlockMapping(value, path, column + 1 + chance.below(4));
    this.#values.set(keyOf(path), { start, end: this.#text.length });
  }

  /** Writes a value in one line, or as a block scalar, and ends the line. */
  #writeValue(value: Value, path: Path, column: number, mayBeBlock: boolean): void {
    const start = this.#text.length;
    const end = () => this.#values.set(keyOf(path), { start, end: this.#text.length });
    if (typeof value === "string" && mayBeBlock && isBlockText(value) && this.#chance.once(2)) {
      const inner = " ".repeat(column + 1);
      const lines = value.replace(/\n$/, "").split("\n").map((line) => inner + line + this.#lineEnd);
      this.#endsInBlock = true;
      this.#text += `|${value.endsWith("\n") ? "" : "-"}${this.#lineEnd}${lines.join("")}`;
      return void end();
    }
    this.#endsInBlock = false;
    if (typeof value === "string") this.#text += this.#scalar(value, false);
    else this.#writeFlow(value, path);
    end();
    this.#line(this.#comments && this.#chance.once(4) ? " # comment" : "");
  }

  #writeFlow(value: Value, path: Path): void {
    const start = this.#text.length;
    if (typeof value === "string") this.#text += this.#scalar(value, true);
    else if (Array.isArray(value)) {
      this.#text += "[";
      this.#writeFlowItems(value, path);
      this.#text += "]";
    } else this.#writeFlowMapping(value, path);
    this.#values.set(keyOf(path), { start, end: this.#text.length });
  }

  #writeFlowItems(items: readonly Value[], path: Path): void {
    for (const [i, item] of items.entries()) {
      if (i > 0) this.#text += ", ";
      const start = this.#text.length;
      this.#writeFlow(item, [...path, i]);
      this.#entries.set(keyOf([...path, i]), { start, end: this.#text.length });
    }
    if (items.length > 0 && this.#chance.once(6)) this.#text += ",";
  }

  #writeFlowMapping(mapping: Mapping, path: Path): void {
    const padding = this.#chance.once(3) ? " " : "";
    this.#text += `{${padding}`;
    for (const [i, [name, value]] of Object.entries(mapping).entries()) {
      if (i > 0) this.#text += ", ";
      const start = this.#text.length;
      this.#text += `${this.#name(name)}: `;
      this.#writeFlow(value, [...path, name]);
      this.#entries.set(keyOf([...path, name]), { start, end: this.#text.length });
    }
    this.#text += `${padding}}`;
  }

  #name(name: string): string {
    return this.#chance.once(6) ? JSON.stringify(name) : name;
  }

  #scalar(text: string, isInFlow: boolean): string {
    if (isPlain(text) && !(isInFlow && /[,:]/.test(text)) && this.#chance.once(2)) return text;
    // deno-lint-ignore no-control-regex
    if (!/[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]/.test(text) && this.#chance.once(2)) {
      return `'${text.replaceAll("'", "''")}'`;
    }
    return JSON.stringify(text).replace(
      /[\x7f-\x9f\u2028\u2029\ufeff]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
  }
}

function isPlain(text: string): boolean {
  return /^[\w+/](?:[\w.@/()+-]|:(?=\w)| (?=\w)|, )*$/.test(text);
}

function isBlockText(text: string): boolean {
  return /^[a-z]+(?:\n[a-z]+)*\n?$/.test(text);
}
