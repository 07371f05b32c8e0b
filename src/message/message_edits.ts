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
  #isSorted = true;

  /** Returns a copy, which more edits can be added to. */
  copy(): MessageEdits {
    const copy = new MessageEdits();
    copy.#edits.push(...this.#edits);
    copy.#isSorted = this.#isSorted;
    return copy;
  }

  /** Puts `text` in the place of `[start, end)`. */
  replace(start: number, end: number, text: string): this {
    const edit = { start, end, text };
    const edits = this.#edits;
    if (edits.length > 0 && inOrder(edits[edits.length - 1], edit) > 0) this.#isSorted = false;
    edits.push(edit);
    return this;
  }

  /** Takes out a whole header row; a second time changes nothing. */
  removeRow(message: Rows, row: number): this {
    return this.replace(message.rows[row + 1], message.rowEnd(row), "");
  }

  /** Takes out every row of this name. */
  removeAll(message: Rows, id: HeaderId): this {
    for (let row = message.rowOf(id); row >= 0; row = message.rowOf(id, row)) this.removeRow(message, row);
    return this;
  }

  /** `text[from, to)` with the edits applied. */
  apply(text: string, from: number, to: number): string {
    if (!this.#isSorted) this.#edits.sort(inOrder);
    this.#isSorted = true;
    let result = "";
    let at = from;
    for (const edit of this.#edits) {
      // The row was taken out already.
      if (edit.start < at) continue;
      result += text.substring(at, edit.start) + edit.text;
      at = edit.end;
    }
    return result + text.substring(at, to);
  }
}

/** An insertion goes before what replaces the text behind it. */
function inOrder(a: Edit, b: Edit): number {
  return a.start - b.start || a.end - b.end;
}
