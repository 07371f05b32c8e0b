import type { Position } from "../fault.ts";
import { findItemStarts } from "./yaml_items.ts";

/** A syntax error in a YAML text. It quotes nothing, since the text may hold secrets. */
export interface SyntaxProblem {
  readonly found: string;
  readonly expected: string;
  readonly position?: Position;
}

/** Mistakes by the error codes of the `yaml` package: [found, expected]. */
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

/** Mistakes by the beginning of the first reader's message: the second reader accepts them, or is not asked. */
const MORE_MISTAKES: readonly (readonly [string, string, string])[] = [
  ["Cannot read alias", ...MISTAKES.BAD_ALIAS],
  ["Cannot store mapping pair", ...MISTAKES.DUPLICATE_KEY],
  ["Cannot resolve", "a value that begins with an exclamation mark", "quotes around it"],
];

/** The position at which the first reader noticed the error; the offset is in characters. */
type FirstReadersError = SyntaxError & Partial<Position & { readonly offset: number }>;

/** Explains an error of the YAML reader. A second reader, loaded on demand, knows better what is wrong and where. */
export async function syntaxProblem(text: string, error: unknown): Promise<SyntaxProblem> {
  if (error instanceof RangeError) {
    return { found: "lists or mappings nested or repeated without end", expected: "a plain document" };
  }
  if (!(error instanceof SyntaxError)) throw error;
  return await explainExcerpt(text, error) ?? describe(error);
}

/** A second reading of more characters may take seconds. */
const MAX_EXPLAINED_LENGTH = 20_000;

/** Explains the item of a long list with the error, or a short text as a whole. */
async function explainExcerpt(text: string, error: FirstReadersError): Promise<SyntaxProblem | undefined> {
  if (text.length <= MAX_EXPLAINED_LENGTH) return await explain(text);
  const starts = findItemStarts(text);
  const next = starts.findIndex(({ offset }) => offset > (error.offset ?? text.length));
  const start = starts.at(next === -1 ? -1 : next - 1);
  if (start === undefined || next === 0) return undefined;
  const excerpt = text.slice(start.offset, next === -1 ? undefined : starts[next].offset);
  const problem = excerpt.length > MAX_EXPLAINED_LENGTH ? undefined : await explain(excerpt);
  if (problem?.position === undefined) return undefined;
  const { line, column } = problem.position;
  return { ...problem, position: { line: line + start.line - 1, column } };
}

async function explain(text: string): Promise<SyntaxProblem | undefined> {
  const { isScalar, LineCounter, parseDocument, visit } = await import("yaml");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, schema: "failsafe" });
  const error = document.errors[0];
  if (error === undefined || MISTAKES[error.code] === undefined) return undefined;
  let offset = error.pos[0];
  if (error.code === "MISSING_CHAR") {
    // The error is noticed at the end of the text, but its cause is the opening quote.
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

/** Returns the first reader's message without its quotes. */
function describe(error: FirstReadersError): SyntaxProblem {
  const mistake = MORE_MISTAKES.find(([beginning]) => error.message.startsWith(beginning));
  const problem = {
    found: mistake?.[1] ?? "text that is not YAML",
    expected: mistake?.[2] ?? "a YAML document",
  };
  const { line, column } = error;
  if (line === undefined || column === undefined) return problem;
  // The reader subtracts what it has consumed of the line, which is less than nothing after a long key.
  return { ...problem, position: { line, column: Math.max(1, column) } };
}
