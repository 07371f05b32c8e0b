import assert from "node:assert/strict";
import {
  decodeUtf8,
  encodeUtf8,
  isDigit,
  isHexDigit,
  isHostCharacter,
  isTokenCharacter,
  isUriHeaderCharacter,
  isUriParameterCharacter,
  isUserCharacter,
  isWhiteSpace,
  parseNumber,
  skipQuotedString,
  skipToken,
  skipWhiteSpace,
  spanEqualsIgnoringCase,
  trimWhiteSpace,
} from "../../../src/message/characters.ts";

const ALPHANUM = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

function members(contains: (code: number) => boolean): string {
  return Array.from({ length: 65536 }, (_, code) => code)
    .filter(contains).map((code) => String.fromCharCode(code)).join("");
}

function sorted(characters: string): string {
  return [...characters].sort().join("");
}

Deno.test("§25.1: each character class holds what the grammar says, and no other of all 65536", () => {
  const table: [name: string, contains: (code: number) => boolean, characters: string][] = [
    ["token", isTokenCharacter, `${ALPHANUM}-.!%*_+\`'~`],
    ["user", isUserCharacter, `${ALPHANUM}-_.!~*'()%&=+$,;?/`],
    ["uri-parameter", isUriParameterCharacter, `${ALPHANUM}-_.!~*'()%[]/:&+$`],
    ["header", isUriHeaderCharacter, `${ALPHANUM}-_.!~*'()%[]/?:+$=&`],
    ["host", isHostCharacter, `${ALPHANUM}-._`],
    ["DIGIT", isDigit, "0123456789"],
    ["HEXDIG", isHexDigit, "0123456789ABCDEFabcdef"],
    ["LWS", isWhiteSpace, " \t\r\n"],
  ];
  for (const [name, contains, characters] of table) {
    assert.equal(members(contains), sorted(characters), name);
  }
});

Deno.test("skipWhiteSpace() and skipToken() stay inside their span", () => {
  assert.equal(skipWhiteSpace("a \t\r\n b", 1, 7), 6);
  assert.equal(skipWhiteSpace("a    b", 1, 3), 3);
  assert.equal(skipWhiteSpace("   ", 0, 3), 3);
  assert.equal(skipToken("INVITE sip:", 0, 11), 6);
  assert.equal(skipToken("INVITE", 0, 3), 3);
  assert.equal(skipToken(":", 0, 1), 0);
});

Deno.test("skipQuotedString() ends after the closing quote, which an escape does not close", () => {
  const table: [text: string, end: number][] = [
    ['""', 2],
    ['"Alice" <sip:a@b>', 7],
    ['"a\\"b"', 6],
    ['"a\\\\"b"', 5],
    ['"a\\\\\\"b"', 8],
    ['"', -1],
    ['"open', -1],
    ['"open\\"', -1],
    ['"open\\', -1],
  ];
  for (const [text, end] of table) assert.equal(skipQuotedString(text, 0, text.length), end, text);
  assert.equal(skipQuotedString('"Alice"', 0, 4), -1);
});

Deno.test("spanEqualsIgnoringCase() ignores the case of letters only", () => {
  const table: [text: string, lowerCase: string, equal: boolean][] = [
    ["Via", "via", true],
    ["VIA", "via", true],
    ["vi", "via", false],
    ["via ", "via", false],
    ["@", "`", false],
    ["[", "{", false],
    ["\\", "|", false],
    ["1\x0d", "1-", false],
    ["\xc9", "\xe9", false],
    ["a-b_c", "a-b_c", true],
  ];
  for (const [text, lowerCase, equal] of table) {
    assert.equal(spanEqualsIgnoringCase(text, 0, text.length, lowerCase), equal, text);
  }
  assert.equal(spanEqualsIgnoringCase("xViax", 1, 4, "via"), true);
});

Deno.test("parseNumber() takes digits up to its limit and nothing else", () => {
  const table: [text: string, limit: number, number: number][] = [
    ["0", 255, 0],
    ["70", 255, 70],
    ["255", 255, 255],
    ["256", 255, -1],
    ["007", 255, 7],
    ["00000000000000000000000000042", 255, 42],
    ["2147483647", 2 ** 31 - 1, 2 ** 31 - 1],
    ["2147483648", 2 ** 31 - 1, -1],
    ["4294967296", 2 ** 31 - 1, -1],
    ["36893488147419103232", 2 ** 31 - 1, -1],
    ["0".repeat(20) + "9".repeat(20), 2 ** 31 - 1, -1],
    ["9007199254740991", Number.MAX_SAFE_INTEGER, -1],
    ["", 255, -1],
    ["-1", 255, -1],
    ["+1", 255, -1],
    ["1.0", 255, -1],
    ["1e2", 255, -1],
    ["0x10", 255, -1],
    [" 1", 255, -1],
    ["1 ", 255, -1],
    ["\u0661", 255, -1],
  ];
  for (const [text, limit, number] of table) {
    assert.equal(parseNumber(text, 0, text.length, limit), number, text);
  }
  assert.equal(parseNumber("x12y", 1, 3, 99), 12);
  assert.equal(parseNumber("12", 2, 1, 99), -1);
});

Deno.test("trimWhiteSpace() takes off linear white space, not bytes of UTF-8 that look like it", () => {
  assert.equal(trimWhiteSpace(" \t\r\n a b \r\n\t "), "a b");
  assert.equal(trimWhiteSpace("\xa0a\x85"), "\xa0a\x85");
  assert.equal(trimWhiteSpace("\x0ba\x0c"), "\x0ba\x0c");
  assert.equal(trimWhiteSpace(""), "");
  assert.equal(trimWhiteSpace("   "), "");
});

Deno.test("decodeUtf8() and encodeUtf8() undo each other", () => {
  const table: [text: string, latin1: string][] = [
    ["", ""],
    ["alice", "alice"],
    ["Zoë", "Zo\xc3\xab"],
    ["大停電", "\xe5\xa4\xa7\xe5\x81\x9c\xe9\x9b\xbb"],
    ["📞", "\xf0\x9f\x93\x9e"],
    ["\x7f\x80", "\x7f\xc2\x80"],
  ];
  for (const [text, latin1] of table) {
    assert.equal(encodeUtf8(text), latin1);
    assert.equal(decodeUtf8(latin1), text);
  }
});

Deno.test("decodeUtf8() survives bytes that are not UTF-8", () => {
  assert.equal(decodeUtf8("a\xffb\xc3"), "a\ufffdb\ufffd");
});
