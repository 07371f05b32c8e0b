import { Turn } from "../../runtime/turn.ts";
import { parseJson } from "./document_reader.ts";
import { isMapping } from "../../runtime/mapping.ts";

/** Longer texts are parsed in parts of about so many characters, a millisecond each, so that others get their turn. */
const PART = 100_000;

/**
 * The value of a JSON text, which should be a list of mappings, or a mapping with one. Throws `FaultyAnswer` when it is
 * not JSON.
 */
export async function parseList(text: string): Promise<unknown> {
  if (text.length <= PART) return parseJson(text);
  return await parseInParts(text) ?? parseJson(text);
}

/** Stands for the list in what is around it. */
const PLACEHOLDER = "the list";

/** Undefined when the text is of another form, or no JSON. */
async function parseInParts(text: string): Promise<unknown> {
  try {
    const items: unknown[] = [];
    const turn = new Turn();
    const parts = splitList(text);
    let part = parts.next();
    for (let isFirst = true; !part.done; isFirst = false, part = parts.next()) {
      // All but the first begin with the comma that follows an item, which is JSON only after one.
      const list: unknown[] = JSON.parse(isFirst ? `[${part.value}]` : `[0${part.value}]`);
      for (const item of isFirst ? list : list.slice(1)) items.push(item);
      if (turn.isOver) await turn.next();
    }
    return part.value && putList(items, JSON.parse(part.value));
  } catch {
    return undefined;
  }
}

/** Puts the list in its place: by itself, or as a property of its envelope. */
function putList(items: readonly unknown[], around: unknown): unknown {
  if (around === PLACEHOLDER) return items;
  if (!isMapping(around)) return undefined;
  const [name, ...others] = Object.keys(around).filter((each) => around[each] === PLACEHOLDER);
  return name === undefined || others.length > 0 ? undefined : { ...around, [name]: items };
}

const [QUOTE, OPEN_LIST, CLOSE_LIST, OPEN, CLOSE] = Array.from('"[]{}', (sign) => sign.charCodeAt(0));

/**
 * Yields what is inside of the first list of a JSON text, part by part, then returns the text with a placeholder for the
 * list; undefined if there is none.
 */
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
      // Further down, it is no list of documents.
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

/** The position of the quote that ends the string; that of the last character if it has no end. */
function endOfString(text: string, begin: number): number {
  for (let end = text.indexOf('"', begin + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let first = end;
    while (text[first - 1] === "\\") first--;
    if ((end - first) % 2 === 0) return end;
  }
  return text.length;
}
