/** The header fields of a message as spans of its text; values are cut out on demand. */
import { isWhiteSpace, skipQuotedString, trimWhiteSpace } from "./characters.ts";
import { Header, type HeaderId, headerId } from "./header_name.ts";
import { MessageEdits } from "./message_edits.ts";
import type { Via } from "./via.ts";
import { codeAt, cut } from "../runtime/text.ts";

/** Numbers kept for each header row: header id, start of name, start and end of value. */
export const ROW_STRIDE = 4;

/** The head of a message, parsed. */
export interface Head {
  /** The whole message, one character a byte (latin1). */
  readonly text: string;
  /**
   * Four numbers a row, rows in the order of the message:
   *
   *     [ HeaderId, nameStart, valueStart, valueEnd ]
   *
   *     Via : SIP/2.0/UDP pc33.example.com  CRLF
   *     └nameStart └valueStart            └valueEnd
   */
  readonly rows: number[];
  /** True when a value is folded over several lines (§7.3.1). */
  readonly hasFolds: boolean;
  /** Start of the empty line that ends the head. */
  readonly headersEnd: number;
}

/** Header fields in received order, looked up by number. */
export class HeaderRows implements Head {
  readonly text: string;
  readonly rows: number[];
  readonly hasFolds: boolean;
  readonly headersEnd: number;
  /** The topmost Via value, undefined when it is missing or malformed. */
  readonly topVia: Via | undefined;
  #stampedVia: string | undefined;

  constructor(head: Head, topVia: Via | undefined) {
    this.text = head.text;
    this.rows = head.rows;
    this.hasFolds = head.hasFolds;
    this.headersEnd = head.headersEnd;
    this.topVia = topVia;
  }

  /** Returns the index in `rows` of the first row of a header after `previous`; -1 for none. */
  rowOf(id: HeaderId, previous = -ROW_STRIDE): number {
    const rows = this.rows;
    for (let row = previous + ROW_STRIDE; row < rows.length; row += ROW_STRIDE) {
      if (rows[row] === id) return row;
    }
    return -1;
  }

  /** Returns the end of a row, its CRLF included. */
  rowEnd(row: number): number {
    return row + ROW_STRIDE < this.rows.length ? this.rows[row + ROW_STRIDE + 1] : this.headersEnd;
  }

  /** Returns the value of a row, unfolded. */
  rowValue(row: number): string {
    const value = cut(this.text, this.rows[row + 2], this.rows[row + 3]);
    return this.hasFolds ? value.split("\r\n").map(trimWhiteSpace).join(" ") : value;
  }

  has(id: HeaderId): boolean {
    return this.rowOf(id) >= 0;
  }

  /** Returns the value of the first row of a header, undefined for none. */
  header(id: HeaderId): string | undefined {
    const row = this.rowOf(id);
    return row < 0 ? undefined : this.rowValue(row);
  }

  /** Returns the value of the first row with a name, in long form and any case, for headers without number. */
  headerNamed(name: string): string | undefined {
    const id = headerId(name, 0, name.length);
    if (id !== Header.Other) return this.header(id);
    const wanted = name.toLowerCase();
    for (let row = this.rowOf(Header.Other); row >= 0; row = this.rowOf(Header.Other, row)) {
      if (this.rowName(row).toLowerCase() === wanted) return this.rowValue(row);
    }
    return undefined;
  }

  /** Returns the name of a row as written. */
  rowName(row: number): string {
    return /^[^\s:]*/.exec(cut(this.text, this.rows[row + 1], this.rows[row + 2]))![0];
  }

  /** Returns the values of all rows of a header. */
  rowValues(id: HeaderId): string[] {
    const first = this.rowOf(id);
    if (first < 0) return [];
    // A list that begins with its value takes a sixth of the memory that an empty one grows to.
    const values = [this.rowValue(first)];
    for (let row = this.rowOf(id, first); row >= 0; row = this.rowOf(id, row)) {
      values.push(this.rowValue(row));
    }
    return values;
  }

  /** Returns all values of a header, rows split at their commas (§7.3.1). */
  values(id: HeaderId): string[] {
    const values: string[] = [];
    for (let row = this.rowOf(id); row >= 0; row = this.rowOf(id, row)) {
      splitValues(this.rowValue(row), values);
    }
    return values;
  }

  /**
   * Writes the source of the message into its top Via (§18.2.1, RFC 3581 §4): `received` when sent-by is another address
   * or `rport` is asked for, and the port in `rport`. Values of the sender are replaced. A sender that offers keep-alives
   * is told their interval (RFC 6223 §4.3).
   * @param keepAlive in seconds, 0 when the sender chooses
   */
  stampTopVia(address: string, port: number, keepAlive = 0): void {
    const via = this.topVia;
    if (!via) return;
    const needsReceived = via.rportStart >= 0 || via.host !== address;
    if (!needsReceived && via.received === undefined && via.keepEnd < 0) return;
    const received = needsReceived ? `;received=${withoutBrackets(address)}` : "";
    const { text } = this;
    if (via.receivedStart < 0 && via.keepEnd < 0) {
      // The usual case: `rport` alone.
      let end = via.end;
      while (isWhiteSpace(codeAt(text, end - 1))) end--;
      this.#stampedVia = via.rportStart < 0
        ? cut(text, via.start, end) + received
        : `${cut(text, via.start, via.rportStart)};rport=${port}${cut(text, via.rportEnd, end)}${received}`;
      return;
    }
    const edits = new MessageEdits();
    if (via.rportStart >= 0) edits.replace(via.rportStart, via.rportEnd, `;rport=${port}`);
    if (via.receivedStart >= 0) edits.replace(via.receivedStart, via.receivedEnd, "");
    if (via.keepEnd >= 0) edits.replace(via.keepEnd, via.keepEnd, `=${keepAlive}`);
    this.#stampedVia = trimWhiteSpace(edits.apply(text, via.start, via.end)) + received;
  }

  /** True when no Via value is below the top one. */
  get hasOneVia(): boolean {
    const row = this.rowOf(Header.Via);
    return this.topVia?.end === this.rows[row + 3] && this.rowOf(Header.Via, row) < 0;
  }

  /** The top Via value for responses and forwarded requests. */
  get topViaText(): string {
    if (this.#stampedVia !== undefined) return this.#stampedVia;
    return this.topVia ? cut(this.text, this.topVia.start, this.topVia.end) : "";
  }

  /** True when `topViaText` differs from the received value. */
  get isViaStamped(): boolean {
    return this.#stampedVia !== undefined;
  }
}

function withoutBrackets(address: string): string {
  return codeAt(address, 0) === 91 ? cut(address, 1, address.length - 1) : address;
}

/**
 * Splits a header value at its commas, except inside quotes and angle brackets, and appends the parts to `into`. Stops
 * when there are more than `max`.
 */
export function splitValues(value: string, into: string[] = [], max = Infinity): string[] {
  if (!value.includes(",")) {
    if (value !== "") into.push(value);
    return into;
  }
  let start = 0;
  let inBrackets = false;
  for (let at = 0; at <= value.length && into.length <= max; at++) {
    const code = at < value.length ? codeAt(value, at) : 44;
    if (code === 34) {
      const close = skipQuotedString(value, at, value.length);
      at = close < 0 ? value.length - 1 : close - 1;
    } else if (code === 60) inBrackets = true;
    else if (code === 62) inBrackets = false;
    else if (code === 44 && (!inBrackets || at === value.length)) {
      const part = at === start ? "" : trimWhiteSpace(cut(value, start, at));
      if (part !== "") into.push(part);
      start = at + 1;
    }
  }
  return into;
}
