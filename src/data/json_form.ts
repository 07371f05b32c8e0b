/** How property types are told to editors, in words of JSON Schema (draft 07). */

/** Keywords and their values. */
export type JsonForm = Readonly<Record<string, unknown>>;

/** Where files are read, every scalar is text (`yaml_reader.ts`); for editors it has the type that it looks like. */
export const SCALAR = ["string", "number", "boolean"] as const;

/** A regular expression for any of these words in any case; JSON Schema has no flags. */
export function wordsPattern(words: readonly string[]): string {
  const patterns = words.map((word) =>
    word.replace(/[^\w-]/g, "\\$&").replace(/[a-z]/gi, (letter) => {
      return `[${letter.toUpperCase()}${letter.toLowerCase()}]`;
    })
  );
  return `^(?:${patterns.join("|")})$`;
}
