/** Checks of JSON text before it is parsed. */

/** Reports whether lists and objects are nested more than `maxDepth` levels deep. */
export function isDeeperThan(text: string, maxDepth: number): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    switch (text[i]) {
      case '"':
        i = endOfString(text, i);
        break;
      case "[":
      case "{":
        if (++depth > maxDepth) return true;
        break;
      case "]":
      case "}":
        depth--;
    }
  }
  return false;
}

/** Returns the index of the closing quote, or the length of the text. */
function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === '"') return i;
  }
  return text.length;
}

/** Returns line and column, from 1, of the first fault, which the engine does not always tell. */
export async function firstFault(text: string): Promise<{ line: number; column: number }> {
  const { visit } = await import("jsonc-parser");
  let at = text.length;
  const onError = (_: unknown, offset: number) => at = Math.min(at, offset);
  visit(text, { onError }, { disallowComments: true });
  const before = text.slice(0, at).split("\n");
  return { line: before.length, column: before.at(-1)!.length + 1 };
}
