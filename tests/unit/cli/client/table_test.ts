import assert from "node:assert/strict";
import { formatTable, printable, valueAtPath } from "../../../../src/cli/client/table.ts";

const column = (title: string, path: string) => ({ title, cell: (row: unknown) => valueAtPath(row, path) });

Deno.test("Columns are as wide as their widest cell, and nothing is shown as a dash", () => {
  const rows = [{ a: "größer", b: [1, 2] }, { a: "x", b: [] }, { a: "", b: { c: 1 } }, {}];
  assert.deepEqual(formatTable([column("A", "a"), column("BB", "b")], rows).split("\n"), [
    "A        BB",
    "größer   1,2",
    "x        -",
    '-        {"c":1}',
    "-        -",
  ]);
});

Deno.test("A cell stays in its line", () => {
  assert.equal(formatTable([column("A", "a")], [{ a: "one\ntwo\tthree" }]), "A\none two three");
});

Deno.test("Paths lead to own properties only", () => {
  assert.equal(valueAtPath({ a: { b: 0 } }, "a.b"), 0);
  assert.equal(valueAtPath({ a: "text" }, "a.length"), undefined);
  assert.equal(valueAtPath({}, "constructor.name"), undefined);
  assert.equal(valueAtPath(null, "a"), undefined);
});

Deno.test("Only control characters are replaced", () => {
  assert.equal(printable("Zoë\n\t漢字 😀"), "Zoë\n\t漢字 😀");
  assert.equal(printable("\x00\x1b\r\x7f\x85\u2028"), "\\u0000\\u001b\\u000d\\u007f\\u0085\\u2028");
});
