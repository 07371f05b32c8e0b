/** Character classes of the SIP grammar (RFC 3261 §25.1), one table look-up a character. */
import { Buffer } from "node:buffer";
import { codeAt, cut } from "../runtime/text.ts";

const TOKEN = 1;
const USER = 2;
const PARAMETER = 4;
const HOST = 8;
const DIGIT = 16;
const HEX = 32;
const HEADERS = 64;

const classes = new Uint8Array(65536);

function mark(characters: string, bits: number): void {
  for (const character of characters) classes[codeAt(character, 0)] |= bits;
}

const digits = "0123456789";
const alphanumeric = `${digits}abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ`;
mark(alphanumeric, TOKEN | USER | PARAMETER | HOST | HEADERS);
mark(digits, DIGIT | HEX);
mark("abcdefABCDEF", HEX);
mark("-.!%*_+`'~", TOKEN);
mark("-_.!~*'()%&=+$,;?/", USER);
mark("-_.!~*'()%[]/:&+$", PARAMETER);
mark("-_.!~*'()%[]/?:+$=&", HEADERS);
mark("-._", HOST);

export const isTokenCharacter = (code: number): boolean => (classes[code] & TOKEN) !== 0;
/** Reports whether a character may be in the user part of a URI; `%` may, and the caller checks its digits. */
export const isUserCharacter = (code: number): boolean => (classes[code] & USER) !== 0;
export const isUriParameterCharacter = (code: number): boolean => (classes[code] & PARAMETER) !== 0;
export const isUriHeaderCharacter = (code: number): boolean => (classes[code] & HEADERS) !== 0;
/** Reports whether a character may be in a host name or IPv4 address; `_` is tolerated, as by name servers. */
export const isHostCharacter = (code: number): boolean => (classes[code] & HOST) !== 0;
export const isDigit = (code: number): boolean => (classes[code] & DIGIT) !== 0;
export const isHexDigit = (code: number): boolean => (classes[code] & HEX) !== 0;
/** Reports whether a character is linear white space; CR and LF are, since folded lines are white space. */
export const isWhiteSpace = (code: number): boolean =>
  code === 32 || code === 9 || code === 13 || code === 10;

export function skipWhiteSpace(text: string, from: number, end: number): number {
  let at = from;
  while (at < end && isWhiteSpace(codeAt(text, at))) at++;
  return at;
}

export function skipToken(text: string, from: number, end: number): number {
  let at = from;
  while (at < end && isTokenCharacter(codeAt(text, at))) at++;
  return at;
}

/** Returns the position after the quoted string at `from`, -1 if it never closes. */
export function skipQuotedString(text: string, from: number, end: number): number {
  for (let at = from + 1; at < end; at++) {
    const code = codeAt(text, at);
    if (code === 92) at++;
    else if (code === 34) return at + 1;
  }
  return -1;
}

/** Reports whether `text[from, end)` equals `lowerCase` in any case. */
export function spanEqualsIgnoringCase(text: string, from: number, end: number, lowerCase: string): boolean {
  const { length } = lowerCase;
  if (end - from !== length) return false;
  for (let i = 0; i < length; i++) {
    const code = codeAt(text, from + i);
    const wanted = codeAt(lowerCase, i);
    if (code !== wanted && !((code | 32) === wanted && code >= 65 && code <= 90)) return false;
  }
  return true;
}

/** Parses the digits in `text[from, end)`; -1 for anything else, or a number above `limit`. */
export function parseNumber(text: string, from: number, end: number, limit: number): number {
  if (from >= end || end - from > 10 && codeAt(text, from) !== 48) return -1;
  let number = 0;
  for (let at = from; at < end; at++) {
    const code = codeAt(text, at);
    if (!isDigit(code)) return -1;
    number = number * 10 + code - 48;
    if (number > limit) return -1;
  }
  return number;
}

/** Trims linear white space. `String.trim` would also remove bytes of UTF-8 such as 0xA0. */
export function trimWhiteSpace(text: string): string {
  const start = skipWhiteSpace(text, 0, text.length);
  let end = text.length;
  while (end > start && isWhiteSpace(codeAt(text, end - 1))) end--;
  return cut(text, start, end);
}

/** Decodes the bytes of a latin1 string as UTF-8, the form of configuration. */
export function decodeUtf8(latin1: string): string {
  return isAscii(latin1) ? latin1 : Buffer.from(latin1, "latin1").toString("utf8");
}

/** Encodes text as a latin1 string of its UTF-8 bytes; the inverse of `decodeUtf8`. */
export function encodeUtf8(text: string): string {
  return isAscii(text) ? text : Buffer.from(text, "utf8").toString("latin1");
}

function isAscii(text: string): boolean {
  for (let i = 0, end = text.length; i < end; i++) if (codeAt(text, i) > 127) return false;
  return true;
}
