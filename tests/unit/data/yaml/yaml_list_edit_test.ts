import assert from "node:assert/strict";
import { changeList, type ListChange } from "../../../../src/data/yaml/yaml_list_edit.ts";
import { readYamlList } from "../../../../src/data/yaml/yaml_reader.ts";
import { CannotEdit } from "../../../../src/data/yaml/yaml_text_edits.ts";
import type { YamlMapping } from "../../../../src/data/yaml/yaml_writing.ts";

async function changed(text: string, change: ListChange): Promise<string> {
  const { items, isList } = await readYamlList(text, (item) => item);
  return await changeList({ text, isList, length: items.length }, change);
}

/** Changes the document at `index` by a function. */
async function updated(text: string, index: number, update: (document: YamlMapping) => YamlMapping) {
  const { items } = await readYamlList(text, (item) => item as YamlMapping);
  return await changed(text, { action: "update", index, document: update(items[index]) });
}

const removed = (text: string, index: number) => changed(text, { action: "remove", index });
const created = (text: string, document: YamlMapping) =>
  changed(text, { action: "create", documents: [document] });

const AGENTS = `# People
- kind: Agent   # a person
  metadata:
    name: "John Doe"
  spec:
    # given by the phone
    credentials: { username: '1001', secret: 0123 }
    domains:
    - sip.local

# The second
- kind: Agent
  metadata: {name: Janie Doe}
  spec:
    domains: [sip.local]
    # privacy: Private

# About the end
`;

Deno.test("changeList() keeps the quotes of a text that it replaces", async () => {
  const text = `- a: "x"   # one\n  b: 'x'\n  c: x\n  d: {e: x}\n`;
  const document = { a: "y", b: "y", c: "1001", d: { e: "a, b" } };
  assert.equal(
    await changed(text, { action: "update", index: 0, document }),
    `- a: "y"   # one\n  b: 'y'\n  c: '1001'\n  d: {e: 'a, b'}\n`,
  );
});

Deno.test("changeList() writes numbers and booleans plain", async () => {
  assert.equal(
    await updated("- a: x\n", 0, (document) => ({ ...document, b: 5060, c: true, d: ["1", 2] })),
    "- a: x\n  b: 5060\n  c: true\n  d: ['1', 2]\n",
  );
  assert.equal(await updated("- a: '5060'\n", 0, () => ({ a: 5060 })), "- a: '5060'\n");
});

Deno.test("changeList() changes only what differs", async () => {
  const after = await updated(AGENTS, 0, () => ({
    kind: "Agent",
    metadata: { name: "John Doe", ref: "AG1" },
    spec: { credentials: { username: "1001", secret: "0124" }, domains: ["sip.local", "sip2.local"] },
  }));
  assert.equal(
    after,
    AGENTS.replace('"John Doe"\n', '"John Doe"\n    ref: AG1\n')
      .replace("secret: 0123", "secret: '0124'")
      .replace("- sip.local\n", "- sip.local\n    - sip2.local\n"),
  );
});

Deno.test("changeList() keeps line ends, the byte order mark, and that there is no last line end", async () => {
  const text = "\ufeff- a: x\r\n  b: y\r\n- a: z";
  assert.equal(await updated(text, 0, ({ a }) => ({ a, c: "v" })), "\ufeff- a: x\r\n  c: v\r\n- a: z");
  assert.equal(await updated(text, 1, ({ a }) => ({ a, c: "v" })), `${text}\r\n  c: v`);
  assert.equal(await created(text, { a: "v" }), `${text}\r\n- a: v`);
});

Deno.test("changeList() gives a value to a name without one", async () => {
  assert.equal(
    await updated(
      "- a:  # none\n  b: ~\n  c: {d: , e}\n",
      0,
      () => ({ a: "x", b: "u", c: { d: "z", e: "v" } }),
    ),
    "- a: x  # none\n  b: u\n  c: {d: z , e: v}\n",
  );
});

