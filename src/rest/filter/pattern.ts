/** Patterns in filters: regular expressions that are matched in linear time, as RE2 does it. */
import { RE2JS } from "re2js";

/** In characters: what is this short is compiled within milliseconds. */
const LONGEST_PATTERN = 100;
/** Of the compiled pattern, and of what it is matched with: the worst pair takes a tenth of a millisecond. */
const MOST_INSTRUCTIONS = 200;
const LONGEST_VALUE = 256;

const TOO_LARGE = "a pattern with fewer alternatives and repetitions";

/**
 * Whether a text or a number, or any of a list, matches as a whole, as in Routr v1; one over 256 characters does not.
 * A text says what was expected in the place of the pattern.
 */
export function readPattern(
  { text, flags }: { readonly text: string; readonly flags: string },
): ((value: unknown) => boolean) | string {
  if (!/^i?$/.test(flags)) return "no flag but i";
  if (text.length > LONGEST_PATTERN) return `a pattern of at most ${LONGEST_PATTERN} characters`;
  let pattern: RE2JS;
  try {
    pattern = RE2JS.compile(text, flags === "i" ? RE2JS.CASE_INSENSITIVE : 0);
  } catch (error) {
    return /invalid repeat count|too large|nests too deeply/.test(String(error))
      ? TOO_LARGE
      : "a regular expression as RE2 has them";
  }
  if (pattern.programSize() > MOST_INSTRUCTIONS) return TOO_LARGE;
  const matches = (value: unknown): boolean => {
    if (typeof value !== "string" && typeof value !== "number") return false;
    const written = String(value);
    return written.length <= LONGEST_VALUE && pattern.matches(written);
  };
  return (value) => Array.isArray(value) ? value.some(matches) : matches(value);
}
