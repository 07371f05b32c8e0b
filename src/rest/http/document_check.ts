/** What a document that was sent may not be: costly to walk through, or not to be written again as it is. */
import { HttpError } from "./http_error.ts";

/** Levels of lists and mappings. */
export const MAX_DEPTH = 64;
/** Values of all kinds: aliases make much of little YAML. */
const MAX_VALUES = 2_000_000;
/** How much longer than what was sent all texts together may be: one long text may have many aliases. */
const MAX_ADDED_CHARACTERS = 8_388_608;

export class DocumentCheck {
  readonly #maxCharacters: number;
  #values = 0;
  #characters = 0;

  /** @param length of what was sent, in characters */
  constructor(length: number) {
    this.#maxCharacters = length + MAX_ADDED_CHARACTERS;
  }

  /** Throws `HttpError` 400 for a value that is refused. */
  visit(value: unknown, depth: number): void {
    if (++this.#values > MAX_VALUES) throw new HttpError(400, "The body has too many values");
    if (typeof value === "string") return this.#read(value);
    // JSON has numbers without end that no program can keep.
    if (value === Infinity || value === -Infinity) {
      throw new HttpError(400, "The body has a number too large");
    }
    if (typeof value !== "object" || value === null) return;
    if (depth > MAX_DEPTH) throw tooDeep();
    if (Object.hasOwn(value, "__proto__")) throw new HttpError(400, 'The body has a property "__proto__"');
    if (!Array.isArray(value)) { for (const name of Object.keys(value)) this.#read(name); }
    for (const item of Object.values(value)) this.visit(item, depth + 1);
  }

  #read(text: string): void {
    this.#characters += text.length;
    if (this.#characters > this.#maxCharacters) {
      throw new HttpError(400, "The body has too many long values");
    }
    // Such as half of a surrogate pair, which is not UTF-8.
    if (!text.isWellFormed()) throw new HttpError(400, "The body has a text that is not Unicode");
  }
}

export function tooDeep(): HttpError {
  return new HttpError(400, `The body is nested deeper than ${MAX_DEPTH} levels`);
}
