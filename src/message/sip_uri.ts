/** SIP and SIPS URIs (§19.1). */
import {
  decodeUtf8,
  encodeUtf8,
  isHexDigit,
  isUriHeaderCharacter,
  isUriParameterCharacter,
  isUserCharacter,
  parseNumber,
  spanEqualsIgnoringCase,
} from "./characters.ts";
import { isHost, skipHost } from "./via.ts";
import { beginsWith, codeAt, cut, detachText, indexIn } from "../runtime/text.ts";
import { randomSeed } from "../runtime/random.ts";
import { hashText, tableHash } from "../runtime/table_hash.ts";

/** A SIP or SIPS URI as written. Compare with `equals`, never as text. */
export class SipUri {
  readonly text: string;
  readonly secure: boolean;
  /** As written, with escapes; undefined for none. */
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** Lower case; an IPv6 reference keeps its brackets. */
  readonly host: string;
  readonly port: number | undefined;
  /** `;transport=tcp;lr`, or "". */
  readonly parameters: string;
  /** `?subject=…`, or "". */
  readonly headers: string;
  #nextHost: string | undefined;
  #userText: string | undefined;
  #addressOfRecord: string | undefined;

  private constructor(text: string, parts: SipUriParts) {
    this.text = text;
    this.secure = parts.secure;
    this.user = parts.user;
    this.password = parts.password;
    this.host = parts.host;
    this.port = parts.port;
    this.parameters = parts.parameters;
    this.headers = parts.headers;
  }

  /** Returns undefined for text that is not a well-formed SIP or SIPS URI. */
  static parse(text: string): SipUri | undefined {
    return SipUri.at(text, 0, text.length);
  }

  /** Parses the URI in `text[from, end)`; of equal texts the same object is returned while it is remembered. */
  static at(text: string, from: number, end: number): SipUri | undefined {
    const length = end - from;
    if (length > MAX_REMEMBERED_LENGTH) return SipUri.#parse(cut(text, from, end));
    const slot = tableHash(hashText(text, seed, from, end)) & remembered.length - 1;
    const known = remembered[slot];
    if (known !== undefined && known.text.length === length && beginsWith(text, known.text, from)) {
      return known;
    }
    const uri = SipUri.#parse(detachText(cut(text, from, end)));
    if (uri !== undefined) remembered[slot] = uri;
    return uri;
  }

