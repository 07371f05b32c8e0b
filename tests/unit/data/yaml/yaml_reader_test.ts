import assert from "node:assert/strict";
import { readYaml, readYamlList } from "../../../../src/data/yaml/yaml_reader.ts";

Deno.test("readYaml() keeps scalars as they are written", async () => {
  const text =
    "octal: 0123\nfloat: 1.10\nlong: 123456789012345678901\nflag: yes\ntime: 2020-01-01\nquoted: '1'";
  assert.deepEqual(await readYaml(text), {
    value: {
      octal: "0123",
      float: "1.10",
      long: "123456789012345678901",
      flag: "yes",
      time: "2020-01-01",
      quoted: "1",
    },
  });
});

Deno.test("readYaml() leaves out entries without a value", async () => {
  assert.deepEqual(await readYaml("a:\nb: ~\nc: null\nd: {e: }\n"), { value: { d: {} } });
  for (const text of ["null", "~\n", "# nothing\nNull\n"]) {
    assert.deepEqual(await readYaml(text), { value: null });
  }
});

Deno.test("readYaml() merges mappings", async () => {
  const text =
    "base: &base {transport: udp, port: 5060}\nother: {<<: *base, port: 5080}\nboth: {<<: [*base, {x: y}]}";
  const { value } = await readYaml(text);
  assert.deepEqual(value, {
    base: { transport: "udp", port: "5060" },
    other: { transport: "udp", port: "5080" },
    both: { transport: "udp", port: "5060", x: "y" },
  });
});

Deno.test("readYaml() survives aliases that grow without end", async () => {
  let bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n";
  for (let i = 1; i < 12; i++) bomb += `a${i}: &a${i} [${Array(9).fill(`*a${i - 1}`).join(",")}]\n`;
  for (const text of [bomb, "a: &a [*a]", "[".repeat(100_000)]) {
    const { problem } = await readYaml(text);
    assert.equal(problem?.found, "lists or mappings nested or repeated without end");
  }
});

Deno.test("readYaml() tells what is wrong with a text that is not YAML, and where, without quoting it", async () => {
  const table: [text: string, found: string, line: number, column: number][] = [
    ["- kind: Agent\n\tspec: {\n", "a tab as indentation", 2, 1],
    ["a: 1\na: 2\n", "a property for the second time", 2, 1],
    ["a:\n  b: 1\n c: 2\n", "an indentation that fits nothing above", 3, 1],
    ["a: b: hunter2\n", 'a second ": " in one line, or a line too far to the right', 1, 4],
    ["a: 1\nhunter2\nb: 2\n", 'a line without ": "', 2, 1],
    ["secret: @hunter2\n", "a value that begins with a reserved character", 1, 9],
    ["secret: *hunter2\n", "a value that begins with an asterisk", 1, 17],
    ["secret: !hunter2 x\n", "a value that begins with an exclamation mark", 1, 19],
    ["- x: 1\n  y: 'hunter2\n- z: 2\n", "a quote or bracket that is never closed", 2, 6],
    ["a: [b, hunter2\nc: d\n", "a quote or bracket that is never closed", 2, 1],
    ['a: "\\q"\n', "an unknown escape in double quotes", 1, 5],
    ["a: 1\n---\nb: 2\n", "a second document in the file", 2, 1],
    ["rule: [0-9]{4}\n", "something that does not belong here", 1, 12],
  ];
  for (const [text, found, line, column] of table) {
    const { problem } = await readYaml(text);
    assert.deepEqual({ found: problem?.found, position: problem?.position }, {
      found,
      position: { line, column },
    });
    assert.doesNotMatch(JSON.stringify(problem), /hunter2/);
  }
});

Deno.test("readYamlList() takes lists, single items, and nothing", async () => {
  const table: [text: string, items: unknown[], isList: boolean][] = [
    ["- a\n- b\n", ["a", "b"], true],
    ["kind: Agent\n", [{ kind: "Agent" }], false],
    ["", [], false],
    ["# only a comment\n", [], false],
    ["---\n", [], false],
  ];
  for (const [text, items, isList] of table) {
    assert.deepEqual(await readYamlList(text, (item) => item), { items, isList });
  }
});

Deno.test("readYamlList() reads a long list in parts that give the same as the whole", async () => {
  const item = (i: number) =>
    `- name: item ${i}\n  text: |\n    - not an item\n    - nor this\n  list:\n  - a\n  - b\n`;
  const count = 10_000;
  const text = `# a comment\n---\n${Array.from({ length: count }, (_, i) => item(i)).join("\n")}`;
  const { items, isList } = await readYamlList(text, (item) => item);
  assert.equal(isList, true);
  assert.equal(items.length, count);
  assert.deepEqual(items[count - 1], {
    name: `item ${count - 1}`,
    text: "- not an item\n- nor this\n",
    list: ["a", "b"],
  });
});

Deno.test("readYamlList() resolves aliases from one end of a long list to the other", async () => {
  const filler = Array.from({ length: 10_000 }, (_, i) => `- {name: item ${i}, text: some more text}\n`).join(
    "",
  );
  const { items } = await readYamlList(`- &first {name: first}\n${filler}- *first\n`, (item) => item);
  assert.deepEqual(items.at(-1), { name: "first" });
});

Deno.test("readYamlList() tells where in a long list the mistake is", async () => {
  const filler = Array.from({ length: 10_000 }, (_, i) => `- {name: item ${i}, text: some more text}\n`).join(
    "",
  );
  const { problem } = await readYamlList(`${filler}- a: 1\n  a: 2\n`, (item) => item);
  assert.deepEqual(problem?.position, { line: 10_002, column: 3 });
});
