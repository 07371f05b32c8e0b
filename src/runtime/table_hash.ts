/** Hashes of short texts for tables. Where peers choose the texts, a secret seed keeps them from choosing one slot. */
import { codeAt } from "./text.ts";

/** Returns the hash of `text[from, end)` after `before`, a seed or the hash of another text. */
export function hashText(text: string, before: number, from = 0, end = text.length): number {
  let hash = before;
  for (let i = from; i < end; i++) hash = Math.imul(hash ^ codeAt(text, i), 0x01000193);
  return hash;
}

/** Returns 30 well mixed bits of a hash, which V8 stores without a heap object. */
export function tableHash(hash: number): number {
  return (hash ^ hash >>> 15) & 0x3fffffff;
}