Deno.test("changeList() turns lists and mappings into texts and back", async () => {
  const text = "- a:  # some\n    - x\n    - y\n  b:\n    c: d\n  e: f\n";
  const other = "- a: x  # some\n  b: []\n  e: {g: [h]}\n";
  assert.equal(await updated(text, 0, () => ({ a: "x", b: [], e: { g: ["h"] } })), other);
  assert.equal(
    await updated(other, 0, () => ({ a: ["x", "u"], b: { c: "d" }, e: "f" })),
    "- a: [x, u]  # some\n  b: {c: d}\n  e: f\n",
  );
});

Deno.test("changeList() keeps the comment at a block scalar that it replaces", async () => {
  assert.equal(
    await updated("- a: | # c\n    x\n    y\n  b: z\n", 0, ({ b }) => ({ a: "v", b })),
    "- a: v # c\n  b: z\n",
  );
});

Deno.test("changeList() takes an item away with what belongs to it", async () => {
  const second = AGENTS.indexOf("# The second");
  const end = AGENTS.indexOf("# About the end");
  assert.equal(await removed(AGENTS, 1), AGENTS.slice(0, second) + AGENTS.slice(end));
});

Deno.test("changeList() leaves what the file begins with when the first item goes", async () => {
  assert.equal(await removed(AGENTS, 0), "# People\n" + AGENTS.slice(AGENTS.indexOf("# The second")));
  assert.equal(await removed("# People\n\n# John\n- a: b\n", 0), "# People\n\n# John\n");
});

Deno.test("changeList() leaves one blank line where there was one on both sides", async () => {
  const text = "- a: 1\n\n- a: 2\n\n- a: 3\n";
  assert.equal(await removed(text, 1), "- a: 1\n\n- a: 3\n");
  assert.equal(await removed(text, 2), "- a: 1\n\n- a: 2\n");
});

Deno.test("changeList() leaves a file without items that has room for new ones", async () => {
  for (
    const text of [
      "- a: b\n",
      "# c\n- a: b\n",
      "---\n- a: b\n",
      "[{a: b}]\n",
      "a: b\n",
      "--- {a: b}\n",
      "- {a: b}",
    ]
  ) {
    const empty = await removed(text, 0);
    assert.deepEqual((await readYamlList(empty, (item) => item)).items, [], empty);
    const filled = await created(empty, { a: "c" });
    assert.deepEqual((await readYamlList(filled, (item) => item)).items, [{ a: "c" }], filled);
  }
});

Deno.test("changeList() makes a new item look like its neighbours", async () => {
  const document = {
    spec: { domains: ["sip.local"] },
    metadata: { name: "x" },
    kind: "Agent",
    apiVersion: "v1",
  };
  assert.equal(
    await created("  -   a: b\n      c:\n          d: e\n", document),
    "  -   a: b\n      c:\n          d: e\n\n" +
      "  -   apiVersion: v1\n      kind: Agent\n      metadata:\n          name: x\n      spec:\n          domains: [sip.local]\n",
  );
  assert.equal(
    await created('- {"a":"b"}\n', document),
    '- {"a":"b"}\n- {"apiVersion": "v1", "kind": "Agent", "metadata": {"name": "x"}, "spec": {"domains": ["sip.local"]}}\n',
  );
  assert.equal(await created("- a: b\n- a: c\n", { a: "d" }), "- a: b\n- a: c\n- a: d\n");
  assert.equal(await created("- a: b\n\n- a: c\n", { a: "d" }), "- a: b\n\n- a: c\n\n- a: d\n");
  assert.equal(await created("[{a: b}, {a: c},]\n", { a: "d" }), "[{a: b}, {a: c}, {a: d},]\n");
  assert.equal(await created("- a: b\n...\n", { a: "d" }), "- a: b\n- a: d\n...\n");
  assert.equal(await created("", { a: "d" }), "- a: d\n");
  assert.equal(await created("# none yet\n", { a: "d" }), "# none yet\n\n- a: d\n");
  assert.equal(await created("[] # none yet\n", { a: "d" }), "[{a: d}] # none yet\n");
});

