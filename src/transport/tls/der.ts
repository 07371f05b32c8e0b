/** DER (ITU-T X.690), as far as certificates are read here: tag, length, value. */

/** One element: where its value begins and ends. */
export interface DerElement {
  readonly tag: number;
  readonly start: number;
  readonly end: number;
}

/** The elements between `start` and `end`; those from where the encoding breaks on are left out. */
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

/** The value as bytes, one a character. */
export function derText(bytes: Uint8Array, { start, end }: DerElement): string {
  return Array.from(bytes.subarray(start, end), (byte) => String.fromCharCode(byte)).join("");
}
