/** The tokens of a filter. */
import { FilterError } from "./filter_error.ts";

export type Token =
  /** `==`, `&&`, `(` …, and the words `in`, `true`, `false`, `null`. */
  | { readonly kind: "sign"; readonly text: string; readonly at: number }
  | { readonly kind: "text"; readonly text: string; readonly at: number }
  /** An unquoted word: a name in a path, or a value as early clients send it. */
  | { readonly kind: "word"; readonly text: string; readonly at: number }
  | { readonly kind: "number"; readonly value: number; readonly text: string; readonly at: number }
  | { readonly kind: "pattern"; readonly text: string; readonly flags: string; readonly at: number }
  | { readonly kind: "end"; readonly at: number };

const SPACE = /\s+/y;
const NUMBER = /-?\d+(?:\.\d+)?(?![\w.:@-])/y;
const WORD = /[\p{L}\p{N}_$+][\p{L}\p{N}_$+:@-]*/uy;
const SIGN = /==|!=|<=|>=|=~|&&|\|\||[<>!()[\],.@]/y;
const PATTERN = /\/((?:\\.|[^/\\])+)\/([a-z]*)/y;
const KEYWORDS: ReadonlySet<string> = new Set(["in", "true", "false", "null"]);

/**
 * Returns all tokens and the end. Throws `FilterError`.
 * @param offset added to the positions of errors
 */
export function tokensOf(filter: string, offset = 0): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (form: RegExp): RegExpExecArray | null => {
    form.lastIndex = at;
    const match = form.exec(filter);
    if (match !== null) at = form.lastIndex;
    return match;
  };
  while (take(SPACE) !== null || at < filter.length) {
    const start = at;
    if (start === filter.length) break;
    const quote = filter[start];
    if (quote === "'" || quote === '"') {
      const { text, end } = quotedText(filter, start);
      if (end === 0) throw new FilterError("The text does not end", offset + start);
      tokens.push({ kind: "text", text, at: start });
      at = end;
      continue;
    }
    const last = tokens.at(-1);
    const pattern = last?.kind === "sign" && last.text === "=~" ? take(PATTERN) : null;
    if (pattern !== null) {
      tokens.push({ kind: "pattern", text: pattern[1], flags: pattern[2], at: start });
      continue;
    }
    const number = take(NUMBER);
    if (number !== null) {
      tokens.push({ kind: "number", value: Number(number[0]), text: number[0], at: start });
      continue;
    }
    const word = take(WORD);
    if (word !== null) {
      tokens.push({ kind: KEYWORDS.has(word[0]) ? "sign" : "word", text: word[0], at: start });
      continue;
    }
    const sign = take(SIGN);
    if (sign === null) {
      const found = String.fromCodePoint(filter.codePointAt(start)!);
      throw new FilterError(`Unexpected "${found}"`, offset + start);
    }
    tokens.push({ kind: "sign", text: sign[0], at: start });
  }
  tokens.push({ kind: "end", at: filter.length });
  return tokens;
}

const ESCAPES: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };
const CODE_UNIT = /u([0-9a-f]{4})/iy;

/** Reads a quoted text with the escapes of JSON and of either quote; `end` is 0 when it is not closed. */
function quotedText(filter: string, start: number): { text: string; end: number } {
  let text = "";
  for (let i = start + 1; i < filter.length; i++) {
    if (filter[i] === filter[start]) return { text, end: i + 1 };
    if (filter[i] !== "\\" || i + 1 === filter.length) {
      text += filter[i];
      continue;
    }
    CODE_UNIT.lastIndex = ++i;
    const [, digits] = CODE_UNIT.exec(filter) ?? [];
    text += digits === undefined
      ? ESCAPES[filter[i]] ?? filter[i]
      : String.fromCharCode(parseInt(digits, 16));
    if (digits !== undefined) i += digits.length;
  }
  return { text, end: 0 };
}
