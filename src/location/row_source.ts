/** Rows that are made when they are written, so that only the last of several changes makes one. */
import type { RowBatch } from "./row_batch.ts";

export interface RowSource {
  /** The number of keys whose rows have to be written. */
  readonly size: number;
  /** Adds rows to a batch until it is full, in the order of the first changes. */
  take(batch: RowBatch): void;
  /** Takes note that the taken rows were stored, or that they have to be taken again. */
  settle(areStored: boolean): void;
}

/** Returns what adds the row of a key to a batch. */
export type BeginRows<Content> = (batch: RowBatch) => (key: string, content: Content) => void;

/** Keys that have changed, each with what its row is made of. */
export class ChangedRows<Content> implements RowSource {
  readonly #begin: BeginRows<Content>;
  #waiting = new Map<string, Content>();
  #taken = new Map<string, Content>();

  constructor(begin: BeginRows<Content>) {
    this.#begin = begin;
  }

  get size(): number {
    return this.#waiting.size;
  }

  has(key: string): boolean {
    return this.#waiting.has(key);
  }

  note(key: string, content: Content): void {
    this.#waiting.set(key, content);
  }

  take(batch: RowBatch): void {
    const add = this.#begin(batch);
    this.#taken = this.#waiting.size <= batch.room ? this.#waiting : this.#removeFirst(batch.room);
    this.#taken.forEach((content, key) => add(key, content));
    if (this.#taken === this.#waiting) this.#waiting = new Map();
  }

  /** Later changes of taken keys take precedence. */
  settle(areStored: boolean): void {
    if (!areStored) {
      for (const [key, content] of this.#waiting) this.#taken.set(key, content);
      this.#waiting = this.#taken;
    }
    this.#taken = new Map();
  }

  #removeFirst(count: number): Map<string, Content> {
    const removed = new Map<string, Content>();
    for (const [key, content] of this.#waiting) {
      if (removed.size === count) break;
      removed.set(key, content);
      this.#waiting.delete(key);
    }
    return removed;
  }
}
