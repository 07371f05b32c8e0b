import assert from "node:assert/strict";
import { TelUri } from "../../../src/message/tel_uri.ts";

function tel(text: string): TelUri {
  const parsed = TelUri.parse(text);
  assert.ok(parsed, `${text} is well-formed`);
  return parsed;
}

Deno.test("TelUri.parse() reads the examples of RFC 3966", () => {
  const table: [text: string, number: string, parameters: string][] = [
    ["tel:+1-201-555-0123", "+12015550123", ""],
    ["tel:7042;phone-context=example.com", "7042", ";phone-context=example.com"],
    ["tel:863-1234;phone-context=+1-914-555", "8631234", ";phone-context=+1-914-555"],
    ["TEL:+1(201)555.0123", "+12015550123", ""],
    ["tel:*31#;phone-context=+44", "*31#", ";phone-context=+44"],
    ["tel:+12015550123;ext=99;isub=12%2034", "+12015550123", ";ext=99;isub=12%2034"],
  ];
  for (const [text, number, parameters] of table) {
    const parsed = tel(text);
    assert.deepEqual([parsed.number, parsed.parameters, parsed.toString()], [number, parameters, text]);
  }
});

Deno.test("TelUri.parse() refuses what is no telephone number", () => {
  for (
    const text of [
      "",
      "tel:",
      "tel:+",
      "tel:--",
      "tel:alice",
      "tel:1 2",
      "tel:+1@b",
      "tel:1;",
      "tel:1;;x",
      "tel:1;x y",
      "tel:1>",
      "tel:++1",
      "tel:1+2",
      "sip:1@b",
      " tel:1",
    ]
  ) assert.equal(TelUri.parse(text), undefined, text);
});

Deno.test("RFC 3966 §3: a global number has decimal digits only", () => {
  for (const text of ["tel:+12ab", "tel:+1*2", "tel:+12#"]) {
    assert.equal(TelUri.parse(text), undefined, text);
  }
});

Deno.test("RFC 3966 §4: which numbers are equal", () => {
  const table: [a: string, b: string, equal: boolean][] = [
    ["tel:+1-201-555-0123", "tel:+12015550123", true],
    ["tel:+1(201)555.0123", "TEL:+1-201-555-0123", true],
    ["tel:+12015550123", "tel:12015550123", false],
    ["tel:+12015550123", "tel:+12015550124", false],
    ["tel:70ab;phone-context=example.com", "tel:70AB;phone-context=example.com", true],
    ["tel:7042;phone-context=example.com", "tel:7042;Phone-Context=EXAMPLE.com", true],
    ["tel:7042;phone-context=example.com", "tel:7042;phone-context=example.org", false],
    ["tel:7042;phone-context=example.com", "tel:7042", false],
    ["tel:+1;ext=1;isub=2", "tel:+1;isub=2;ext=1", true],
    ["tel:+1;ext=1", "tel:+1;ext=2", false],
    ["tel:+1;ext=1", "tel:+1", false],
  ];
  for (const [a, b, equal] of table) {
    assert.equal(tel(a).equals(tel(b)), equal, `${a} and ${b}`);
    assert.equal(tel(b).equals(tel(a)), equal, `${b} and ${a}`);
  }
});

Deno.test("RFC 3966 §4: a phone-context that is a number is compared digit by digit", () => {
  assert.equal(
    tel("tel:863-1234;phone-context=+1-914-555").equals(tel("tel:8631234;phone-context=+1914555")),
    true,
  );
});