Deno.test("changeList() changes a single document, and adds none to it", async () => {
  assert.equal(await updated("# One\na: b # c\n", 0, () => ({ a: "d" })), "# One\na: d # c\n");
  await assert.rejects(created("a: b\n", { a: "d" }), (error) => {
    return error instanceof CannotEdit &&
      /^it holds a single document; make it a list by hand/.test(error.message);
  });
});

Deno.test("changeList() writes out an alias that it changes", async () => {
  const text = "- &one {a: &x b, c: d}\n- a: *x\n  c: e\n- *one\n";
  assert.equal(await updated(text, 1, ({ c }) => ({ a: "v", c })), text.replace("*x", "v"));
  assert.equal(await updated(text, 2, ({ c }) => ({ a: "v", c })), text.replace("*one", "{a: v, c: d}"));
  assert.equal(await updated(text, 0, ({ a }) => ({ a, c: "f" })).catch(({ name }) => name), "CannotEdit");
});

Deno.test("changeList() adds to what is merged, and refuses to take away from it", async () => {
  const text = "- &base\n  a: b\n  c: d\n- <<: *base\n  c: e\n";
  assert.equal(await updated(text, 1, ({ c }) => ({ a: "v", c })), `${text}  a: v\n`);
  assert.equal(await updated(text, 1, ({ a }) => ({ a, c: "f" })), text.replace("c: e", "c: f"));
  await assert.rejects(updated(text, 1, ({ c }) => ({ c })), /^CannotEdit: "a" comes from a merge key/);
  await assert.rejects(updated(text, 0, ({ c }) => ({ a: "v", c })), CannotEdit);
  await assert.rejects(removed(text, 0), CannotEdit);
});

Deno.test("changeList() refuses names that are no texts, and changes nothing by mistake", async () => {
  for (const text of ["- ? {a: b}\n  : c\n  d: e\n", "- ? |\n    a\n  : b\n  d: e\n"]) {
    const { items } = await readYamlList(text, (item) => item as YamlMapping);
    const after = await updated(text, 0, (document) => ({ ...document, d: "f" })).catch((error) => error);
    if (after instanceof CannotEdit) continue;
    assert.deepEqual((await readYamlList(after, (item) => item)).items, [{ ...items[0], d: "f" }]);
  }
});

Deno.test("changeList() changes an item of a long list without reading the others", async () => {
  const item = (name: string) => `- kind: Agent\n  metadata: {name: ${name}}\n\n`;
  const before = Array.from({ length: 3000 }, (_, i) => item(`n${i}`));
  const text = before.join("");
  const document = (name: string) => ({ kind: "Agent", metadata: { name } });
  const list = { text, isList: true, length: before.length };
  assert.equal(
    await changeList(list, { action: "update", index: 1500, document: document("new") }),
    before.with(1500, item("new")).join(""),
  );
  assert.equal(await changeList(list, { action: "remove", index: 1500 }), before.toSpliced(1500, 1).join(""));
  assert.equal(
    await changeList(list, { action: "create", documents: [document("new")] }),
    `${text}- kind: Agent\n  metadata:\n    name: new\n`,
  );
});

Deno.test("changeList() tells anchors from text and comments that look like them", async () => {
  const item = "- kind: Agent # *not* an alias\n  name: A &B *C\n";
  const text = item.repeat(40_000);
  const change = { action: "update", index: 1, document: { kind: "Agent", name: "D" } } as const;
  assert.equal(
    await changeList({ text, isList: true, length: 40_000 }, change),
    item + item.replace("A &B *C", "D") + item.repeat(39_998),
  );
  const anchored = text.replace("A &B *C", "&B C");
  await assert.rejects(changeList({ text: anchored, isList: true, length: 40_000 }, change), CannotEdit);
});
