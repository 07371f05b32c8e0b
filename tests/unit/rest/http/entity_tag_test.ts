import assert from "node:assert/strict";
import { entityTag, isUnmodified, refuseUnlessConditionHolds } from "../../../../src/rest/http/entity_tag.ts";

const DOCUMENT = { a: 1 };
const TAG = entityTag(DOCUMENT);

const asking = (name: string, value: string) =>
  new Request("http://localhost/", { headers: { [name]: value } });

Deno.test("a tag is quoted, and another one for another document", () => {
  assert.match(TAG, /^"[\w-]+"$/);
  assert.equal(entityTag({ a: 1 }), TAG);
  assert.notEqual(entityTag({ a: 2 }), TAG);
});

Deno.test("If-None-Match finds the tag in a list, weak or not, and by an asterisk", () => {
  for (const list of [TAG, `W/${TAG}`, `"x", ${TAG}`, "*"]) {
    assert.equal(isUnmodified(asking("if-none-match", list), TAG), true, list);
  }
  assert.equal(isUnmodified(asking("if-none-match", '"x"'), TAG), false);
  assert.equal(isUnmodified(new Request("http://localhost/"), TAG), false);
});

Deno.test("If-Match with another tag refuses the change", () => {
  assert.throws(() => refuseUnlessConditionHolds(asking("if-match", '"x"'), DOCUMENT), { status: 412 });
  for (const list of [TAG, `W/${TAG}`, `"x", ${TAG}`, "*"]) {
    refuseUnlessConditionHolds(asking("if-match", list), DOCUMENT);
  }
  refuseUnlessConditionHolds(new Request("http://localhost/"), DOCUMENT);
});
