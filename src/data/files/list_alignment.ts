/** Pairs of compared items; of longer lists only the ends are compared. */
const MAX_COMPARISONS = 250_000;

/** The way from an old list to a new one, by positions in both. */
export interface ListAlignment {
  /** Items that are equal, or changed into one another. */
  readonly pairs: readonly { readonly from: number; readonly to: number }[];
  readonly removed: readonly number[];
  /** New items, each after the old one at position `after`; -1 is the beginning. */
  readonly added: readonly { readonly after: number; readonly to: number }[];
}

/** Keeps as many items as possible. Of a differing stretch, the first are changed, the others added or removed. */
export function alignLists<A, B>(
  from: readonly A[],
  to: readonly B[],
  isSame: (a: A, b: B) => boolean,
): ListAlignment {
  const pairs: { from: number; to: number }[] = [];
  const removed: number[] = [];
  const added: { after: number; to: number }[] = [];
  const end = { from: from.length, to: to.length };
  let [i, k] = [0, 0];
  for (const kept of [...commonItems(from, to, isSame), end]) {
    while (i < kept.from && k < kept.to) pairs.push({ from: i++, to: k++ });
    while (i < kept.from) removed.push(i++);
    while (k < kept.to) added.push({ after: i - 1, to: k++ });
    if (kept === end) break;
    pairs.push(kept);
    i = kept.from + 1;
    k = kept.to + 1;
  }
  return { pairs, removed, added };
}

/** Returns a longest common subsequence. */
function commonItems<A, B>(
  from: readonly A[],
  to: readonly B[],
  isSame: (a: A, b: B) => boolean,
): { from: number; to: number }[] {
  const most = Math.min(from.length, to.length);
  let head = 0;
  while (head < most && isSame(from[head], to[head])) head++;
  let tail = 0;
  while (tail < most - head && isSame(from.at(-1 - tail)!, to.at(-1 - tail)!)) tail++;
  const [rows, columns] = [from.length - head - tail, to.length - head - tail];
  const common = Array.from({ length: head }, (_, i) => ({ from: i, to: i }));
  if (rows * columns <= MAX_COMPARISONS) common.push(...commonMiddle());
  for (let i = tail; i > 0; i--) common.push({ from: from.length - i, to: to.length - i });
  return common;

  function commonMiddle(): { from: number; to: number }[] {
    const width = columns + 1;
    const lengths = new Uint16Array((rows + 1) * width);
    const isSameAt = (row: number, column: number) => isSame(from[head + row], to[head + column]);
    for (let row = rows - 1; row >= 0; row--) {
      for (let column = columns - 1; column >= 0; column--) {
        const [below, right] = [lengths[(row + 1) * width + column], lengths[row * width + column + 1]];
        lengths[row * width + column] = isSameAt(row, column)
          ? lengths[(row + 1) * width + column + 1] + 1
          : Math.max(below, right);
      }
    }
    const middle: { from: number; to: number }[] = [];
    for (let row = 0, column = 0; row < rows && column < columns;) {
      if (isSameAt(row, column)) middle.push({ from: head + row++, to: head + column++ });
      else if (lengths[(row + 1) * width + column] >= lengths[row * width + column + 1]) row++;
      else column++;
    }
    return middle;
  }
}
