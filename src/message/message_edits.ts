/** Changes to a message, collected as spans and applied once, when it is written. */
import type { HeaderId } from "./header_name.ts";

/** The header rows that edits need to know of. */
interface Rows {
  readonly rows: number[];
  rowOf(id: HeaderId, previous?: number): number;
  rowEnd(row: number): number;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Edits of one text. They must not overlap; their order does not matter. */
export class MessageEdits {
  readonly #edits: Edit[] = [];

  /** Puts `text` in the place of `[start, end)`. */
  replace(start: number, end: number, text: string): this {
    const edits = this.#edits;
    let i = edits.length;
    // An insertion goes before what replaces the text behind it.
    while (i > 0 && (edits[i - 1].start > start || edits[i - 1].start === start && edits[i - 1].end > end)) {
      i--;
    }
    edits.splice(i, 0, { start, end, text });
    return this;
  }

  /** Takes out a whole header row; a second time changes nothing. */
  removeRow(message: Rows, row: number): this {
    const start = message.rows[row + 1];
    const end = message.rowEnd(row);
    if (this.#edits.some((edit) => edit.start === start && edit.end === end)) return this;
    return this.replace(start, end, "");
  }

  /** Takes out every row of this name. */
  removeAll(message: Rows, id: HeaderId): this {
    for (let row = message.rowOf(id); row >= 0; row = message.rowOf(id, row)) this.removeRow(message, row);
    return this;
  }

  /** `text[from, to)` with the edits applied. */
  apply(text: string, from: number, to: number): string {
    let result = "";
    let at = from;
    for (const edit of this.#edits) {
      result += text.substring(at, edit.start) + edit.text;
      at = edit.end;
    }
    return result + text.substring(at, to);
  }
}
