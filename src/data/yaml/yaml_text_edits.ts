/** A replaced span of a text; an insertion when `start` is `end`. Offsets in UTF-16 units. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The YAML is written in a way that cannot be edited safely. The message completes "Cannot change …: ". */
export class CannotEdit extends Error {
  override readonly name = "CannotEdit";
}

/** Edits of one text, collected by offset and applied at once. */
export class TextEdits {
  readonly text: string;
  readonly lineEnd: string;
  readonly #edits: TextEdit[] = [];

  /** @param lineEnd the line end of the file */
  constructor(text: string, lineEnd: string) {
    this.text = text;
    this.lineEnd = lineEnd;
  }

  replace(start: number, end: number, text: string): void {
    this.#edits.push({ start, end, text });
  }

  insert(at: number, text: string): void {
    this.replace(at, at, text);
  }

  remove(start: number, end: number): void {
    this.replace(start, end, "");
  }

  /** Inserts lines at the start of a line, or after the last line of the text. */
  insertLines(at: number, lines: readonly string[]): void {
    const text = lines.join(this.lineEnd);
    const isAtLineStart = at === 0 || this.text[at - 1] === "\n";
    this.insert(at, isAtLineStart ? text + this.lineEnd : this.lineEnd + text);
  }

  /** Returns the offset of the beginning of a line. */
  lineStart(offset: number): number {
    return this.text.lastIndexOf("\n", offset - 1) + 1;
  }

  /** Returns the offset of the next line, or `offset` itself at the beginning of a line, as after a block scalar. */
  nextLine(offset: number): number {
    if (offset > 0 && this.text[offset - 1] === "\n") return offset;
    const end = this.text.indexOf("\n", offset);
    return end === -1 ? this.text.length : end + 1;
  }

  column(offset: number): number {
    return offset - this.lineStart(offset);
  }

  /** Reports whether only spaces precede `offset` in its line. */
  isFirstInLine(offset: number): boolean {
    return /^ *$/.test(this.text.slice(this.lineStart(offset), offset));
  }

  apply(): string {
    const edits = this.#edits.toSorted((a, b) => a.start - b.start || a.end - b.end);
    let result = "";
    let done = 0;
    for (const { start, end, text } of edits) {
      if (start < done) throw new CannotEdit("the places to change are intertwined; change it by hand");
      result += this.text.slice(done, start) + text;
      done = end;
    }
    return result + this.text.slice(done);
  }
}
