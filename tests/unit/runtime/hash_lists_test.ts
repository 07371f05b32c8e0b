import assert from "node:assert/strict";
import { type HashedElement, HashLists } from "../../../src/runtime/hash_lists.ts";

interface Named extends HashedElement<Named> {
  readonly name: string;
}

function element(name: string, hash: number): Named {
  return { name, hash, next: undefined };
}

function namesOf(lists: HashLists<Named>, hash: number): string[] {
  const names: string[] = [];
  for (let each = lists.first(hash); each; each = each.next) names.push(each.name);
  return names;
}

Deno.test("HashLists: elements with one hash are in one list, from whose any place they can be taken", () => {
  for (const gone of ["a", "b", "c"]) {
    const lists = new HashLists<Named>();
    const elements = ["a", "b", "c"].map((name) => element(name, 7));
    const other = element("d", 8);
    for (const each of [...elements, other]) lists.add(each);
    assert.equal(lists.size, 4);
    lists.delete(elements.find(({ name }) => name === gone)!);
    assert.deepEqual(namesOf(lists, 7).sort(), ["a", "b", "c"].filter((name) => name !== gone));
    assert.deepEqual(namesOf(lists, 8), ["d"]);
    assert.equal(lists.size, 3);
  }
});

Deno.test("HashLists: an element that is in no list is deleted without effect; the last one leaves nothing", () => {
  const lists = new HashLists<Named>();
  const only = element("a", 7);
  lists.add(only);
  lists.delete(element("b", 7));
  lists.delete(element("c", 9));
  assert.deepEqual(namesOf(lists, 7), ["a"]);
  lists.delete(only);
  lists.delete(only);
  assert.equal(lists.first(7), undefined);
  assert.equal(lists.size, 0);
});
