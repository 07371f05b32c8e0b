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
  constructor(text: string, spans: NameAddrSpans, tail: { end: number; tag: string }) {
    this.#text = text;
    this.start = spans.start;
    this.uriStart = spans.uriStart;
    this.uriEnd = spans.uriEnd;
    this.parametersStart = spans.after;
    this.end = tail.end;
    this.tag = tail.tag;
  }

  get uriText(): string {
    return cut(this.#text, this.uriStart, this.uriEnd);
  }

  /** The URI if it is a SIP or SIPS URI. */
  get uri(): SipUri | undefined {
    if (this.#uri === null) this.#uri = SipUri.parse(this.uriText);
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
    return findParameter(this.parameters, lowerCaseName);
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
  /** Start of the parameters. */
  after: number;
  /** End of the header. */
  to: number;
}

const cursor = new ParameterCursor();

/** Parses the value at `from`; its `end` is at a comma or at `to`. Returns undefined when malformed. */
export function parseNameAddr(text: string, from: number, to: number): NameAddr | undefined {
  const start = skipWhiteSpace(text, from, to);
  let at = start;
  if (codeAt(text, at) === 34) {
    at = skipQuotedString(text, at, to);
    if (at < 0) return undefined;
    at = skipWhiteSpace(text, at, to);
    if (at >= to || codeAt(text, at) !== 60) return undefined;
    return bracketed(text, { start, open: at, to });
  }
  for (; at < to; at++) {
    const code = codeAt(text, at);
    if (code === 60) return bracketed(text, { start, open: at, to });
    // Another character ends an unquoted display name, so this must be an addr-spec.
    if (!isTokenCharacter(code) && !isWhiteSpace(code) && code < 128) break;
  }
  return addrSpec(text, start, to);
}

function bracketed(text: string, spans: { start: number; open: number; to: number }): NameAddr | undefined {
  const uriStart = spans.open + 1;
  let uriEnd = uriStart;
  for (; codeAt(text, uriEnd) !== 62; uriEnd++) {
    if (uriEnd >= spans.to || codeAt(text, uriEnd) <= 32) return undefined;
  }
  if (uriEnd >= spans.to || uriEnd === uriStart) return undefined;
  return withParameters(text, { start: spans.start, uriStart, uriEnd, after: uriEnd + 1, to: spans.to });
}

/** Parses a URI without angle brackets: a semicolon ends it, and it has no comma or question mark (§20.10). */
function addrSpec(text: string, start: number, to: number): NameAddr | undefined {
  let at = start;
  let hasScheme = false;
  for (; at < to; at++) {
    const code = codeAt(text, at);
    if (code === 59 || code === 44 || isWhiteSpace(code)) break;
    if (code === 63 || code === 60 || code === 62 || code === 34) return undefined;
    if (code === 58) hasScheme = true;
  }
  if (!hasScheme) return undefined;
  return withParameters(text, { start, uriStart: start, uriEnd: at, after: at, to });
}

function withParameters(text: string, spans: NameAddrSpans): NameAddr | undefined {
  let tag = "";
  cursor.reset(text, spans.after, spans.to);
  while (cursor.next()) {
    if (cursor.nameEnd - cursor.nameStart !== 3 || !cursor.is("tag")) continue;
    // A tag is one token (§25.1): peers disagree about empty, quoted and repeated ones.
    if (tag !== "" || !cursor.hasToken) return undefined;
    tag = cursor.value;
  }
  if (cursor.failed) return undefined;
  return new NameAddr(text, spans, { end: cursor.position, tag });
}

/** Parses all values of a header line; undefined when any is malformed. */
export function parseNameAddrList(text: string): NameAddr[] | undefined {
  const values: NameAddr[] = [];
  for (let at = 0; at <= text.length;) {
    const value = parseNameAddr(text, at, text.length);
    if (!value) return undefined;
    values.push(value);
    at = value.end + 1;
  }
  return values;
}
