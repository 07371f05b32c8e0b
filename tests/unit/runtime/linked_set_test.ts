import assert from "node:assert/strict";
import { Linked, LinkedSet } from "../../../src/runtime/linked_set.ts";

class Named extends Linked {
  constructor(readonly name: string) {
    super();
  }
}

function filled(names: string) {
  const set = new LinkedSet<Named>();
  const elements = [...names].map((name) => new Named(name));
  for (const element of elements) set.add(element);
  return { set, elements, names: () => [...set].map(({ name }) => name).join("") };
}

Deno.test("LinkedSet: elements are in the order of their addition, wherever others leave", () => {
  for (const [left, expected] of [[0, "bcd"], [1, "acd"], [3, "abc"]] as const) {
    const { set, elements, names } = filled("abcd");
    assert.equal(set.delete(elements[left]), true);
    assert.deepEqual([names(), set.size, set.has(elements[left])], [expected, 3, false]);
    assert.equal(set.delete(elements[left]), false);
    set.add(elements[left]);
    assert.deepEqual([names(), set.size, set.oldest?.name], [expected + elements[left].name, 4, expected[0]]);
  }
});

Deno.test("LinkedSet: what is added twice is there once, and what is in another set is not taken from it", () => {
  const { set, elements, names } = filled("ab");
  set.add(elements[0]);
  assert.deepEqual([names(), set.size], ["ab", 2]);
  const other = filled("");
  assert.equal(other.set.delete(elements[0]), false);
  assert.equal(other.set.oldest, undefined);
  assert.equal(names(), "ab");
});

Deno.test("LinkedSet: the last element leaves it empty", () => {
  const { set, elements, names } = filled("a");
  set.delete(elements[0]);
  assert.deepEqual([names(), set.size, set.oldest], ["", 0, undefined]);
});

Deno.test("LinkedSet: elements may leave while they are visited, and come again as the newest", () => {
  const { set, elements, names } = filled("abcd");
  const visited: string[] = [];
  for (const element of set) {
    visited.push(element.name);
    set.delete(elements[1]);
    set.delete(element);
    if (element.name === "a") set.add(element);
  }
  assert.deepEqual([visited.join(""), names()], ["acd", "a"]);
});
