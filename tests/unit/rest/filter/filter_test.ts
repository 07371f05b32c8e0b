import assert from "node:assert/strict";
import { parseFilter } from "../../../../src/rest/filter/filter.ts";
import { FilterError } from "../../../../src/rest/filter/filter_error.ts";
import { documentReader } from "../../../../src/rest/filter/filter_parser.ts";

const JOHN = {
  kind: "Agent",
  metadata: { name: "John O'Neill", ref: "ag3f77f6", modifiedOn: "2026-02-02T00:00:00.000Z" },
  spec: {
    credentials: { username: "1001" },
    domains: ["sip.local", "sip2.local"],
    privacy: "none",
    maxContacts: 3,
    sendRegister: false,
    in: "a name",
    "a b": { "'": "quote" },
    nothing: null,
  },
};

function isWanted(filter: string): boolean {
  const test = parseFilter<unknown>(filter, documentReader);
  assert.ok(test, `${filter} lets everything through`);
  return test(JOHN);
}

/** Asserts that each filter matches John, or does not. */
function assertWanted(filters: readonly string[], expected: boolean): void {
  for (const filter of filters) assert.equal(isWanted(filter), expected, filter);
}

function errorOf(filter: string): string {
  try {
    parseFilter(filter, documentReader);
  } catch (error) {
    assert.ok(error instanceof FilterError, String(error));
    return `${error.position}: ${error.message}`;
  }
  return "accepted";
}

Deno.test("an empty filter, * and @ match everything, with and without Jayway's brackets", () => {
  for (const filter of ["", "  ", "*", "@", " * ", "*.[?(*)]", "$[?(@)]", "*.[?()]"]) {
    assert.equal(parseFilter(filter, documentReader), undefined, filter);
  }
});

Deno.test("the filters of Routr v1 keep their meaning", () => {
  assertWanted([
    "@.metadata.ref=='ag3f77f6'",
    "@.metadata.ref==ag3f77f6",
    "@.spec.credentials.username==1001",
    "@.spec.credentials.username=='1001' && 'sip.local' in @.spec.domains",
    "@.spec.privacy in ['none','private']",
    "@.spec.privacy == 'private' || @.spec.maxContacts < 4",
    '*.[?(@.metadata.ref=="ag3f77f6")]',
    "*[?(@.spec.privacy)]",
    "$[?(@.spec.privacy)]",
    "$.[?(@.spec.privacy)]",
    "$..[?( @.spec.privacy )] ",
    "$.*[?(@.spec.privacy)]",
    "[?(@.spec.privacy)]",
  ], true);
  assertWanted([
    "@.metadata.ref=='ag3f77f7'",
    "@.metadata.ref==ag3f77f",
    "@.metadata.ref in ['a','b']",
    "'sip3.local' in @.spec.domains",
    "*.[?(@.spec.credentials.username=='1002')]",
  ], false);
});

Deno.test("a property alone is whether it is there", () => {
  assertWanted([
    "@.spec.maxContacts",
    "@.spec.sendRegister",
    "@['spec']['a b']",
    "@.spec.domains[1]",
    "!@.spec.x",
  ], true);
  assertWanted(
    ["@.spec.x", "@.x.y.z", "@.spec.domains[2]", "@.constructor", "@.__proto__", "!@.spec", "!@"],
    false,
  );
});

Deno.test("paths have names after points, and names and positions in brackets", () => {
  assertWanted([
    `@["spec"]["credentials"].username == "1001"`,
    "@.spec.domains[0] == 'sip.local'",
    `@.spec["a b"]["'"] == 'quote'`,
    `@.spec['a b']['\\''] == 'quote'`,
    "@.spec.in == 'a name'",
    "@ . spec . privacy == none",
  ], true);
});

Deno.test("numbers and texts that are the same number are equal, others are not", () => {
  assertWanted([
    "@.spec.maxContacts == 3",
    "@.spec.maxContacts == '3'",
    "3 == @.spec.maxContacts",
    "@.spec.credentials.username == 1001",
    "@.spec.maxContacts in [1, 2, 3]",
    "@.spec.maxContacts in ['3']",
    "@.spec.credentials.username in [1001]",
    "@.spec.maxContacts != 4",
  ], true);
  assertWanted([
    "@.spec.maxContacts == '03'",
    "@.spec.credentials.username == 01001",
    "@.spec.credentials.username == '1001.0'",
    "@.spec.maxContacts != '3'",
    "@.spec.maxContacts in ['03', 03]",
  ], false);
});

