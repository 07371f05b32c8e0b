/**
 * Limits of documents that clients send: their size once aliases are followed, and values that cannot be written again.
 */
import { HttpError } from "./http_error.ts";

/** Nested lists and mappings. */
export const MAX_DEPTH = 64;
/** Values of all kinds; aliases multiply those of a short YAML text. */
const MAX_VALUES = 2_000_000;
/** All texts of a document may exceed the length of the body by this much, since a long text may have many aliases. */
const MAX_ADDED_LENGTH = 8_388_608;

export class DocumentCheck {
  readonly #maxCharacters: number;
  #values = 0;
  #characters = 0;

  /** @param length the length of the body in characters */
  constructor(length: number) {
    this.#maxCharacters = length + MAX_ADDED_LENGTH;
  }

  /** Checks one value. Throws `HttpError` 400. */
  visit(value: unknown, depth: number): void {
    if (++this.#values > MAX_VALUES) throw new HttpError(400, "The body has too many values");
    if (typeof value === "string") return this.#read(value);
    // A JSON number that is too big is read as infinite.
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
    // Such as half of a surrogate pair, which UTF-8 cannot encode.
    if (!text.isWellFormed()) throw new HttpError(400, "The body has a text that is not Unicode");
  }
}

export function tooDeep(): HttpError {
  return new HttpError(400, `The body is nested deeper than ${MAX_DEPTH} levels`);
}
