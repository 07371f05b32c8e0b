/** Reads a list of pages that may change meanwhile. */

export interface Page<T> {
  readonly items: readonly T[];
  /** The page number in the answer. */
  readonly currentPage?: number | undefined;
  readonly totalPages?: number | undefined;
  readonly totalItems?: number | undefined;
}

const MAX_PAGES_AT_ONCE = 4;

/**
 * Returns all pages in order; undefined when they do not fit together because the list changed meanwhile. A server that
 * ignores page numbers is asked once.
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
    // A failed page must not leave others behind.
    const results = await Promise.allSettled(numbers.map(readPage));
    for (const [i, result] of results.entries()) {
      if (result.status === "rejected") throw result.reason;
      if (!follows(result.value, numbers[i])) return undefined;
      pages.push(result.value);
    }
  }
  const count = pages.reduce((sum, page) => sum + page.items.length, 0);
  return totalItems === undefined || count === totalItems ? pages : undefined;

  /** A page without items is no progress, whatever number of items is announced. */
  function follows(page: Page<T>, number: number): boolean {
    return page.items.length > 0 && page.totalPages === totalPages && page.totalItems === totalItems &&
      (page.currentPage ?? number) === number;
  }
}
