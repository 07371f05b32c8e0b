/** Delta debugging (Zeller, ddmin): the fewest items of a list with which something still happens. */

/** Reports whether it happens with these items. */
export type Happens<Item> = (items: readonly Item[]) => Promise<boolean>;

/** Returns a list from which no single item can be left out; the whole list is taken to make it happen. */
export async function fewest<Item>(items: readonly Item[], happens: Happens<Item>): Promise<readonly Item[]> {
  let left = items;
  let pieces = 2;
  while (left.length > 1) {
    const size = Math.ceil(left.length / pieces);
    const smaller = await withoutOnePiece(left, size, happens);
    if (smaller) {
      left = smaller;
      pieces = Math.max(2, pieces - 1);
      continue;
    }
    if (size === 1) return left;
    pieces = Math.min(left.length, pieces * 2);
  }
  return left.length === 1 && await happens([]) ? [] : left;
}

async function withoutOnePiece<Item>(
  items: readonly Item[],
  size: number,
  happens: Happens<Item>,
): Promise<readonly Item[] | undefined> {
  for (let start = 0; start < items.length; start += size) {
    const rest = [...items.slice(0, start), ...items.slice(start + size)];
    if (await happens(rest)) return rest;
  }
  return undefined;
}