Deno.test("numbers are ordered by value, texts by their letters, and nothing else is", () => {
  assertWanted([
    "@.spec.maxContacts > 2.5",
    "@.spec.maxContacts >= 3 && @.spec.maxContacts <= '3'",
    "@.spec.credentials.username > 999",
    "@.spec.credentials.username > '999'",
    "@.spec.maxContacts > -1",
    "@.metadata.modifiedOn > '2026-02-01'",
    "@.metadata.modifiedOn < '2026-02-03'",
    "@.metadata.name >= 'John'",
    "@.spec.maxContacts < abc",
  ], true);
  assertWanted([
    "@.spec.maxContacts > 3",
    "@.spec.maxContacts < 3",
    "@.spec.x < 1",
    "@.spec.x >= 1",
    "@.spec.domains > 0",
    "@.spec.sendRegister >= false",
    "@.spec.nothing <= null",
  ], false);
});

Deno.test("true, false and null are constants; a missing property is null", () => {
  assertWanted([
    "@.spec.sendRegister == false",
    "@.spec.x == null",
    "@.spec.nothing == null",
    "@.spec.maxContacts != null",
    "@.spec.x != 'a'",
    "@.spec.sendRegister in [true, false]",
    "@.spec.x in [null]",
  ], true);
  assertWanted([
    "@.spec.sendRegister == 'false'",
    "@.spec.sendRegister == 0",
    "@.spec.x == ''",
    "@.spec.x in []",
  ], false);
});

Deno.test("lists are compared item by item, and searched by in", () => {
  assertWanted([
    "@.spec.domains == ['sip.local', \"sip2.local\"]",
    "@.spec.domains[1] in @.spec.domains",
    "@.spec.domains in [['a'], [sip.local, sip2.local]]",
  ], true);
  assertWanted([
    "@.spec.domains == ['sip.local']",
    "@.spec.domains == 'sip.local'",
    "'sip' in @.spec.domains",
    "'none' in @.spec.privacy",
    "'none' in @.spec.x",
  ], false);
});

Deno.test("&& binds closer than ||, ! closest, and parentheses come first", () => {
  assertWanted([
    "@.spec.privacy || @.x && @.y",
    "@.x && @.y || @.spec.privacy",
    "!@.x && !(@.y || @.z)",
    "!!@.spec",
    "((@.spec.privacy == none) && (@.spec))",
    "!@.spec.privacy == 'private'",
  ], true);
  assertWanted(["(@.spec.privacy || @.x) && @.y", "!(@.spec.privacy == none)", "!(!@.x) || !@.spec"], false);
});

Deno.test("words without quotes are texts, as early clients send them", () => {
  const document = (value: string) => ({ value });
  for (
    const word of [
      "sip.local",
      "192.168.1.2",
      "sip:1001@sip.local",
      "tel:+17066041487",
      "gw-1_a",
      "0042",
      "1e3",
      "jörg",
    ]
  ) {
    const test = parseFilter<unknown>(`@.value==${word}&&@.value`, documentReader);
    assert.equal(test?.(document(word)), true, word);
    assert.equal(test?.(document(`${word}0`)), false, word);
  }
});

Deno.test("texts have the escapes of JSON, and of both quotes", () => {
  const table: [written: string, value: string][] = [
    ["'John O\\'Neill'", "John O'Neill"],
    [`"say \\"yes\\""`, 'say "yes"'],
    ["'a\\\\b\\/c'", "a\\b/c"],
    ["'\\n\\t\\r\\b\\f'", "\n\t\r\b\f"],
    ["'J\\u00f6rg \\u00F6'", "Jörg ö"],
    ["'\\u12'", "u12"],
    ["'&& || ) in ['", "&& || ) in ["],
    ["''", ""],
  ];
  for (const [written, value] of table) {
    assert.equal(parseFilter<unknown>(`@.value == ${written}`, documentReader)?.({ value }), true, written);
  }
});

Deno.test("=~ is whether all of a text matches, or of any in a list", () => {
  assertWanted([
    "@.metadata.name =~ /John.*/",
    "@.metadata.name =~ /JOHN.*/i",
    "@.spec.credentials.username =~ /10\\d{2}/",
    "@.spec.maxContacts =~ /[1-3]/",
    "@.spec.domains =~ /sip2\\..*/",
    "@.metadata.modifiedOn =~ /2026-02-.*/ && @.spec",
    "'a/b' =~ /a\\/b/",
  ], true);
  assertWanted([
    "@.metadata.name =~ /John/",
    "@.metadata.name =~ /john.*/",
    "@.spec.x =~ /.*/",
    "@.spec.sendRegister =~ /.*/",
    "@.spec.domains =~ /sip/",
  ], false);
});

