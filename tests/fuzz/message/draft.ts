/** A message as it is written before it is sent: start line, rows and body, that a mutation changes one by one. */

export interface Draft {
  start: string;
  /** Header rows as they stand, folds included, without their last CRLF. */
  rows: string[];
  body: string;
}

/** Cuts a text into its parts; a text without an empty line has no body. */
export function readDraft(text: string): Draft {
  const headEnd = text.indexOf("\r\n\r\n");
  const head = headEnd < 0 ? text : text.slice(0, headEnd);
  const [start, ...rows] = head.split(/\r\n(?![ \t])/);
  return { start, rows: rows.filter((row) => row !== ""), body: headEnd < 0 ? "" : text.slice(headEnd + 4) };
}

export function writeDraft({ start, rows, body }: Draft): string {
  return [start, ...rows].map((line) => `${line}\r\n`).join("") + `\r\n${body}`;
}

/** The name of a row as it stands, without the space behind it. */
export function nameOf(row: string): string {
  const colon = row.indexOf(":");
  return (colon < 0 ? row : row.slice(0, colon)).trimEnd();
}

/** The value of a row as it stands. */
export function valueOf(row: string): string {
  const colon = row.indexOf(":");
  return colon < 0 ? "" : row.slice(colon + 1).trimStart();
}
