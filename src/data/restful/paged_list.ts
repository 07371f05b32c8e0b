/** A list that comes in pages, read as one although it may change meanwhile. */

export interface Page<T> {
  readonly items: readonly T[];
  /** Which page it says to be. */
  readonly currentPage?: number | undefined;
  readonly totalPages?: number | undefined;
  readonly totalItems?: number | undefined;
}

const MAX_PAGES_AT_ONCE = 4;

/**
 * All pages in their order. Undefined when they do not fit together, because the list changed from one to the next.
 * A server that gives the whole list whatever page it is asked for is asked once.
 */
export async function readPages<T, P extends Page<T>>(
  readPage: (number: number) => Promise<P>,
): Promise<readonly P[] | undefined> {
  const first = await readPage(1);
  const { totalPages = 1, totalItems, items } = first;
  if (totalPages <= 1 || items.length === totalItems) return [first];
  const pages = [first];
  while (pages.length < totalPages) {
    const numbers = Array.from(
      { length: Math.min(MAX_PAGES_AT_ONCE, totalPages - pages.length) },
      (_, i) => pages.length + 1 + i,
    );
    // All are waited for, so that none is left behind when one fails.
    const results = await Promise.allSettled(numbers.map(readPage));
    for (const [i, result] of results.entries()) {
      if (result.status === "rejected") throw result.reason;
      if (!follows(result.value, numbers[i])) return undefined;
      pages.push(result.value);
    }
  }
  const count = pages.reduce((sum, page) => sum + page.items.length, 0);
  return totalItems === undefined || count === totalItems ? pages : undefined;

  /** A page without items stands for no progress: whoever claims to have millions of them is not believed. */
  function follows(page: Page<T>, number: number): boolean {
    return page.items.length > 0 && page.totalPages === totalPages && page.totalItems === totalItems &&
      (page.currentPage ?? number) === number;
  }
}
