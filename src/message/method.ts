/** Method names (§7.1). */
import { beginsWith, cut } from "../runtime/text.ts";

const METHODS = [
  "INVITE",
  "ACK",
  "BYE",
  "CANCEL",
  "REGISTER",
  "OPTIONS",
  "PRACK",
  "UPDATE",
  "SUBSCRIBE",
  "NOTIFY",
  "MESSAGE",
  "INFO",
  "REFER",
  "PUBLISH",
];

/** Returns the method in `text[from, end)`: for a known one always the same string, which is compared at once. */
export function methodAt(text: string, from: number, end: number): string {
  for (const method of METHODS) {
    if (method.length === end - from && beginsWith(text, method, from)) return method;
  }
  return cut(text, from, end);
}
