import type { Position } from "../fault.ts";

/** Why a text is not YAML. No part of the text is quoted, since it may be a secret. */
export interface SyntaxProblem {
  readonly found: string;
  readonly expected: string;
  readonly position?: Position;
}

/** What people did, by the error codes of the `yaml` package: [found, expected]. */
const MISTAKES: Readonly<Record<string, readonly [string, string]>> = {
  TAB_AS_INDENT: ["a tab as indentation", "spaces"],
  DUPLICATE_KEY: ["a property for the second time", "each property once"],
  BAD_INDENT: ["an indentation that fits nothing above", "the same indentation as the lines it belongs to"],
  BLOCK_AS_IMPLICIT_KEY: [
    'a second ": " in one line, or a line too far to the right',
    "one property in a line, and quotes around text that holds a colon and a space",
  ],
  MULTILINE_IMPLICIT_KEY: ['a line without ": "', "a property, a colon, a space and a value"],
  BAD_SCALAR_START: ["a value that begins with a reserved character", "quotes around it"],
  BAD_ALIAS: ["a value that begins with an asterisk", "quotes around it"],
  BAD_DQ_ESCAPE: ["an unknown escape in double quotes", "single quotes around text that holds backslashes"],
  MISSING_CHAR: ["a quote or bracket that is never closed", "its closing counterpart"],
  MULTIPLE_DOCS: ["a second document in the file", "one document in a file"],
  UNEXPECTED_TOKEN: [
    "something that does not belong here",
    "the line before to go on, or quotes around special characters",
  ],
};

/** The same, by the beginning of what the first reader says; the second one lets these pass. */
const MORE_MISTAKES: readonly (readonly [string, string, string])[] = [
  ["Cannot read alias", ...MISTAKES.BAD_ALIAS],
  ["Cannot resolve", "a value that begins with an exclamation mark", "quotes around it"],
];

/** `error` is what the YAML reader threw; a second reader, loaded only now, knows better what is wrong and where. */
export async function syntaxProblem(text: string, error: unknown): Promise<SyntaxProblem> {
  if (error instanceof RangeError) {
    return { found: "lists or mappings nested or repeated without end", expected: "a plain document" };
  }
  if (!(error instanceof SyntaxError)) throw error;
  return await explain(text) ?? describe(error);
}

/** Above this, a second reading takes too long and too much memory, in characters. */
const LONGEST_EXPLAINED = 4_000_000;

async function explain(text: string): Promise<SyntaxProblem | undefined> {
  if (text.length > LONGEST_EXPLAINED) return undefined;
  const { isScalar, LineCounter, parseDocument, visit } = await import("yaml");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, schema: "failsafe" });
  const error = document.errors[0];
  if (error === undefined || MISTAKES[error.code] === undefined) return undefined;
  let offset = error.pos[0];
  if (error.code === "MISSING_CHAR") {
    // The end of the text is where it was noticed; the quote that was opened is what has to be found.
    visit(document, (_, node) => {
      if (isScalar(node) && node.range && node.type?.startsWith("QUOTE")) offset = node.range[0];
    });
  }
  const { line, col } = lines.linePos(offset);
  const tab = /^ *\t/.exec(text.slice(lines.lineStarts[line - 1]));
  if (tab !== null) return problemOf("TAB_AS_INDENT", { line, column: tab[0].length });
  const isUnclosed = error.code === "BAD_INDENT" && error.message.startsWith("Flow");
  return problemOf(isUnclosed ? "MISSING_CHAR" : error.code, { line, column: col });
}

function problemOf(code: string, position: Position): SyntaxProblem {
  const [found, expected] = MISTAKES[code];
  return { found, expected, position };
}

/** What the first reader says, without what it quotes. */
function describe(error: SyntaxError): SyntaxProblem {
  const mistake = MORE_MISTAKES.find(([beginning]) => error.message.startsWith(beginning));
  const problem = {
    found: mistake?.[1] ?? "text that is not YAML",
    expected: mistake?.[2] ?? "a YAML document",
  };
  const { line, column } = error as SyntaxError & Partial<Position>;
  return line === undefined || column === undefined ? problem : { ...problem, position: { line, column } };
}
