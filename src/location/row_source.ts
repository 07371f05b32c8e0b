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

/** Adds the row of a key to a batch. */
export type AddRow<Content> = (batch: RowBatch, key: string, content: Content) => void;

/** Keys that have changed, each with what its row is made of. */
export class ChangedRows<Content> implements RowSource {
  readonly #add: AddRow<Content>;
  #waiting = new Map<string, Content>();
  #taken = new Map<string, Content>();

  constructor(add: AddRow<Content>) {
    this.#add = add;
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

  clear(): void {
    this.#waiting.clear();
    this.#taken.clear();
  }

  take(batch: RowBatch): void {
    for (const [key, content] of this.#waiting) {
      if (batch.isFull) return this.#splitAt(key);
      this.#add(batch, key, content);
    }
    this.#taken = this.#waiting;
    this.#waiting = new Map();
  }

  /** Later changes of taken keys take precedence. */
  settle(areStored: boolean): void {
    if (!areStored) {
      for (const [key, content] of this.#waiting) this.#taken.set(key, content);
      this.#waiting = this.#taken;
    }
    this.#taken = new Map();
  }

  /** Ends what is taken before a key. */
  #splitAt(first: string): void {
    this.#taken = new Map();
    for (const [key, content] of this.#waiting) {
      if (key === first) return;
      this.#taken.set(key, content);
      this.#waiting.delete(key);
    }
  }
}
