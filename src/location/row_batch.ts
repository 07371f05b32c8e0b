/** Rows as bytes: on their way to the thread of the registration database and back, and in its files. */
import type { StoredRow } from "./stored_row.ts";

/** The size of all rows, and room for `LogFile`. */
export const BATCH_HEADER_BYTES = 12;
/** Size of a row and of its key, and its expiry, before key and text in UTF-8. */
const ROW_HEADER_BYTES = 16;
const MAX_UTF8_BYTES_OF_UNIT = 3;
const MIN_CAPACITY = 4096;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Collects rows in a buffer, which can be used again: new memory costs as much as all the rest. */
export class RowBatch {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #end = BATCH_HEADER_BYTES;

  constructor(buffer = new ArrayBuffer(MIN_CAPACITY)) {
    this.#bytes = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
  }

  /** Bytes of the rows. */
  get size(): number {
    return this.#end - BATCH_HEADER_BYTES;
  }

  clear(): void {
    this.#end = BATCH_HEADER_BYTES;
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
  }

  /** Adds the row at a reader. */
  copy({ bytes, start, end }: RowReader): void {
    this.#reserve(end - start);
    this.#bytes.set(bytes.subarray(start, end), this.#end);
    this.#end += end - start;
  }

  /** Returns the buffer, which may have room for more rows. */
  finish(): ArrayBuffer {
    this.#view.setUint32(0, this.size, true);
    return this.#bytes.buffer;
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

/** Stands at one row after the other. */
export class RowReader {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  start = 0;
  keyEnd = 0;
  end = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Goes to the next row; false after the last one. Throws a `RangeError` where there is no row. */
  next(): boolean {
    this.start = this.end;
    if (this.start === this.bytes.length) return false;
    this.end += this.#view.getUint32(this.start, true);
    this.keyEnd = this.keyStart + this.#view.getUint32(this.start + 4, true);
    if (this.keyEnd <= this.end && this.end <= this.bytes.length) return true;
    throw new RangeError("a row has no end");
  }

  get keyStart(): number {
    return this.start + ROW_HEADER_BYTES;
  }

  get expiresAt(): number {
    return this.#view.getFloat64(this.start + 8, true);
  }

  /** Reports whether the row only removes its key. */
  get isRemoval(): boolean {
    return this.keyEnd === this.end;
  }

  get row(): StoredRow {
    return {
      key: decoder.decode(this.bytes.subarray(this.keyStart, this.keyEnd)),
      text: decoder.decode(this.bytes.subarray(this.keyEnd, this.end)),
      expiresAt: this.expiresAt,
    };
  }
}

/** Returns the rows in the buffer of a batch. */
export function rowsIn(batch: ArrayBuffer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(batch, BATCH_HEADER_BYTES, new DataView(batch).getUint32(0, true));
}

export function* readRows(batch: ArrayBuffer): IterableIterator<StoredRow> {
  const reader = new RowReader(rowsIn(batch));
  while (reader.next()) yield reader.row;
}
