/** A registration database in memory. */
import { readRows, RowBatch } from "../../src/location/row_batch.ts";
import type { RowSource } from "../../src/location/row_source.ts";
import type { StoredRow } from "../../src/location/stored_row.ts";

export class FakeDatabase {
  readonly rows = new Map<string, StoredRow>();
  writes = 0;
  isClosed = false;

  load(): Promise<StoredRow[]> {
    return Promise.resolve([...this.rows.values()]);
  }

  write(rows: readonly StoredRow[]): void {
    this.writes++;
    for (const row of rows) {
      if (row.text === "") this.rows.delete(row.key);
      else this.rows.set(row.key, row);
    }
  }

  store(source: RowSource): void {
    while (source.size > 0) {
      const batch = new RowBatch();
      source.take(batch);
      source.settle(true);
      this.write([...readRows(batch.finish())]);
    }
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}
