/** Texts and JSON written as bytes, without a string that is thrown away. */
import { codeAt } from "./text.ts";

const MIN_CAPACITY = 4096;
const MAX_UTF8_BYTES_OF_UNIT = 3;
const MAX_DIGITS = 16;
const HALF_OF_DIGITS = 1e8;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

const encoder = new TextEncoder();

/** Bytes that grow at the end. */
export class ByteBuffer {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #end = 0;

  /** @param buffer memory to use first */
  constructor(buffer = new ArrayBuffer(MIN_CAPACITY)) {
    this.#bytes = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
  }

  get size(): number {
    return this.#end;
  }

  /** The memory: the bytes, and room for more. */
  get buffer(): ArrayBuffer {
    return this.#bytes.buffer;
  }

  /** Forgets what follows the first bytes, or skips some. */
  resize(size: number): void {
    this.#reserve(Math.max(0, size - this.#end));
    this.#end = size;
  }

  setUint32(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }

  setFloat64(at: number, value: number): void {
    this.#view.setFloat64(at, value, true);
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** Writes UTF-8. */
  text(text: string): void {
    const { length } = text;
    this.#reserve(MAX_UTF8_BYTES_OF_UNIT * length);
    const bytes = this.#bytes;
    let end = this.#end;
    for (let i = 0; i < length; i++) {
      const code = codeAt(text, i);
      if (code > 0x7f) return this.#encode(text);
      bytes[end++] = code;
    }
    this.#end = end;
  }

  /** Writes a string as JSON. */
  jsonString(text: string): void {
    const { length } = text;
    this.#reserve(length + 2);
    const bytes = this.#bytes;
    let end = this.#end;
    bytes[end++] = QUOTE;
    for (let i = 0; i < length; i++) {
      const code = codeAt(text, i);
      if (code > 0x7f || code < 0x20 || code === QUOTE || code === BACKSLASH) {
        return this.text(JSON.stringify(text));
      }
      bytes[end++] = code;
    }
    bytes[end++] = QUOTE;
    this.#end = end;
  }

  /** Writes a number as JSON. */
  jsonNumber(number: number): void {
    if (!Number.isSafeInteger(number) || number < 0) return this.text(JSON.stringify(number));
    this.#reserve(MAX_DIGITS);
    if (number < HALF_OF_DIGITS) return this.#digits(number, digitsOf(number));
    const high = Math.floor(number / HALF_OF_DIGITS);
    this.#digits(high, digitsOf(high));
    this.#digits(number - high * HALF_OF_DIGITS, 8);
  }

  #digits(number: number, count: number): void {
    const bytes = this.#bytes;
    let rest = number;
    for (let at = this.#end + count - 1; at >= this.#end; at--) {
      const quotient = Math.floor(rest / 10);
      bytes[at] = 0x30 + rest - quotient * 10;
      rest = quotient;
    }
    this.#end += count;
  }

  #encode(text: string): void {
    this.#end += encoder.encodeInto(text, this.#bytes.subarray(this.#end)).written;
  }

  #reserve(size: number): void {
    const needed = this.#end + size;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

function digitsOf(number: number): number {
  let count = 1;
  for (let limit = 10; number >= limit; limit *= 10) count++;
  return count;
}