  static #parse(text: string): SipUri | undefined {
    const secure = codeAt(text, 3) === 115 || codeAt(text, 3) === 83;
    const start = secure ? 5 : 4;
    if (codeAt(text, start - 1) !== 58 || !hasSipScheme(text)) return undefined;
    const end = text.length;
    const at = indexIn(text, "@", start);
    const hostStart = at < 0 ? start : at + 1;
    let user: string | undefined;
    let password: string | undefined;
    if (at >= 0) {
      const colon = indexIn(text, ":", start);
      const userEnd = colon >= 0 && colon < at ? colon : at;
      if (userEnd === start || !isEscaped(text, start, userEnd, isUserCharacter)) return undefined;
      user = cut(text, start, userEnd);
      if (userEnd < at) {
        if (!isEscaped(text, userEnd + 1, at, isUserCharacter)) return undefined;
        password = cut(text, userEnd + 1, at);
      }
    }
    let position = skipHost(text, hostStart, end);
    if (position === hostStart) return undefined;
    const written = cut(text, hostStart, position);
    if (!isHost(written)) return undefined;
    // An IPv6 address has many spellings and one normal form (RFC 5954).
    const host = codeAt(written, 0) === 91 ? new URL(`http://${written}`).hostname : lowerCase(written);
    let port: number | undefined;
    if (position < end && codeAt(text, position) === 58) {
      const portStart = position + 1;
      position = portStart;
      while (position < end && codeAt(text, position) >= 48 && codeAt(text, position) <= 57) position++;
      port = parseNumber(text, portStart, position, 65535);
      if (port < 0) return undefined;
    }
    if (position === end) {
      return new SipUri(text, { secure, user, password, host, port, parameters: "", headers: "" });
    }
    const question = indexIn(text, "?", position);
    const parametersEnd = question < 0 ? end : question;
    if (!areParameters(text, position, parametersEnd)) return undefined;
    if (question >= 0 && !isEscaped(text, question + 1, end, isUriHeaderCharacter)) return undefined;
    const parameters = cut(text, position, parametersEnd);
    const headers = question < 0 ? "" : cut(text, question);
    return new SipUri(text, { secure, user, password, host, port, parameters, headers });
  }

  /** Returns a URI parameter, unescaped: "" without a value, undefined when absent. */
  parameter(lowerCaseName: string): string | undefined {
    const { parameters } = this;
    const { length } = parameters;
    let end: number;
    for (let start = 1; start <= length; start = end + 1) {
      end = start;
      let nameEnd = -1;
      for (let code = 0; end < length && (code = codeAt(parameters, end)) !== 59; end++) {
        if (code === 61 && nameEnd < 0) nameEnd = end;
      }
      if (!isParameterName(parameters, start, nameEnd < 0 ? end : nameEnd, lowerCaseName)) continue;
      return nameEnd < 0 ? "" : unescape(cut(parameters, nameEnd + 1, end));
    }
    return undefined;
  }

  /** The host for requests: `maddr` overrides the host of the URI (§19.1.1). */
  get nextHost(): string {
    return this.#nextHost ??= this.#findNextHost();
  }

  /** The user, unescaped and decoded from UTF-8; "" for none. */
  get userText(): string {
    return this.#userText ??= this.user === undefined ? "" : decodeUtf8(unescape(this.user));
  }

  /** The key of bindings, `sip:user@host`: no port, no parameters, user unescaped (§10.3 step 5). */
  get addressOfRecord(): string {
    return this.#addressOfRecord ??= `${this.secure ? "sips" : "sip"}:${
      this.user === undefined ? "" : `${this.userText}@`
    }${this.host}`;
  }

  #findNextHost(): string {
    if (this.parameters === "") return this.host;
    const maddr = this.parameter("maddr")?.toLowerCase();
    return maddr !== undefined && maddr !== "" && isHost(maddr) ? maddr : this.host;
  }

  /**
   * Compares by §19.1.4: the user part with case, everything else without; some parameters must agree, others only if both
   * URIs have them.
   */
  equals(other: SipUri): boolean {
    return this.secure === other.secure && sameOrAbsent(this.user, other.user) &&
      sameOrAbsent(this.password, other.password) && this.host === other.host && this.port === other.port &&
      sameParameters(this, other) && sameHeaders(this, other);
  }

  toString(): string {
    return this.text;
  }
}

/** URIs by a hash of their text: phones send the same few again and again. A newer one takes the slot of another. */
const remembered: (SipUri | undefined)[] = new Array(16384).fill(undefined);
const MAX_REMEMBERED_LENGTH = 128;
const seed = randomSeed() | 0;

/** Escapes a username for the user part of a URI: `me@home` becomes `me%40home`. */
export function escapeUser(username: string): string {
  return Array.from(encodeUtf8(username), escapeOctet).join("");
}

/** `%`, and ASCII characters that a user part may not have. */
const RESERVED = /[\0-\x20"#%:<>@[-^`{-\x7f]/;
const ALL_RESERVED = new RegExp(RESERVED, "g");

/**
 * Returns the key of bindings: `sip:user@host`, or `sip:me%40home@host` for a username with characters reserved in URIs.
 * Letters beyond ASCII stay unescaped.
 */
export function addressOfRecord(username: string, host: string): string {
  const slot = tableHash(hashText(host, hashText(username, seed))) & knownAddresses.length - 1;
  const known = knownAddresses[slot];
  if (known !== undefined && known.username === username && known.host === host) return known.text;
  const user = RESERVED.test(username) ? username.replace(ALL_RESERVED, escapeOctet) : username;
  const text = `sip:${user}@${host}`;
  knownAddresses[slot] = { username, host, text };
  return text;
}

/** Addresses-of-record by a hash, because a `Map` finds the same string several times faster than an equal one. */
const knownAddresses: ({ username: string; host: string; text: string } | undefined)[] = new Array(16384)
  .fill(undefined);

/** Splits a result of `addressOfRecord` into username and host. */
export function partsOfAddress(aor: string): { username: string; host: string } {
  const at = aor.lastIndexOf("@");
  return { username: unescape(aor.slice("sip:".length, at)), host: aor.slice(at + 1) };
}

/** Escapes the parameters of a `tel:` URI for a user part; present escapes stay. */
export function escapeParameters(parameters: string): string {
  return parameters.replace(/%[0-9a-f]{2}|[^]/gi, (part) => part.length > 1 ? part : escapeOctet(part));
}

function escapeOctet(octet: string): string {
  const code = codeAt(octet, 0);
  if (isUserCharacter(code) && octet !== "%") return octet;
  return `%${code.toString(16).toUpperCase().padStart(2, "0")}`;
}

