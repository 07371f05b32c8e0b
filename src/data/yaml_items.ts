/** Where an item of a list begins: the offset of its first line, and that line's number from 1. */
export interface ItemStart {
  readonly offset: number;
  readonly line: number;
}

/**
 * The items of a top-level block list, found by their dashes alone. Text that only looks like a list makes the result
 * wrong, so whoever uses it compares its length with that of the list.
 */
export function findItemStarts(text: string): ItemStart[] {
  const indentation = /^( *)-(?=\s|$)/m.exec(text)?.[1];
  if (indentation === undefined) return [];
  const starts: ItemStart[] = [];
  let line = 1;
  let counted = 0;
  for (const { index } of text.matchAll(new RegExp(`^${indentation}-(?=\\s|$)`, "gm"))) {
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
