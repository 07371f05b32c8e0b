/** name-addr and addr-spec with parameters: From, To, Contact, Route, Record-Route, Path (§20.10, §25.1). */
import {
  decodeUtf8,
  isTokenCharacter,
  isWhiteSpace,
  skipQuotedString,
  skipWhiteSpace,
  trimWhiteSpace,
} from "./characters.ts";
import { findParameter, ParameterCursor, unquote } from "./parameters.ts";
import { SipUri } from "./sip_uri.ts";
import { codeAt, cut } from "../runtime/text.ts";

/**
 * A name-addr or addr-spec value, as spans of its text.
 *
 *     "Alice" <sip:alice@example.com>;tag=88sja8x , …
 *     └start   └uriStart─────uriEnd┘ └parametersStart
 *                                                └end (a comma, or the end of the header)
 */
export class NameAddr {
  readonly #text: string;
  readonly start: number;
  readonly uriStart: number;
  readonly uriEnd: number;
  readonly parametersStart: number;
  readonly end: number;
  /** The `tag` parameter of From and To, "" when there is none. */
  readonly tag: string;
  #uri: SipUri | undefined | null = null;

  /** @internal */
  constructor(text: string, spans: NameAddrSpans) {
    this.#text = text;
    this.start = spans.start;
    this.uriStart = spans.uriStart;
    this.uriEnd = spans.uriEnd;
    this.parametersStart = spans.parametersStart;
    this.end = spans.end;
    this.tag = spans.tag;
  }

  get uriText(): string {
    return cut(this.#text, this.uriStart, this.uriEnd);
  }

  /** The URI if it is a SIP or SIPS URI. */
  get uri(): SipUri | undefined {
    if (this.#uri === null) this.#uri = SipUri.at(this.#text, this.uriStart, this.uriEnd);
    return this.#uri;
  }

  /** The display name, unquoted and decoded; "" when there is none. */
  get displayName(): string {
    const before = trimWhiteSpace(cut(this.#text, this.start, this.uriStart).replace(/<$/, ""));
    return decodeUtf8(unquote(before));
  }

  get parameters(): string {
    return trimWhiteSpace(cut(this.#text, this.parametersStart, this.end));
  }

  /** Returns a parameter of the header, not of the URI: "" without a value, undefined when absent. */
  parameter(lowerCaseName: string): string | undefined {
    if (this.parametersStart === this.end) return undefined;
    return findParameter(this.#text, lowerCaseName, this.parametersStart, this.end);
  }

  /** Returns the value as written. */
  toString(): string {
    return trimWhiteSpace(cut(this.#text, this.start, this.end));
  }
}

interface NameAddrSpans {
  start: number;
  uriStart: number;
  uriEnd: number;
  parametersStart: number;
  end: number;
  tag: string;
}

/** The value that is being parsed. */
const spans: NameAddrSpans = { start: 0, uriStart: 0, uriEnd: 0, parametersStart: 0, end: 0, tag: "" };
const cursor = new ParameterCursor();

/** Parses the value at `from`; its `end` is at a comma or at `to`. Returns undefined when malformed. */
export function parseNameAddr(text: string, from: number, to: number): NameAddr | undefined {
  let at = spans.start = skipWhiteSpace(text, from, to);
  let isBracketed = false;
  if (at < to && codeAt(text, at) === 34) {
    at = skipQuotedString(text, at, to);
    if (at < 0) return undefined;
    at = skipWhiteSpace(text, at, to);
    if (at >= to || codeAt(text, at) !== 60) return undefined;
    isBracketed = true;
  }
  for (; at < to; at++) {
    const code = codeAt(text, at);
    isBracketed = code === 60;
    if (isBracketed) break;
    // Another character ends an unquoted display name, so this must be an addr-spec.
    if (!isTokenCharacter(code) && !isWhiteSpace(code) && code < 128) break;
  }
  const isFound = isBracketed ? findBracketed(text, at, to) : findAddrSpec(text, spans.start, to);
  return isFound && readParameters(text, to) ? new NameAddr(text, spans) : undefined;
}

/** Finds the URI that the bracket at `open` begins. */
function findBracketed(text: string, open: number, to: number): boolean {
  const start = open + 1;
  let end = start;
  for (let code: number; (code = codeAt(text, end)) !== 62; end++) if (end >= to || code <= 32) return false;
  spans.uriStart = start;
  spans.uriEnd = end;
  spans.parametersStart = end + 1;
  return end < to && end > start;
}

/** Finds a URI without angle brackets: a semicolon ends it, and it has no comma or question mark (§20.10). */
function findAddrSpec(text: string, start: number, to: number): boolean {
  let at = start;
  let hasScheme = false;
  for (; at < to; at++) {
    const code = codeAt(text, at);
    if (code === 59 || code === 44 || isWhiteSpace(code)) break;
    if (code === 63 || code === 60 || code === 62 || code === 34) return false;
    if (code === 58) hasScheme = true;
  }
  spans.uriStart = start;
  spans.uriEnd = spans.parametersStart = at;
  return hasScheme;
}

function readParameters(text: string, to: number): boolean {
  spans.tag = "";
  cursor.reset(text, spans.parametersStart, to);
  while (cursor.next()) {
    if (cursor.nameEnd - cursor.nameStart !== 3 || !cursor.is("tag")) continue;
    // A tag is one token (§25.1): peers disagree about empty, quoted and repeated ones.
    if (spans.tag !== "" || !cursor.hasToken) return false;
    spans.tag = cursor.value;
  }
  spans.end = cursor.position;
  return !cursor.failed;
}

/** Parses all values of a header line; undefined when any is malformed. */
export function parseNameAddrList(text: string): NameAddr[] | undefined {
  const first = parseNameAddr(text, 0, text.length);
  if (!first) return undefined;
  const values = [first];
  for (let at = first.end + 1; at <= text.length;) {
    const value = parseNameAddr(text, at, text.length);
    if (!value) return undefined;
    values.push(value);
    at = value.end + 1;
  }
  return values;
}
