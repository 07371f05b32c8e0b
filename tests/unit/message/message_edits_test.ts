import assert from "node:assert/strict";
import { Header } from "../../../src/message/header_name.ts";
import { MessageEdits } from "../../../src/message/message_edits.ts";
import { Random } from "../../torture/mutations.ts";
import { messageText, readRequest } from "./sample_message.ts";

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Applies edits from the back, so that no position moves. */
function splice(text: string, edits: readonly Edit[]): string {
  const backwards = [...edits].sort((a, b) => b.start - a.start || b.end - a.end);
  return backwards.reduce(
    (result, { start, end, text }) => result.slice(0, start) + text + result.slice(end),
    text,
  );
}

/** Makes edits that do not overlap; an insertion may touch a removal after it. */
function someEdits(length: number, random: Random): Edit[] {
  const edits: Edit[] = [];
  for (let at = 0; at <= length;) {
    if (random.below(4) === 0) edits.push({ start: at, end: at, text: `<${edits.length}>` });
    const end = Math.min(length, at + 1 + random.below(6));
    if (random.below(3) === 0 && end > at) {
      edits.push({ start: at, end, text: random.pick(["", "", "x", "longer"]) });
    }
    at = Math.max(end, at + 1) + random.below(4);
  }
  return edits;
}

function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const rest = [...items];
  return items.map(() => rest.splice(random.below(rest.length), 1)[0]);
}

Deno.test("Applying edits is the same as splicing, in whatever order they were made", () => {
  const random = new Random(3261);
  const text = "abcdefghijklmnopqrstuvwxyz0123456789";
  for (let round = 0; round < 2_000; round++) {
    const wanted = shuffled(someEdits(text.length, random), random);
    const edits = new MessageEdits();
    for (const { start, end, text } of wanted) edits.replace(start, end, text);
    assert.equal(edits.apply(text, 0, text.length), splice(text, wanted), JSON.stringify(wanted));
  }
});

Deno.test("Edits apply to the part that is asked for", () => {
  const edits = new MessageEdits().replace(4, 6, "XY").replace(8, 8, "+");
  assert.equal(edits.apply("0123456789", 2, 9), "23XY67+8");
  assert.equal(edits.apply("0123456789", 4, 8), "XY67+");
});

Deno.test("Without edits the text is as it was", () => {
  assert.equal(new MessageEdits().apply("abc", 0, 3), "abc");
  assert.equal(new MessageEdits().apply("abc", 1, 1), "");
});

Deno.test("removeRow() and removeAll() take out whole rows, folds and all", () => {
  const request = readRequest(messageText({
    "Route": ["<sip:a;lr>,\r\n <sip:b;lr>", "<sip:c;lr>"],
    "Subject": "kept",
    "ROUTE": "<sip:d;lr>",
  }));
  const edits = new MessageEdits().removeAll(request, Header.Route).removeRow(
    request,
    request.rowOf(Header.Via),
  );
  const rest = edits.apply(request.text, 0, request.text.length);
  assert.equal(rest, messageText({ "Via": undefined, "Subject": "kept" }));
});

Deno.test("removeRow() of a row that is taken out already changes nothing", () => {
  const request = readRequest(messageText({ "Path": "<sip:a>", "Subject": "kept" }));
  const edits = new MessageEdits().removeAll(request, Header.Path).removeAll(request, Header.Path);
  assert.equal(edits.apply(request.text, 0, request.text.length), messageText({ "Subject": "kept" }));
});

Deno.test("removeAll() of what is not there does nothing; first and last row can be taken out", () => {
  const request = readRequest(messageText({ "Path": "<sip:a>" }));
  const apply = (edits: MessageEdits) => edits.apply(request.text, 0, request.text.length);
  assert.equal(apply(new MessageEdits().removeAll(request, Header.Route)), request.text);
  assert.equal(apply(new MessageEdits().removeAll(request, Header.Path)), messageText());
  const first = apply(new MessageEdits().removeAll(request, Header.Via));
  assert.equal(first, messageText({ "Via": undefined, "Path": "<sip:a>" }));
});

Deno.test("The same edits can be applied twice", () => {
  const edits = new MessageEdits().replace(1, 2, "X");
  assert.equal(edits.apply("abc", 0, 3), edits.apply("abc", 0, 3));
});
