/**
 * The grammar of filters, by recursive descent:
 *
 *     either     = both *("||" both)
 *     both       = single *("&&" single)
 *     single     = "!" single / "(" either ")" / comparison
 *     comparison = property / operand ("==" / "!=" / "<" / "<=" / ">" / ">=" / "in") operand / operand "=~" pattern
 *     operand    = property / constant
 *     property   = "@" *("." name / "[" (text / position) "]")
 *     constant   = text / number / word / "true" / "false" / "null" / "[" [constant *("," constant)] "]"
 */
import { valueAt } from "../../data/document_problems.ts";
import type { PropertyPath } from "../../data/fault.ts";
import { COMPARISONS, membership } from "./comparison.ts";
import { FilterError } from "./filter_error.ts";
import { type Token, tokensOf } from "./filter_tokens.ts";
import { readPattern } from "./pattern.ts";

/** Returns a function that reads the property at a path; it returns undefined for a missing one. */
export type PropertyReader<Item> = (path: PropertyPath) => (item: Item) => unknown;

/** The `PropertyReader` of plain documents. */
export const documentReader: PropertyReader<unknown> = (path) => (document) => valueAt(document, path);

/** Reports whether an item matches. */
export type Test<Item> = (item: Item) => boolean;

type Operand<Item> =
  | { readonly kind: "property"; read(item: Item): unknown }
  | { readonly kind: "constant"; readonly value: unknown; read(item: Item): unknown };

const MAX_DEPTH = 64;
/** Each pattern may take a tenth of a millisecond for an item. */
const MAX_PATTERNS = 4;

const CONSTANTS: ReadonlyMap<string, unknown> = new Map([["true", true], ["false", false], ["null", null]]);

const A_PROPERTY = "a property such as @.metadata.ref";

export class FilterParser<Item> {
  readonly #tokens: readonly Token[];
  readonly #offset: number;
  readonly #reader: PropertyReader<Item>;
  #next = 0;
  #depth = 0;
  #patterns = 0;

  /** @param offset the index of the text in the whole filter, for the positions of errors */
  constructor(text: string, offset: number, reader: PropertyReader<Item>) {
    this.#tokens = tokensOf(text, offset);
    this.#offset = offset;
    this.#reader = reader;
  }

