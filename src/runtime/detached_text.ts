/** Text that outlives its message. */

/**
 * A copy of a string that does not keep the string alive it was cut from: a substring holds on to its whole message,
 * and a registration is kept for an hour. A concatenation has to be written out before it can be cut, so what is cut
 * here is a copy; ten times faster than by way of a `Buffer`.
 */
export function detachText(text: string): string {
  return ` ${text}`.slice(1);
}
