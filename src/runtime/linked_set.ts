/** A set of objects that hold each other. */

/** Base of the elements of a `LinkedSet`. An element is in one set at a time. */
export class Linked {
  #set: object | undefined;
  #older: Linked = this;
  #newer: Linked = this;

  /** @internal */
  get newer(): Linked {
    return this.#newer;
  }

  /** @internal */
  isIn(set: object | undefined): boolean {
    return this.#set === set;
  }

  /** @internal */
  enter(set: object, end: Linked): void {
    this.#set = set;
    this.#older = end.#older;
    this.#newer = end;
    end.#older.#newer = this;
    end.#older = this;
  }

  /** @internal */
  leave(): void {
    this.#older.#newer = this.#newer;
    this.#newer.#older = this.#older;
    this.#older = this.#newer = this;
    this.#set = undefined;
  }
}

/**
 * A `Set` of objects in the order of their addition, for those that come and go with each call. A `Set` gives every object
 * a hash, and is copied again and again to be rid of the holes that elements leave. Bench: adding and deleting one of 50
 * elements 0.17 µs, here 0.1; one of 5000 1.1 µs, here 0.6.
 */
export class LinkedSet<Element extends Linked> {
  /** Beginning and end of the ring of elements. */
  readonly #end = new Linked();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get oldest(): Element | undefined {
    return this.#size === 0 ? undefined : this.#end.newer as Element;
  }

  has(element: Element): boolean {
    return element.isIn(this);
  }

  /** Adds an element as the newest; one that is in the set already keeps its place. */
  add(element: Element): void {
    if (!element.isIn(undefined)) return;
    element.enter(this, this.#end);
    this.#size++;
  }

  /** Returns false when the element was not in the set. */
  delete(element: Element): boolean {
    if (!element.isIn(this)) return false;
    element.leave();
    this.#size--;
    return true;
  }

  /** From the oldest to the newest, of those that are in the set at the beginning. Elements may be deleted meanwhile. */
  *[Symbol.iterator](): Generator<Element> {
    const elements: Element[] = [];
    for (let each = this.#end.newer; each !== this.#end; each = each.newer) elements.push(each as Element);
    for (const each of elements) if (each.isIn(this)) yield each;
  }
}
