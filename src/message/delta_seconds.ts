/** delta-seconds (§25.1): Expires, Min-Expires, and the `expires` parameter of Contact. */
import { parseNumber } from "./characters.ts";

const MAX_SECONDS = 2 ** 32 - 1;

/** Returns the seconds, undefined when absent or malformed. */
export function parseDeltaSeconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = parseNumber(text, 0, text.length, MAX_SECONDS);
  return seconds < 0 ? undefined : seconds;
}
