/** Patterns in filters: regular expressions of RE2, which match in linear time. */
import { RE2JS } from "re2js";

/** Characters: such a pattern is compiled within milliseconds. */
const MAX_PATTERN_LENGTH = 100;
/** With values of this length, the worst pattern takes a tenth of a millisecond. */
const MAX_INSTRUCTIONS = 200;
const MAX_VALUE_LENGTH = 256;

const TOO_LARGE = "a pattern with fewer alternatives and repetitions";

/**
 * Returns a test whether a text or number, or any of a list, matches as a whole, as in Routr v1; values over 256
 * characters never do. Returns a text with what was expected when the pattern is faulty.
 */
export function readPattern(
  { text, flags }: { readonly text: string; readonly flags: string },
): ((value: unknown) => boolean) | string {
  if (!/^i?$/.test(flags)) return "no flag but i";
  if (text.length > MAX_PATTERN_LENGTH) return `a pattern of at most ${MAX_PATTERN_LENGTH} characters`;
  let pattern: RE2JS;
  try {
    pattern = RE2JS.compile(text, flags === "i" ? RE2JS.CASE_INSENSITIVE : 0);
  } catch (error) {
    return /invalid repeat count|too large|nests too deeply/.test(String(error))
      ? TOO_LARGE
      : "a regular expression as RE2 has them";
  }
  if (pattern.programSize() > MAX_INSTRUCTIONS) return TOO_LARGE;
  const matches = (value: unknown): boolean => {
    if (typeof value !== "string" && typeof value !== "number") return false;
    const written = String(value);
    return written.length <= MAX_VALUE_LENGTH && pattern.matches(written);
  };
  return (value) => Array.isArray(value) ? value.some(matches) : matches(value);
}
