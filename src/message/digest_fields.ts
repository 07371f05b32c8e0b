/** The fields of digest challenges and credentials (RFC 3261 §25.1), found without being cut out. */
import { decodeUtf8, isWhiteSpace, skipToken, skipWhiteSpace, spanEqualsIgnoringCase } from "./characters.ts";
import { ParameterCursor, quote, unquote } from "./parameters.ts";
import { beginsWith, codeAt, cut } from "../runtime/text.ts";

/** The fields of credentials by their places in `DigestFields`. */
export const CredentialsField = {
  username: 0,
  realm: 1,
  nonce: 2,
  uri: 3,
  response: 4,
  algorithm: 5,
  cnonce: 6,
  opaque: 7,
  qop: 8,
  nc: 9,
  userhash: 10,
} as const;

const cursor = new ParameterCursor();

/**
 * The named fields of one header value after another, as spans of a text, because most of them are only compared and
 * hashed:
 *
 *     Digest username="alice", qop=auth
 *                      └start└end  └start
 */
export class DigestFields {
  text = "";
  readonly #names: readonly string[];
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  /** One bit a field: quoted ones, and those with a backslash or a character that is not ASCII. */
  #present = 0;
  #quoted = 0;
  #special = 0;

  /** @param names in lower case */
  constructor(names: readonly string[]) {
    this.#names = names;
    this.#starts = new Int32Array(names.length);
    this.#ends = new Int32Array(names.length);
  }

  static ofCredentials(): DigestFields {
    return new DigestFields(Object.keys(CredentialsField));
  }

  /** Reads `text[from, end)`; returns false for another scheme, a malformed value, and a field that comes twice. */
  read(text: string, from = 0, end = text.length): boolean {
    this.text = text;
    this.#present = this.#quoted = this.#special = 0;
    this.#starts.fill(0);
    this.#ends.fill(0);
    const schemeEnd = from + 6;
    if (end <= schemeEnd || !spanEqualsIgnoringCase(text, from, schemeEnd, "digest")) return false;
    if (!isWhiteSpace(codeAt(text, schemeEnd))) return false;
    let at = skipWhiteSpace(text, schemeEnd, end);
    while (at < end) {
      at = this.#readField(at, end);
      if (at < 0 || at < end && codeAt(text, at) !== 44) return false;
      at = skipWhiteSpace(text, at + 1, end);
    }
    return true;
  }

  has(field: number): boolean {
    return (this.#present & 1 << field) !== 0;
  }

  /** Reports whether a field means what is written: it has neither escapes nor characters other than ASCII. */
  isPlain(field: number): boolean {
    return (this.#special & 1 << field) === 0;
  }

  /** Returns the start of a field without its quotes; 0 when it is absent. */
  start(field: number): number {
    return this.#starts[field];
  }

  end(field: number): number {
    return this.#ends[field];
  }

  isEmpty(field: number): boolean {
    return this.#starts[field] === this.#ends[field];
  }

  /** Returns a field, unquoted and decoded; "" when it is absent. */
  value(field: number): string {
    const text = cut(this.text, this.#starts[field], this.#ends[field]);
    if (this.isPlain(field)) return text;
    return decodeUtf8((this.#quoted & 1 << field) === 0 ? text : unquote(`"${text}"`));
  }

  /** Reports whether a field has a value. */
  is(field: number, value: string): boolean {
    if (!this.isPlain(field)) return this.value(field) === value;
    const start = this.#starts[field];
    return this.#ends[field] - start === value.length && beginsWith(this.text, value, start);
  }

  /** Reports whether a field has a value in any case. */
  isInAnyCase(field: number, lowerCase: string): boolean {
    if (!this.isPlain(field)) return this.value(field).toLowerCase() === lowerCase;
    return spanEqualsIgnoringCase(this.text, this.#starts[field], this.#ends[field], lowerCase);
  }

  /** Returns a field as a quoted string, byte by byte as written; a token, which some peers send, is quoted. */
  quoted(field: number): string {
    const text = cut(this.text, this.#starts[field], this.#ends[field]);
    return (this.#quoted & 1 << field) === 0 ? quote(text) : `"${text}"`;
  }

  /** Returns the position behind a field and white space, -1 if it is malformed or comes twice. */
  #readField(start: number, end: number): number {
    const { text } = this;
    const nameEnd = skipToken(text, start, end);
    const equals = skipWhiteSpace(text, nameEnd, end);
    if (nameEnd === start || equals >= end || codeAt(text, equals) !== 61) return -1;
    const valueStart = skipWhiteSpace(text, equals + 1, end);
    const valueEnd = cursor.readValue(text, valueStart, end);
    if (valueEnd < 0) return -1;
    const names = this.#names;
    let field = 0;
    while (field < names.length && !spanEqualsIgnoringCase(text, start, nameEnd, names[field])) field++;
    if (field < names.length) {
      const bit = 1 << field;
      if ((this.#present & bit) !== 0) return -1;
      this.#present |= bit;
      const quotes = codeAt(text, valueStart) === 34 ? 1 : 0;
      if (quotes === 1) this.#quoted |= bit;
      this.#starts[field] = valueStart + quotes;
      this.#ends[field] = valueEnd - quotes;
      if (!isPlain(text, valueStart, valueEnd)) this.#special |= bit;
    }
    return skipWhiteSpace(text, valueEnd, end);
  }
}

function isPlain(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const code = codeAt(text, at);
    if (code > 127 || code === 92) return false;
  }
  return true;
}
