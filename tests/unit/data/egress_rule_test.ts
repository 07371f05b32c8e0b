import assert from "node:assert/strict";
import { egressRule, expectedInsteadOf } from "../../../src/data/egress_rule.ts";

Deno.test("a rule must match the whole user, wherever its alternatives end", () => {
  const table: [rule: string, matched: string[], unmatched: string[]][] = [
    ["\\+?[0-9]{7,15}", ["7066041487", "+17066041487"], ["706604", "1706604148799999", "17066041487x", ""]],
    [".*", ["", "7", "anybody"], []],
    ["0|00.*", ["0", "0049"], ["01", "10"]],
    ["1|12", ["1", "12"], ["123", "2"]],
    ["^0\\d+$", ["0123"], ["a0123", "0123b"]],
    ["9(.+)?", ["9", "911"], ["8"]],
    ["[[:digit:]]{5,}", ["12345", "123456"], ["1234"]],
    ["(?i)sales-\\w+", ["SALES-eu"], ["sales-"]],
    ["\\*\\d\\d", ["*72"], ["72"]],
    ["1/2", ["1/2"], ["12"]],
    ["", [""], ["1"]],
  ];
  for (const [rule, matched, unmatched] of table) {
    for (const user of matched) assert.equal(egressRule(rule).matches(user), true, `${rule} on ${user}`);
    for (const user of unmatched) assert.equal(egressRule(rule).matches(user), false, `${rule} on ${user}`);
  }
});

Deno.test("a line feed in a user is not hidden by a rule for lines", () => {
  for (const rule of [".*", "\\d+$", "(?m)^\\d+$"]) {
    assert.equal(egressRule(rule).matches("1706\n"), false, rule);
    assert.equal(egressRule(rule).matches("1706\n5"), false, rule);
  }
});

Deno.test("a user of more than 256 characters matches nothing", () => {
  assert.equal(egressRule("1*").matches("1".repeat(256)), true);
  assert.equal(egressRule("1*").matches("1".repeat(257)), false);
});

Deno.test("a rule is compiled once, as long as few are in use", () => {
  assert.equal(egressRule("00[1-9].*"), egressRule("00[1-9].*"));
});

Deno.test("rules are forgotten in the end, and still match when they are asked for again", () => {
  const first = egressRule("first");
  for (let i = 0; i < 4096; i++) egressRule(`rule${i}`);
  assert.notEqual(egressRule("first"), first);
  assert.equal(egressRule("first").matches("first"), true);
});

Deno.test("what cannot be matched in linear time is refused", () => {
  const rules = [
    "(?=1).*",
    "(?!911).*",
    "(?<=0)1",
    "(?<!0)1",
    "(\\d)\\1",
    "(?<first>\\d)\\k<first>",
  ];
  for (const rule of rules) {
    assert.equal(expectedInsteadOf(rule), "a regular expression without lookaround and backreferences", rule);
  }
});

Deno.test("what is no regular expression is refused", () => {
  for (const rule of ["+1.*", "*", "(1", "1)", "[1", "\\", "1**"]) {
    assert.equal(expectedInsteadOf(rule), "a valid regular expression", rule);
  }
});

Deno.test("rules that are too large are refused", () => {
  const smaller = "a regular expression with fewer alternatives and repetitions";
  const shorter = "a regular expression of at most 500 characters";
  const table: [string, string][] = [
    ["((a{1000}){1000}){1000}", smaller],
    ["(a{30}){33}(a{30}){33}", smaller],
    ["[0-9]{1000}", smaller],
    [`(${"0123456789".repeat(40)}){1000}`, smaller],
    ["1".repeat(501), shorter],
  ];
  for (const [rule, expected] of table) assert.equal(expectedInsteadOf(rule), expected, rule.slice(0, 30));
});

Deno.test("the rules that people write are accepted", () => {
  const prefixes = Array.from({ length: 80 }, (_, i) => `00${i + 300}`).join("|");
  const rules = [
    ".*",
    "\\+?[0-9]{7,15}",
    "^1?[2-9]\\d{9}$",
    `(${prefixes})\\d{4,12}`,
    "(?P<area>\\d{3})\\d+",
  ];
  for (const rule of rules) assert.equal(expectedInsteadOf(rule), undefined, rule);
});

Deno.test("a pattern that hangs other engines is matched as any other", () => {
  const user = `${"1".repeat(255)}!`;
  for (const rule of ["(1+)+", "(1|1)*", "(1*)*2", "(1?){100}1{100}2", ".*1.{200}2"]) {
    assert.equal(expectedInsteadOf(rule), undefined, rule);
    assert.equal(egressRule(rule).matches(user), false, rule);
  }
});
