/** Descriptions of property types for editors, in words of JSON Schema (draft 07). */

/** Keywords and their values. */
export type JsonForm = Readonly<Record<string, unknown>>;

/** The types that a scalar may look like in an editor; files are read with every scalar as text (`yaml_reader.ts`). */
export const SCALAR = ["string", "number", "boolean"] as const;

/** Returns a regular expression for any of these words in any case; JSON Schema has no flags. */
export function wordsPattern(words: readonly string[]): string {
  const patterns = words.map((word) =>
    word.replace(/[^\w-]/g, "\\$&").replace(/[a-z]/gi, (letter) => {
      return `[${letter.toUpperCase()}${letter.toLowerCase()}]`;
    })
  );
  return `^(?:${patterns.join("|")})$`;
}
