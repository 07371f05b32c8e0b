/** Where an item of a list begins: the offset of its first line, and that line's number from 1. */
export interface ItemStart {
  readonly offset: number;
  readonly line: number;
}

/** Finds the dashes of a top-level block list, from its `lastIndex` on; undefined if there is no list. */
export function itemDash(text: string): RegExp | undefined {
  const indentation = /^( *)-(?=\s|$)/m.exec(text)?.[1];
  return indentation === undefined ? undefined : new RegExp(`^${indentation}-(?=\\s|$)`, "gm");
}

/**
 * The items of a top-level block list, found by their dashes alone. Text that only looks like a list makes the result
 * wrong, so whoever uses it compares its length with that of the list.
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
