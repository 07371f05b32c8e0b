/** Lists of objects with the same hash, which the objects themselves hold together. */

/** An element of `HashLists`, which sets `next`. */
export interface HashedElement<Element> {
  readonly hash: number;
  next: Element | undefined;
}

export class HashLists<Element extends HashedElement<Element>> {
  readonly #lists = new Map<number, Element>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Returns the first element with a hash; others follow by `next`. */
  first(hash: number): Element | undefined {
    return this.#lists.get(hash);
  }

  /** Adds an element that is in no list. */
  add(element: Element): void {
    element.next = this.#lists.get(element.hash);
    this.#lists.set(element.hash, element);
    this.#size++;
  }

  /** Removes an element; one that is in no list changes nothing. */
  delete(element: Element): void {
    const { hash, next } = element;
    let before = this.#lists.get(hash);
    if (before !== element) {
      while (before && before.next !== element) before = before.next;
      if (!before) return;
      before.next = next;
    } else if (next) this.#lists.set(hash, next);
    else this.#lists.delete(hash);
    this.#size--;
  }
}
