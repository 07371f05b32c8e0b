/** Pages of collections (`page`, `itemsPerPage`, `meta` of Routr v1). */
import type { PageMeta } from "./http/envelope.ts";

/** That a page may have. */
export const MOST_ITEMS = 10_000;

export interface PageRequest {
  /** From 1. */
  readonly page: number;
  readonly itemsPerPage: number;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly meta: PageMeta;
}

/** Gathers the items of one page out of all that are added, and counts the others. */
export class PageBuilder<Item> {
  readonly #request: PageRequest;
  readonly #items: Item[] = [];
  #total = 0;

  constructor(request: PageRequest) {
    this.#request = request;
  }

  add(item: Item): void {
    const { page, itemsPerPage } = this.#request;
    const position = this.#total++ - (page - 1) * itemsPerPage;
    if (position >= 0 && position < itemsPerPage) this.#items.push(item);
  }

  /** A page beyond the last one is empty. */
  get page(): Page<Item> {
    const { page, itemsPerPage } = this.#request;
    return {
      items: this.#items,
      meta: {
        currentPage: page,
        totalPages: Math.ceil(this.#total / itemsPerPage),
        itemsPerPage,
        totalItems: this.#total,
      },
    };
  }
}
