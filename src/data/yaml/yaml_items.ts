/** The offset of an item's first line, and the number of that line from 1. */
export interface ItemStart {
  readonly offset: number;
  readonly line: number;
}

/** Returns a pattern for the dashes of a top-level block list; undefined for no list. */
export function itemDash(text: string): RegExp | undefined {
  const indentation = /^( *)-(?=\s|$)/m.exec(text)?.[1];
  return indentation === undefined ? undefined : new RegExp(`^${indentation}-(?=\\s|$)`, "gm");
}

/**
 * Finds the items of a top-level block list by their dashes alone. A text that only looks like a list gives a wrong
 * result: callers compare its length with that of the list.
 */
export function findItemStarts(text: string): ItemStart[] {
  const dash = itemDash(text);
  if (dash === undefined) return [];
  const starts: ItemStart[] = [];
  let line = 1;
  let counted = 0;
  for (const { index } of text.matchAll(dash)) {
    for (
      let end = text.indexOf("\n", counted);
      end !== -1 && end < index;
      end = text.indexOf("\n", counted)
    ) {
      line++;
      counted = end + 1;
    }
    starts.push({ offset: index, line });
  }
  return starts;
}
