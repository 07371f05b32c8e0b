/** Tables with aligned columns. */
import { valueAt } from "../../data/document_problems.ts";

export interface Column {
  readonly title: string;
  /** Returns a text, a number or a list of such; undefined is shown as `-`. */
  cell(row: unknown): unknown;
}

const GAP = "   ";
const NOTHING = "-";

/** Returns the lines, titles first, without a newline at the end. */
export function formatTable(columns: readonly Column[], rows: readonly unknown[]): string {
  const lines = [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map((column) => cellText(column.cell(row)))),
  ];
  const widths = columns.map((_, i) => lines.reduce((widest, line) => Math.max(widest, widthOf(line[i])), 0));
  return lines
    .map((line) => line.map((text, i) => text + " ".repeat(widths[i] - widthOf(text))).join(GAP).trimEnd())
    .join("\n");
}

/** Returns the value at a path such as `spec.credentials.username`; undefined for a missing one. */
export function valueAtPath(document: unknown, path: string): unknown {
  return valueAt(document, path.split("."));
}

function cellText(value: unknown): string {
  if (value === undefined || value === null || value === "") return NOTHING;
  if (Array.isArray(value)) return value.length === 0 ? NOTHING : value.map(cellText).join(",");
  if (typeof value === "object") return printable(JSON.stringify(value));
  return printable(String(value)).replaceAll(/[\n\t]/g, " ");
}

function widthOf(text: string): number {
  return [...text].length;
}

/** Characters that control a terminal or the direction of writing, apart from newlines and tabs. */
// deno-lint-ignore no-control-regex
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Escapes control characters: a stranger may have chosen names and contacts. */
export function printable(text: string): string {
  return text.replaceAll(CONTROLS, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
