/** Changes to a message, collected as spans and applied once. */
import type { HeaderId } from "./header_name.ts";
import { cut } from "../runtime/text.ts";

/** The part of `HeaderRows` that edits use. */
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

/** Edits of one text, in any order. They must not overlap. */
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

  /** Replaces the span `[start, end)`. */
  replace(start: number, end: number, text: string): this {
    const edit = { start, end, text };
    const edits = this.#edits;
    if (edits.length > 0 && inOrder(edits[edits.length - 1], edit) > 0) this.#isSorted = false;
    edits.push(edit);
    return this;
  }

  /** Removes a header row; a repetition changes nothing. */
  removeRow(message: Rows, row: number): this {
    return this.replace(message.rows[row + 1], message.rowEnd(row), "");
  }

  /** Removes all rows of a header. */
  removeAll(message: Rows, id: HeaderId): this {
    for (let row = message.rowOf(id); row >= 0; row = message.rowOf(id, row)) this.removeRow(message, row);
    return this;
  }

  /** Returns `text[from, to)` with the edits applied. */
  apply(text: string, from: number, to: number): string {
    if (!this.#isSorted) this.#edits.sort(inOrder);
    this.#isSorted = true;
    let result = "";
    let at = from;
    for (const edit of this.#edits) {
      // The row was removed twice.
      if (edit.start < at) continue;
      result += cut(text, at, edit.start) + edit.text;
      at = edit.end;
    }
    return result + cut(text, at, to);
  }
}

/** Orders edits; an insertion precedes the replacement of the text after it. */
function inOrder(a: Edit, b: Edit): number {
  return a.start - b.start || a.end - b.end;
}
