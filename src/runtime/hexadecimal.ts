/** Numbers as hexadecimal digits; `toString(16)` takes several times longer. */
import { codeAt } from "./text.ts";

/** Character codes of the digits, in lower case. */
export const HEX_DIGITS = Uint8Array.from("0123456789abcdef", (digit) => codeAt(digit, 0));

/** Returns the eight digits of 32 bits. All character codes at once make a flat string. */
export function hexOf(word: number): string {
  return String.fromCharCode(
    HEX_DIGITS[word >>> 28],
    HEX_DIGITS[word >>> 24 & 15],
    HEX_DIGITS[word >>> 20 & 15],
    HEX_DIGITS[word >>> 16 & 15],
    HEX_DIGITS[word >>> 12 & 15],
    HEX_DIGITS[word >>> 8 & 15],
    HEX_DIGITS[word >>> 4 & 15],
    HEX_DIGITS[word & 15],
  );
}
