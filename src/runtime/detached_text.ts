/** Text that outlives its message. */
import { Buffer } from "node:buffer";

/**
 * A copy of a latin1 string that does not keep the string alive it was cut from: a substring holds on to its whole
 * message, and a registration is kept for an hour.
 */
export function detachText(text: string): string {
  return Buffer.from(text, "latin1").toString("latin1");
}
