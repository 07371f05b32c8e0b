import { Turn } from "../../runtime/turn.ts";
import { parseJson } from "./document_reader.ts";
import { isMapping } from "../../runtime/mapping.ts";

/** Longer texts are parsed in parts of about a millisecond, in turns with other tasks. */
const PART = 100_000;

/** Returns the value of a text with a list of mappings, or a mapping with one. Throws `FaultyAnswer` otherwise. */
export async function parseList(text: string): Promise<unknown> {
  if (text.length <= PART) return parseJson(text);
  return await parseInParts(text) ?? parseJson(text);
}

/** Replaces the list in the text around it. */
const PLACEHOLDER = "the list";

/** Returns undefined for a text of another form, or no JSON. */
async function parseInParts(text: string): Promise<unknown> {
  try {
    const items: unknown[] = [];
    const turn = new Turn();
    const parts = splitList(text);
    let part = parts.next();
    for (let isFirst = true; !part.done; isFirst = false, part = parts.next()) {
      // Later parts begin with a comma, which follows an item in JSON.
      const list: unknown[] = JSON.parse(isFirst ? `[${part.value}]` : `[0${part.value}]`);
      for (const item of isFirst ? list : list.slice(1)) items.push(item);
      if (turn.isOver) await turn.next();
    }
    return part.value && putList(items, JSON.parse(part.value));
  } catch {
    return undefined;
  }
}

/** Returns the list by itself, or as a property of its envelope. */
function putList(items: readonly unknown[], around: unknown): unknown {
  if (around === PLACEHOLDER) return items;
  if (!isMapping(around)) return undefined;
  const [name, ...others] = Object.keys(around).filter((each) => around[each] === PLACEHOLDER);
  return name === undefined || others.length > 0 ? undefined : { ...around, [name]: items };
}

const [QUOTE, OPEN_LIST, CLOSE_LIST, OPEN, CLOSE] = Array.from('"[]{}', (sign) => sign.charCodeAt(0));

/** Yields the content of the first list of a JSON text in parts, then returns the text with a placeholder for it. */
function* splitList(text: string): Generator<string, string | undefined> {
  let begin: number | undefined;
  let listDepth = 0;
  let depth = 0;
  let part = 0;
  for (let i = 0; i < text.length; i++) {
    const sign = text.charCodeAt(i);
    if (sign === QUOTE) {
      i = endOfString(text, i);
    } else if (sign === OPEN || sign === OPEN_LIST) {
      depth++;
      if (sign === OPEN || begin !== undefined) continue;
      // Deeper lists are no lists of documents.
      if (depth > 2) return undefined;
      begin = i;
      listDepth = depth;
      part = i + 1;
    } else if (sign === CLOSE || sign === CLOSE_LIST) {
      const isEnd = begin !== undefined && depth === listDepth;
      if (isEnd) {
        if (sign !== CLOSE_LIST) return undefined;
        yield text.slice(part, i);
        return `${text.slice(0, begin)}${JSON.stringify(PLACEHOLDER)}${text.slice(i + 1)}`;
      }
      depth--;
      if (begin === undefined || depth !== listDepth || i - part < PART) continue;
      yield text.slice(part, i + 1);
      part = i + 1;
    }
  }
  return undefined;
}

/** Returns the position of the closing quote, or of the last character for an open string. */
function endOfString(text: string, begin: number): number {
  for (let end = text.indexOf('"', begin + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let first = end;
    while (text[first - 1] === "\\") first--;
    if ((end - first) % 2 === 0) return end;
  }
  return text.length;
}
