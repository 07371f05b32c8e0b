import assert from "node:assert/strict";
import { changeList, type ListChange, readListItem } from "../../../../src/data/yaml/yaml_list_edit.ts";
import { readYamlList } from "../../../../src/data/yaml/yaml_reader.ts";
import {
  Chance,
  keyOf,
  type Mapping,
  type Path,
  someMapping,
  someSample,
  someText,
  someValue,
  type Span,
  type Value,
  type YamlSample,
} from "./yaml_samples.ts";

const SEEDS = 1500;

/** A random change, and the only span of the text that it may touch. */
interface Edit {
  readonly change: ListChange;
  readonly span: Span;
  /** Tells whether text may be removed, added, or both. */
  readonly effect: "replace" | "insert" | "remove";
}

type MakeEdit = (chance: Chance, sample: YamlSample) => Edit | undefined;

function testEdits(title: string, makeEdit: MakeEdit): void {
  Deno.test(title, async () => {
    let made = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const chance = new Chance(seed);
      const sample = someSample(chance);
      const edit = makeEdit(chance, sample);
      if (edit === undefined) continue;
      made++;
      await verify(sample, edit).catch((error) => {
        const { change } = edit;
        error.message = `seed ${seed}: ${error.message}\n${JSON.stringify(change)}\n${sample.text}`;
        throw error;
      });
    }
    assert.ok(made > SEEDS / 10, `${made} edits`);
  });
}

async function verify({ text, documents }: YamlSample, { change, span, effect }: Edit): Promise<void> {
  const list = { text, isList: true, length: documents.length };
  const after = await changeList(list, change);
  const { items } = await readYamlList(after, (item) => item);
  assert.deepEqual(items, expectedDocuments(documents, change));
  const [head, tail] = [text.slice(0, span.start), text.slice(span.end)];
  assert.ok(after.startsWith(head), `touches what comes before:\n${after}`);
  assert.ok(after.slice(head.length).endsWith(tail), `touches what comes behind:\n${after}`);
  if (effect === "insert") assert.ok(isWithin(text, after), `takes something away:\n${after}`);
  if (effect === "remove") assert.ok(isWithin(after, text), `adds something:\n${after}`);
  if (!text.includes("\r\n")) assert.ok(!after.includes("\r\n"));
  if (/\r\n/.test(text)) assert.doesNotMatch(after, /[^\r]\n/);
}

function expectedDocuments(documents: readonly Mapping[], change: ListChange): unknown[] {
  switch (change.action) {
    case "create":
      return [...documents, ...change.documents];
    case "update":
      return documents.with(change.index, change.document as Mapping);
    case "remove":
      return documents.toSpliced(change.index, 1);
  }
}

/** Reports whether `longer` is `shorter` with one insertion. */
function isWithin(shorter: string, longer: string): boolean {
  let start = 0;
  while (start < shorter.length && shorter[start] === longer[start]) start++;
  return longer.slice(start).endsWith(shorter.slice(start));
}

/** Returns the paths of all values within a document. */
function pathsOf(value: Value, path: Path = []): Path[] {
  if (typeof value === "string") return [path];
  const inner = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [path, ...inner.flatMap(([step, item]) => pathsOf(item, [...path, step]))];
}

function valueAt(value: Value, path: Path): Value {
  return path.reduce<Value>((inner, step) => (inner as Mapping)[step], value);
}

/** Returns a random document and path for which `isFit` holds; undefined for none. */
function choose(
  chance: Chance,
  { documents }: YamlSample,
  isFit: (path: Path, document: Mapping) => boolean,
) {
  const index = chance.below(documents.length);
  const document = structuredClone(documents[index]);
  const paths = pathsOf(document).filter((path) => isFit(path, document));
  return paths.length === 0 ? undefined : { index, document, path: chance.pick(paths) };
}