Deno.test("a fault is reported with its column", () => {
  const table: [filter: string, error: string][] = [
    ["@.a = 'b'", '5: Unexpected "="'],
    ["@.a == 'b", "8: The text does not end"],
    ["@.a == ", "7: Found the end, expected a property such as @.metadata.ref, a text or a number"],
    ["@.a 'b'", '5: Found "b", expected &&, || or the end'],
    ["(@.a == 'b'", '12: Found the end, expected ")"'],
    ["@.a == 'b')", '11: Found ")", expected &&, || or the end'],
    ["@.", "3: Found the end, expected the name of a property"],
    ["@..a", '3: Found ".", expected the name of a property'],
    ["@.a[*]", '5: Unexpected "*"'],
    ["@.a[-1]", '5: Found "-1", expected a name in quotes, or a position counted from 0'],
    ["@.a[0", '6: Found the end, expected "]"'],
    ["@.a[", "5: Found the end, expected a name in quotes, or a position counted from 0"],
    ["'a'", "4: Found the end, expected a comparison such as ==, or in"],
    ["username == '1001'", '1: Found "username", expected a property such as @.metadata.ref'],
    ["$.spec == 1", '1: Found "$", expected a property such as @.metadata.ref'],
    ["@.a in 'b'", "8: Found \"b\", expected a property, or a list such as ['a', 'b']"],
    ["@.a in ['b' 'c']", '13: Found "c", expected "]"'],
    ["@.a in ['b',", "13: Found the end, expected a property such as @.metadata.ref, a text or a number"],
    ["@.a =~ 'b'", '8: Found "b", expected a pattern such as /10.*/i'],
    ["@.a =~ /b", '8: Unexpected "/"'],
    ["@.a =~ /(/", '8: Found "(", expected a regular expression as RE2 has them'],
    ["@.a =~ /(?=b)/", '8: Found "(?=b)", expected a regular expression as RE2 has them'],
    ["@.a =~ /b/g", '8: Found "b", expected no flag but i'],
    ["@.a == 1 && 😀", '13: Unexpected "😀"'],
    ["*.[?(  @.a = 1)]", '12: Unexpected "="'],
    ["  @.a ==", "9: Found the end, expected a property such as @.metadata.ref, a text or a number"],
    ["*.[?(@.a)", '1: Unexpected "*"'],
    ["@.a == 1; process.exit()", '9: Unexpected ";"'],
  ];
  for (const [filter, error] of table) assert.equal(errorOf(filter), error, filter);
});

Deno.test("length, depth and patterns have bounds", () => {
  const nested = (open: string, depth: number, close: string) =>
    open.repeat(depth) + "@.a" + close.repeat(depth);
  const list = (depth: number) => `@.a in ${"[".repeat(depth)}1${"]".repeat(depth)}`;
  assert.equal(errorOf(nested("(", 64, ")")), "accepted");
  assert.equal(errorOf(nested("(", 65, ")")), "66: Nested deeper than 64 levels");
  assert.equal(errorOf(nested("(", 2000, ")")), "66: Nested deeper than 64 levels");
  assert.equal(errorOf("!".repeat(4000) + "@"), "66: Nested deeper than 64 levels");
  assert.equal(errorOf(list(64)), "accepted");
  assert.match(errorOf(list(2000)), /Nested deeper than 64 levels/);
  assert.equal(errorOf("@.a==1 ||".repeat(400) + "@.a==1"), "accepted");
  assert.equal(errorOf(`@.a == '${"x".repeat(4087)}'`), "accepted");
  assert.equal(errorOf(`@.a == '${"x".repeat(4088)}'`), "4097: Longer than 4096 characters");
  assert.equal(errorOf("@.a =~ /b/".concat(" || @.a =~ /b/".repeat(3))), "accepted");
  assert.match(errorOf("@.a =~ /b/".concat(" || @.a =~ /b/".repeat(4))), /^64: More than 4 patterns/);
  assert.match(errorOf(`@.a =~ /${"b".repeat(101)}/`), /expected a pattern of at most 100 characters/);
  assert.match(errorOf("@.a =~ /(.{20}){20}/"), /expected a pattern with fewer alternatives and repetitions/);
  assert.match(errorOf("@.a =~ /((x{900}){900}){900}/"), /expected a pattern with fewer/);
  const test = parseFilter<unknown>("@.a =~ /x*/", documentReader);
  assert.deepEqual([256, 257].map((length) => test?.({ a: "x".repeat(length) })), [true, false]);
});

Deno.test("whatever is sent is read or refused with a place in it", () => {
  const parts = [
    "@",
    ".",
    "a",
    "'b'",
    '"',
    "[",
    "]",
    "(",
    ")",
    "==",
    "=~",
    "!",
    "&&",
    "||",
    "in",
    "/x/",
    "1",
    ",",
    " ",
    "\\",
    "*",
  ];
  let state = 1;
  const next = (bound: number) => (state = state * 48271 % 2147483647) % bound;
  let accepted = 0;
  for (let i = 0; i < 20_000; i++) {
    const filter = Array.from({ length: 1 + next(9) }, () => parts[next(parts.length)]).join("");
    const error = errorOf(filter);
    const position = Number(/^\d+/.exec(error)?.[0] ?? 1);
    assert.ok(position >= 1 && position <= filter.length + 1, `${filter}: ${error}`);
    if (error !== "accepted") continue;
    accepted++;
    assert.equal(typeof (parseFilter<unknown>(filter, documentReader)?.(JOHN) ?? true), "boolean");
  }
  assert.ok(accepted > 100, String(accepted));
});
