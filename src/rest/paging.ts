/** Pages of collections (`page`, `itemsPerPage`, `meta` of Routr v1). */
import type { PageMeta } from "./http/envelope.ts";

export const MAX_ITEMS_PER_PAGE = 10_000;

export interface PageRequest {
  /** The first page is 1. */
  readonly page: number;
  readonly itemsPerPage: number;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly meta: PageMeta;
}

/** Collects the items of one page and counts all. */
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

  /** Returns the page; one beyond the last is empty. */
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
