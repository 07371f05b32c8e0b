/** The `;name=value` tail of a header field value (§25.1 generic-param), read one parameter at a time. */
import {
  isTokenCharacter,
  isWhiteSpace,
  skipQuotedString,
  skipToken,
  skipWhiteSpace,
  spanEqualsIgnoringCase,
} from "./characters.ts";
import { codeAt, cut } from "../runtime/text.ts";

/**
 * Walks the parameters from `position` until a comma or `end`.
 *
 *     ;branch=z9hG4bK77ef;rport , SIP/2.0/…
 *      └name┘ └─value──┘  │     └ position when next() has returned false
 *                         └ a parameter without value: valueStart is -1
 */
export class ParameterCursor {
  text = "";
  position = 0;
  end = 0;
  nameStart = 0;
  nameEnd = 0;
  valueStart = -1;
  valueEnd = -1;
  /** True when the walk stopped because of a syntax error. */
  failed = false;

  reset(text: string, position: number, end: number): this {
    this.text = text;
    this.position = position;
    this.end = end;
    this.failed = false;
    return this;
  }

  /** Moves to the next parameter; returns false at the end, at a comma, and on a syntax error. */
  next(): boolean {
    const { text, end } = this;
    let at = skipWhiteSpace(text, this.position, end);
    this.position = at;
    if (at >= end) return false;
    const code = codeAt(text, at);
    if (code !== 59) {
      this.failed = code !== 44;
      return false;
    }
    this.nameStart = skipWhiteSpace(text, at + 1, end);
    this.nameEnd = at = skipToken(text, this.nameStart, end);
    if (this.nameStart === at) return this.#fail();
    at = skipWhiteSpace(text, at, end);
    if (at >= end || codeAt(text, at) !== 61) {
      this.valueStart = this.valueEnd = -1;
      this.position = at;
      return true;
    }
    const valueEnd = this.readValue(text, skipWhiteSpace(text, at + 1, end), end);
    if (valueEnd < 0) return this.#fail();
    this.position = valueEnd;
    return true;
  }

  /** Takes the token, host or quoted string at `start` as the value; returns its end, -1 for none. */
  readValue(text: string, start: number, end: number): number {
    let at = start;
    if (at < end && codeAt(text, at) === 34) {
      at = skipQuotedString(text, at, end);
    } else {
      // A token or a host; an IPv6 reference has brackets and colons.
      while (at < end && isValueCharacter(codeAt(text, at))) at++;
    }
    if (at <= start) return -1;
    this.text = text;
    this.valueStart = start;
    this.valueEnd = at;
    return at;
  }

  #fail(): false {
    this.failed = true;
    return false;
  }

  is(lowerCaseName: string): boolean {
    return spanEqualsIgnoringCase(this.text, this.nameStart, this.nameEnd, lowerCaseName);
  }

  /** True when there is a value, and it is a token. */
  get hasToken(): boolean {
    const { text, valueStart, valueEnd } = this;
    return valueStart >= 0 && skipToken(text, valueStart, valueEnd) === valueEnd;
  }

  /** The value as written, with quotes; "" for none. */
  get value(): string {
    return this.valueStart < 0 ? "" : cut(this.text, this.valueStart, this.valueEnd);
  }
}

function isValueCharacter(code: number): boolean {
  if (isTokenCharacter(code)) return true;
  return code > 32 && code !== 59 && code !== 44 && code !== 34 && code !== 60 && code !== 62 &&
    !isWhiteSpace(code);
}

/**
 * Returns a parameter of a list such as `;q=0.5;expires=60` in `text[from, end)`, unquoted: "" without a value, undefined
 * when absent.
 */
export function findParameter(
  text: string,
  lowerCaseName: string,
  from = 0,
  end = text.length,
): string | undefined {
  search.reset(text, from, end);
  while (search.next()) {
    if (search.is(lowerCaseName)) return unquote(search.value);
  }
  return undefined;
}

const search = new ParameterCursor();

/** Returns the unescaped content of a quoted string; other text is returned as it is. */
export function unquote(value: string): string {
  if (value === "" || codeAt(value, 0) !== 34) return value;
  const inner = value.slice(1, -1);
  return inner.includes("\\") ? inner.replace(/\\([\s\S])/g, "$1") : inner;
}

/** Returns text as a quoted string; the inverse of `unquote`. */
export function quote(text: string): string {
  if (!text.includes('"') && !text.includes("\\")) return `"${text}"`;
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}