const NUMBER = /^(?:\+|%2B)?[\d().*#-]+$/i;

/**
 * Splits a user part like `15550104180;npdi` (§19.1.6) into the unescaped number and its parameters as written; undefined
 * without parameters, or when they belong to a name.
 */
export function telephoneSubscriber(uri: SipUri): { number: string; parameters: string } | undefined {
  const { user = "" } = uri;
  const end = indexIn(user, ";");
  if (end < 0) return undefined;
  const number = cut(user, 0, end);
  if (uri.parameter("user") !== "phone" && !NUMBER.test(number)) return undefined;
  return { number: decodeUtf8(unescape(number)), parameters: cut(user, end) };
}

/** Reports whether two URIs have the same user part, unescaped (§19.1.4). */
export function isSameUser(a: SipUri, b: SipUri): boolean {
  return sameOrAbsent(a.user, b.user);
}

/** Reports whether a text begins with `sips:`. */
export function hasSecureScheme(text: string): boolean {
  return /^sips:/i.test(text);
}

interface SipUriParts {
  secure: boolean;
  user: string | undefined;
  password: string | undefined;
  host: string;
  port: number | undefined;
  parameters: string;
  headers: string;
}

function hasSipScheme(text: string): boolean {
  const s = codeAt(text, 0) | 32;
  return s === 115 && (codeAt(text, 1) | 32) === 105 && (codeAt(text, 2) | 32) === 112;
}

function isEscaped(text: string, from: number, to: number, allowed: (code: number) => boolean): boolean {
  for (let at = from; at < to; at++) {
    const code = codeAt(text, at);
    if (!allowed(code)) return false;
    if (code !== 37) continue;
    if (at + 2 >= to || !isHexDigit(codeAt(text, at + 1)) || !isHexDigit(codeAt(text, at + 2))) {
      return false;
    }
    at += 2;
  }
  return true;
}

function areParameters(text: string, from: number, to: number): boolean {
  if (from === to) return true;
  if (codeAt(text, from) !== 59) return false;
  return isEscaped(text, from, to, (code) => code === 59 || code === 61 || isUriParameterCharacter(code));
}

function isParameterName(text: string, from: number, end: number, lowerCaseName: string): boolean {
  if (end - from === lowerCaseName.length) return spanEqualsIgnoringCase(text, from, end, lowerCaseName);
  // Escapes make a name up to three times as long.
  if (end - from < lowerCaseName.length || end - from > 3 * lowerCaseName.length) return false;
  return unescape(cut(text, from, end)).toLowerCase() === lowerCaseName;
}

function lowerCase(text: string): string {
  for (let i = 0, end = text.length; i < end; i++) {
    const code = codeAt(text, i);
    if (code >= 65 && code <= 90) return text.toLowerCase();
  }
  return text;
}

/** Turns `%41` into `A`; bytes stay latin1. */
function unescape(text: string): string {
  if (!text.includes("%")) return text;
  return text.replace(/%([0-9a-fA-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
}

/** Unescapes all but reserved characters, which differ from their escapes (§19.1.4). */
function normalize(text: string): string {
  if (!text.includes("%")) return text;
  return text.replace(/%([0-9a-fA-F]{2})/g, (escape, hex) => {
    const character = String.fromCharCode(parseInt(hex, 16));
    return /[;/?:@&=+$,]/.test(character) ? escape.toLowerCase() : character;
  });
}

function sameOrAbsent(a: string | undefined, b: string | undefined): boolean {
  if (a === b) return true;
  return a !== undefined && b !== undefined && normalize(a) === normalize(b);
}

/** Parameters that must be in both URIs or in neither. */
const DECISIVE = new Set(["user", "ttl", "method", "maddr", "transport"]);

function sameParameters(a: SipUri, b: SipUri): boolean {
  if (a.parameters === b.parameters) return true;
  const ours = parameterMap(a.parameters, ";");
  const theirs = parameterMap(b.parameters, ";");
  for (const [name, value] of ours) {
    const other = theirs.get(name);
    if (other === undefined ? DECISIVE.has(name) : other !== value) return false;
  }
  for (const name of theirs.keys()) {
    if (DECISIVE.has(name) && !ours.has(name)) return false;
  }
  return true;
}

function sameHeaders(a: SipUri, b: SipUri): boolean {
  if (a.headers === b.headers) return true;
  const ours = parameterMap(a.headers.slice(1), "&");
  const theirs = parameterMap(b.headers.slice(1), "&");
  if (ours.size !== theirs.size) return false;
  for (const [name, value] of ours) if (theirs.get(name) !== value) return false;
  return true;
}

function parameterMap(text: string, separator: string): Map<string, string> {
  const map = new Map<string, string>();
  for (const part of text.split(separator)) {
    if (part === "") continue;
    const equals = indexIn(part, "=");
    const name = normalize(equals < 0 ? part : part.slice(0, equals)).toLowerCase();
    map.set(name, equals < 0 ? "" : normalize(part.slice(equals + 1)).toLowerCase());
  }
  return map;
}
