/** Elements of DER (ITU-T X.690): tag, length, value. */

/** An element with the span of its value. */
export interface DerElement {
  readonly tag: number;
  readonly start: number;
  readonly end: number;
}

/** Returns the elements of a span, up to a fault of the encoding. */
export function derElements(bytes: Uint8Array, { start, end }: { start: number; end: number }): DerElement[] {
  const elements: DerElement[] = [];
  for (let at = start; at + 2 <= end;) {
    const tag = bytes[at];
    let length = bytes[at + 1];
    let value = at + 2;
    if (length > 0x80) {
      const size = length & 0x7f;
      if (size > 3 || value + size > end) break;
      length = 0;
      for (const byte of bytes.subarray(value, value + size)) length = length << 8 | byte;
      value += size;
    } else if (length === 0x80) break;
    if (value + length > end) break;
    elements.push({ tag, start: value, end: value + length });
    at = value + length;
  }
  return elements;
}

/** Returns a value, one byte a character. */
export function derText(bytes: Uint8Array, { start, end }: DerElement): string {
  return Array.from(bytes.subarray(start, end), (byte) => String.fromCharCode(byte)).join("");
}
