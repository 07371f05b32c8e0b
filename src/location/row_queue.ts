/** Rows on their way to the registration database, and those who wait until they are there. */
import { RowBatch } from "./row_batch.ts";
import type { RowSource } from "./row_source.ts";

/** Who waits for so many rows of these sources. */
interface Waiter {
  readonly rows: Map<RowSource, number>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Sources with rows to write. One batch is on its way at a time. */
export class RowQueue {
  readonly #sources = new Set<RowSource>();
  /** Sources of the batch, with the number of their rows. */
  readonly #inFlight = new Map<RowSource, number>();
  readonly #waiters: Waiter[] = [];

  /** Reports whether nothing is left for a batch. */
  get isEmpty(): boolean {
    return this.#sources.size === 0;
  }

  /** The number of rows that are not stored. */
  get rows(): number {
    return this.#unstored().values().reduce((sum, count) => sum + count, 0);
  }

  add(source: RowSource): void {
    this.#sources.add(source);
  }

  clear(): void {
    this.#sources.clear();
  }

  /** @param buffer of an earlier batch */
  takeBatch(buffer: ArrayBuffer | undefined): ArrayBuffer {
    const batch = new RowBatch(buffer);
    for (const source of this.#sources) {
      if (batch.room === 0) break;
      const former = batch.count;
      source.take(batch);
      this.#inFlight.set(source, batch.count - former);
      if (source.size === 0) this.#sources.delete(source);
    }
    return batch.finish();
  }

  /** Resolves when all present rows are stored. Rejects when they are refused. */
  stored(): Promise<void> {
    const rows = this.#unstored();
    if (rows.size === 0) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiters.push({ rows, resolve, reject }));
  }

  onStored(): void {
    for (const { rows } of this.#waiters) {
      for (const [source, count] of this.#inFlight) rows.set(source, (rows.get(source) ?? 0) - count);
    }
    for (const source of this.#inFlight.keys()) source.settle(true);
    this.#inFlight.clear();
    const areStored = ({ rows }: Waiter) => rows.values().every((count) => count <= 0);
    while (this.#waiters.length > 0 && areStored(this.#waiters[0])) this.#waiters.shift()?.resolve();
  }

  /** The rows of the batch wait again. */
  onRefused(error: Error): void {
    for (const source of this.#inFlight.keys()) {
      source.settle(false);
      this.#sources.add(source);
    }
    this.#inFlight.clear();
    for (const { reject } of this.#waiters.splice(0)) reject(error);
  }

  #unstored(): Map<RowSource, number> {
    const rows = new Map(this.#inFlight);
    for (const source of this.#sources) rows.set(source, (rows.get(source) ?? 0) + source.size);
    return rows;
  }
}
