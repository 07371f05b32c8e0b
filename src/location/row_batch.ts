/** Rows as bytes: as they go to the thread of the registration database and back, without a copy of each. */
import type { StoredRow } from "./stored_row.ts";

/** Size of a row and of its key, and its expiry, before key and text in UTF-8. */
const ROW_HEADER_BYTES = 16;
const MAX_UTF8_BYTES_OF_UNIT = 3;
const MIN_CAPACITY = 4096;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Collects rows. */
export class RowBatch {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #end = 0;
  #count = 0;

  constructor(capacity = MIN_CAPACITY) {
    this.#bytes = new Uint8Array(Math.max(capacity, MIN_CAPACITY));
    this.#view = new DataView(this.#bytes.buffer);
  }

  get count(): number {
    return this.#count;
  }

  get size(): number {
    return this.#end;
  }

  add({ key, text, expiresAt }: StoredRow): void {
    const start = this.#end;
    this.#reserve(ROW_HEADER_BYTES + MAX_UTF8_BYTES_OF_UNIT * (key.length + text.length));
    this.#end += ROW_HEADER_BYTES;
    const keySize = this.#append(key);
    this.#append(text);
    this.#view.setUint32(start, this.#end - start, true);
    this.#view.setUint32(start + 4, keySize, true);
    this.#view.setFloat64(start + 8, expiresAt, true);
    this.#count++;
  }

  /** Returns the rows alone; nothing may be added any more. */
  finish(): ArrayBuffer {
    return this.#bytes.buffer.transfer(this.#end);
  }

  #append(text: string): number {
    const { written } = encoder.encodeInto(text, this.#bytes.subarray(this.#end));
    this.#end += written;
    return written;
  }

  #reserve(size: number): void {
    const needed = this.#end + size;
    if (needed <= this.#bytes.length) return;
    this.#bytes = new Uint8Array(this.#bytes.buffer.transfer(Math.max(needed, 2 * this.#bytes.length)));
    this.#view = new DataView(this.#bytes.buffer);
  }
}

/** Reads the rows of a batch. Throws a `RangeError` for other bytes. */
export function* readRows(buffer: ArrayBuffer): IterableIterator<StoredRow> {
  const view = new DataView(buffer);
  for (let start = 0; start < buffer.byteLength;) {
    const size = view.getUint32(start, true);
    const keyEnd = start + ROW_HEADER_BYTES + view.getUint32(start + 4, true);
    const end = start + size;
    if (size < ROW_HEADER_BYTES || keyEnd > end || end > buffer.byteLength) {
      throw new RangeError("it has no row");
    }
    yield {
      key: decoder.decode(
        new Uint8Array(buffer, start + ROW_HEADER_BYTES, keyEnd - start - ROW_HEADER_BYTES),
      ),
      text: decoder.decode(new Uint8Array(buffer, keyEnd, end - keyEnd)),
      expiresAt: view.getFloat64(start + 8, true),
    };
    start = end;
  }
}
