/** What is told of a JSON text without reading it: how deep it is, and where it is wrong. */

/** Whether lists and objects of a text stand in one another beyond a number of levels. */
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

/** The position of the closing quote, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === '"') return i;
  }
  return text.length;
}

/** Line and column, counted from 1, of what is not JSON: the engine does not always tell. */
export async function firstFault(text: string): Promise<{ line: number; column: number }> {
  const { visit } = await import("jsonc-parser");
  let at = text.length;
  const onError = (_: unknown, offset: number) => at = Math.min(at, offset);
  visit(text, { onError }, { disallowComments: true });
  const before = text.slice(0, at).split("\n");
  return { line: before.length, column: before.at(-1)!.length + 1 };
}