  parse(): Test<Item> {
    const test = this.#either();
    if (this.#token.kind !== "end") throw this.#unexpected("&&, || or the end");
    return test;
  }

  #either(): Test<Item> {
    const tests = [this.#both()];
    while (this.#takes("||")) tests.push(this.#both());
    return tests.length === 1 ? tests[0] : (item) => tests.some((test) => test(item));
  }

  #both(): Test<Item> {
    const tests = [this.#single()];
    while (this.#takes("&&")) tests.push(this.#single());
    return tests.length === 1 ? tests[0] : (item) => tests.every((test) => test(item));
  }

  #single(): Test<Item> {
    if (this.#takes("!")) {
      const test = this.#nested(() => this.#single());
      return (item) => !test(item);
    }
    if (!this.#takes("(")) return this.#comparison();
    const test = this.#nested(() => this.#either());
    this.#expect(")");
    return test;
  }

  #nested<T>(parse: () => T): T {
    if (++this.#depth > MAX_DEPTH) throw this.#error(`Nested deeper than ${MAX_DEPTH} levels`);
    const result = parse();
    this.#depth--;
    return result;
  }

  #comparison(): Test<Item> {
    const first = this.#token;
    const left = this.#operand();
    if (this.#takes("=~")) return this.#match(left.read);
    const sign = this.#token;
    const compare = sign.kind === "sign" ? COMPARISONS.get(sign.text) : undefined;
    if (compare === undefined) {
      if (left.kind === "property") return (item) => left.read(item) !== undefined;
      throw this.#unexpected("a comparison such as ==, or in");
    }
    this.#next++;
    const second = this.#token;
    const right = this.#operand();
    // A forgotten "@.": the filter would never match.
    if (left.kind !== "property" && right.kind !== "property" && first.kind === "word") {
      throw this.#unexpected(A_PROPERTY, first);
    }
    if (right.kind === "constant" && sign.kind === "sign" && sign.text === "in") {
      if (!Array.isArray(right.value)) {
        throw this.#unexpected("a property, or a list such as ['a', 'b']", second);
      }
      const contains = membership(right.value);
      return (item) => contains(left.read(item));
    }
    return (item) => compare(left.read(item), right.read(item));
  }

  #match(read: (item: Item) => unknown): Test<Item> {
    const token = this.#token;
    if (token.kind !== "pattern") throw this.#unexpected("a pattern such as /10.*/i");
    if (++this.#patterns > MAX_PATTERNS) throw this.#error(`More than ${MAX_PATTERNS} patterns`);
    const matches = readPattern(token);
    if (typeof matches === "string") throw this.#unexpected(matches);
    this.#next++;
    return (item) => matches(read(item));
  }

  #operand(): Operand<Item> {
    if (this.#takes("@")) return { kind: "property", read: this.#reader(this.#path()) };
    const value = this.#constant();
    return { kind: "constant", value, read: () => value };
  }

  #constant(): unknown {
    const token = this.#token;
    if (token.kind === "sign" && token.text === "[") return this.#list();
    if (token.kind === "sign" && CONSTANTS.has(token.text)) {
      this.#next++;
      return CONSTANTS.get(token.text);
    }
    if (token.kind !== "text" && token.kind !== "word" && token.kind !== "number") {
      throw this.#unexpected(`${A_PROPERTY}, a text or a number`);
    }
    this.#next++;
    if (token.kind === "text") return token.text;
    if (token.kind === "word") return this.#longWord(token.text);
    // `007` is a text of digits.
    return String(token.value) === token.text ? token.value : token.text;
  }

  /** Reads an unquoted text with dots, such as `sip.local`. */
  #longWord(text: string): string {
    while (this.#takes(".")) {
      const token = this.#token;
      if (token.kind !== "word" && token.kind !== "number") throw this.#unexpected("a name");
      this.#next++;
      text += `.${token.text}`;
    }
    return text;
  }

  #list(): unknown[] {
    this.#expect("[");
    const items: unknown[] = [];
    if (this.#takes("]")) return items;
    do items.push(this.#nested(() => this.#constant())); while (this.#takes(","));
    this.#expect("]");
    return items;
  }

  #path(): PropertyPath {
    const path: (string | number)[] = [];
    for (;;) {
      if (this.#takes(".")) path.push(this.#name());
      else if (this.#takes("[")) path.push(this.#step());
      else return path;
    }
  }

  #name(): string {
    const token = this.#token;
    // A keyword after a dot is a name.
    const isName = token.kind === "word" || token.kind === "sign" && /^\w+$/.test(token.text);
    if (!isName) throw this.#unexpected("the name of a property");
    this.#next++;
    return token.text;
  }

  #step(): string | number {
    const token = this.#token;
    this.#next++;
    const step = token.kind === "text" ? token.text : token.kind === "number" ? token.value : undefined;
    if (step === undefined || typeof step === "number" && !(Number.isInteger(step) && step >= 0)) {
      throw this.#unexpected("a name in quotes, or a position counted from 0", token);
    }
    this.#expect("]");
    return step;
  }

  get #token(): Token {
    return this.#tokens[this.#next];
  }

  #takes(sign: string): boolean {
    const token = this.#token;
    if (token.kind !== "sign" || token.text !== sign) return false;
    this.#next++;
    return true;
  }

  #expect(sign: string): void {
    if (!this.#takes(sign)) throw this.#unexpected(`"${sign}"`);
  }

  #unexpected(expected: string, token = this.#token): FilterError {
    const found = token.kind === "end" ? "the end" : `"${token.text}"`;
    return this.#error(`Found ${found}, expected ${expected}`, token);
  }

  #error(message: string, { at }: Token = this.#token): FilterError {
    return new FilterError(message, at + this.#offset);
  }
}
