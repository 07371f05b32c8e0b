import assert from "node:assert/strict";
import { findParameter, ParameterCursor, unquote } from "../../../src/message/parameters.ts";

type Walk = { parameters: [name: string, value: string | undefined][]; end: number; failed: boolean };

function walk(text: string, from = 0, to = text.length): Walk {
  const cursor = new ParameterCursor().reset(text, from, to);
  const parameters: Walk["parameters"] = [];
  while (cursor.next()) {
    const name = text.substring(cursor.nameStart, cursor.nameEnd);
    parameters.push([name, cursor.valueStart < 0 ? undefined : cursor.value]);
  }
  return { parameters, end: cursor.position, failed: cursor.failed };
}

Deno.test("ParameterCursor walks names with and without value", () => {
  const table: [text: string, parameters: Walk["parameters"]][] = [
    ["", []],
    ["   ", []],
    [";lr", [["lr", undefined]]],
    [";q=0.5;expires=60", [["q", "0.5"], ["expires", "60"]]],
    [" ; q = 0.5 ;\t expires\r\n = 60 ", [["q", "0.5"], ["expires", "60"]]],
    [";Tag=ABC", [["Tag", "ABC"]]],
    [";rport;branch=z9hG4bK1", [["rport", undefined], ["branch", "z9hG4bK1"]]],
    [";received=2001:db8::9:1", [["received", "2001:db8::9:1"]]],
    [";received=[2001:db8::9:1]", [["received", "[2001:db8::9:1]"]]],
    [';+sip.instance="<urn:uuid:1>"', [["+sip.instance", '"<urn:uuid:1>"']]],
    [';a="x;b=y,z";c', [["a", '"x;b=y,z"'], ["c", undefined]]],
    [';a="say \\"no\\"";b=2', [["a", '"say \\"no\\""'], ["b", "2"]]],
    [';a=""', [["a", '""']]],
  ];
  for (const [text, parameters] of table) {
    assert.deepEqual(walk(text), { parameters, end: text.length, failed: false }, text);
  }
});

Deno.test("ParameterCursor stops at a comma and at the end of its span", () => {
  assert.deepEqual(walk(";a=1 , <sip:b>;c=2"), { parameters: [["a", "1"]], end: 5, failed: false });
  assert.deepEqual(walk("x;a=1;b=2y", 1, 5), { parameters: [["a", "1"]], end: 5, failed: false });
  assert.deepEqual(walk(',;a="', 0), { parameters: [], end: 0, failed: false });
});

Deno.test("ParameterCursor fails on what is no parameter", () => {
  for (
    const text of [
      ";",
      ";;",
      ";a;",
      ";=1",
      ";a=",
      ";a=;b=1",
      ";a= ,",
      ';a="open',
      ';a="x"y',
      ";a=1 b=2",
      "a=1",
      ";a=<b>",
      ";\xe9=1",
      ';"a"=1',
    ]
  ) assert.equal(walk(text).failed, true, text);
});

Deno.test("ParameterCursor can be used again after a failure", () => {
  const cursor = new ParameterCursor();
  while (cursor.reset(";=", 0, 2).next());
  assert.equal(cursor.failed, true);
  assert.equal(cursor.reset(";a", 0, 2).next(), true);
  assert.equal(cursor.failed, false);
});

Deno.test("findParameter() finds by name in any case, unquoted", () => {
  const parameters = ';Q=0.5;lr;name="a \\"b\\"";methods="INVITE,BYE"';
  assert.equal(findParameter(parameters, "q"), "0.5");
  assert.equal(findParameter(parameters, "lr"), "");
  assert.equal(findParameter(parameters, "name"), 'a "b"');
  assert.equal(findParameter(parameters, "methods"), "INVITE,BYE");
  assert.equal(findParameter(parameters, "nam"), undefined);
  assert.equal(findParameter("", "q"), undefined);
});

Deno.test("findParameter() does not find what a quoted value hides", () => {
  assert.equal(findParameter(';a=";tag=hidden"', "tag"), undefined);
  assert.equal(findParameter(';a="x\\";tag=hidden"', "tag"), undefined);
});

Deno.test("unquote() undoes quotes and escapes once", () => {
  const table: [written: string, meant: string][] = [
    ["token", "token"],
    ['""', ""],
    ['"a b"', "a b"],
    ['"a\\"b"', 'a"b'],
    ['"a\\\\b"', "a\\b"],
    ['"\\a\\\\\\""', 'a\\"'],
    ['"\\\n"', "\n"],
  ];
  for (const [written, meant] of table) assert.equal(unquote(written), meant, written);
});
