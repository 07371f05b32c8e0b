/** Rows as bytes: on their way to the thread of the registration database and back, and in its files. */
import { ByteBuffer } from "../runtime/byte_buffer.ts";
import type { StoredRow } from "./stored_row.ts";

/** The size of all rows, and room for `LogFile`. */
export const BATCH_HEADER_BYTES = 12;
/** Size of a row and of its key, and its expiry, before key and text in UTF-8. */
const ROW_HEADER_BYTES = 16;
/** Rows of a batch: writing them takes 2 ms. */
const MAX_ROWS = 4000;

const decoder = new TextDecoder();

/** Collects rows in a buffer, which can be used again: new memory costs as much as all the rest. */
export class RowBatch {
  readonly #content: ByteBuffer;
  #count = 0;
  #start = 0;
  #keyEnd = 0;

  /** @param buffer of an earlier batch */
  constructor(buffer?: ArrayBuffer) {
    this.#content = new ByteBuffer(buffer);
    this.#content.resize(BATCH_HEADER_BYTES);
  }

  get count(): number {
    return this.#count;
  }

  /** Rows that can still be added. */
  get room(): number {
    return MAX_ROWS - this.#count;
  }

  /** Bytes of the rows. */
  get size(): number {
    return this.#content.size - BATCH_HEADER_BYTES;
  }

  clear(): void {
    this.#content.resize(BATCH_HEADER_BYTES);
    this.#count = 0;
  }

  add({ key, text, expiresAt }: StoredRow): void {
    this.begin().text(key);
    this.endKey().text(text);
    this.end(expiresAt);
  }

  /** Returns what to write the key of a row to. */
  begin(): ByteBuffer {
    this.#start = this.#content.size;
    this.#content.resize(this.#start + ROW_HEADER_BYTES);
    return this.#content;
  }

  /** Returns what to write the text of a row to; without a text it removes the key. */
  endKey(): ByteBuffer {
    this.#keyEnd = this.#content.size;
    return this.#content;
  }

  end(expiresAt: number): void {
    const content = this.#content;
    content.setUint32(this.#start, content.size - this.#start);
    content.setUint32(this.#start + 4, this.#keyEnd - this.#start - ROW_HEADER_BYTES);
    content.setFloat64(this.#start + 8, expiresAt);
    this.#count++;
  }

  /** Adds the row at a reader. */
  copy({ bytes, start, end }: RowReader): void {
    this.#content.bytes(bytes.subarray(start, end));
    this.#count++;
  }

  /** Returns the buffer, which may have room for more rows. */
  finish(): ArrayBuffer {
    this.#content.setUint32(0, this.size);
    return this.#content.buffer;
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