testEdits("changeList() replaces a text and nothing else", (chance, sample) => {
  const chosen = choose(chance, sample, (path, document) => typeof valueAt(document, path) === "string");
  if (chosen === undefined) return undefined;
  const { index, document, path } = chosen;
  (valueAt(document, path.slice(0, -1)) as Mapping)[path.at(-1)!] = someText(chance);
  const span = sample.values.get(keyOf([index, ...path]))!;
  return { change: { action: "update", index, document }, span, effect: "replace" };
});

testEdits("changeList() takes an entry or a list item away and nothing else", (chance, sample) => {
  const chosen = choose(chance, sample, (path, document) => {
    if (path.length === 0) return false;
    const around = valueAt(document, path.slice(0, -1));
    return Object.keys(around).length > 1 &&
      (Array.isArray(around) || Object.keys(around)[0] !== path.at(-1));
  });
  if (chosen === undefined) return undefined;
  const { index, document, path } = chosen;
  const around = valueAt(document, path.slice(0, -1));
  const before = JSON.stringify(around);
  if (Array.isArray(around)) around.splice(path.at(-1) as number, 1);
  else delete (around as Mapping)[path.at(-1)!];
  assert.notEqual(JSON.stringify(around), before);
  const span = sample.values.get(keyOf([index, ...path.slice(0, -1)])) ?? sample.entries.get(keyOf([index]))!;
  return { change: { action: "update", index, document }, span, effect: "remove" };
});

testEdits("changeList() adds an entry and takes nothing away", (chance, sample) => {
  const chosen = choose(chance, sample, (path, document) => {
    const value = valueAt(document, path);
    return typeof value === "object" && !Array.isArray(value);
  });
  if (chosen === undefined) return undefined;
  const { index, document, path } = chosen;
  (valueAt(document, path) as Mapping)[`added${chance.below(10)}`] = someValue(chance, 1);
  const { start } = sample.entries.get(keyOf([index]))!;
  const span = { start, end: sample.entries.get(keyOf([index]))!.end };
  return { change: { action: "update", index, document }, span, effect: "insert" };
});

testEdits("changeList() adds an item to a list and takes nothing away", (chance, sample) => {
  const chosen = choose(chance, sample, (path, document) => Array.isArray(valueAt(document, path)));
  if (chosen === undefined) return undefined;
  const { index, document, path } = chosen;
  const list = valueAt(document, path) as Value[];
  list.splice(chance.below(list.length + 1), 0, `added ${someText(chance)}`);
  const span = sample.entries.get(keyOf([index]))!;
  return { change: { action: "update", index, document }, span, effect: "insert" };
});

testEdits("changeList() makes another document of one and leaves the others", (chance, sample) => {
  const index = chance.below(sample.documents.length);
  const document = { ...someMapping(chance), name: someText(chance) };
  const span = sample.entries.get(keyOf([index]))!;
  return { change: { action: "update", index, document }, span, effect: "replace" };
});

testEdits("changeList() adds a document at the end and takes nothing away", (chance, sample) => {
  const { end } = sample.entries.get(keyOf([sample.documents.length - 1]))!;
  const change = { action: "create", documents: [{ ...someMapping(chance), name: "added" }] } as const;
  return { change, span: { start: end - 1, end: sample.text.length }, effect: "insert" };
});

testEdits("changeList() removes a document and adds nothing", (chance, sample) => {
  const index = chance.below(sample.documents.length);
  const { start, end } = sample.entries.get(keyOf([index]))!;
  const before = index === 0 ? 0 : sample.entries.get(keyOf([index - 1]))!.end;
  const next = sample.entries.get(keyOf([index + 1]))?.start ?? sample.text.length;
  const isAlone = sample.documents.length === 1;
  return {
    change: { action: "remove", index },
    span: { start: isAlone ? start : before, end: isAlone ? sample.text.length : Math.max(next, end) },
    effect: "remove",
  };
});

Deno.test("readListItem() reads each document of a file", async () => {
  for (let seed = 1; seed <= SEEDS / 5; seed++) {
    const { text, documents } = someSample(new Chance(seed));
    for (const [index, document] of documents.entries()) {
      assert.deepEqual(await readListItem({ text, isList: true, length: documents.length }, index), document);
    }
  }
});
