/** Cuts a byte stream into messages by Content-Length (§18.3) and keep-alives (RFC 5626 §3.5.1). */
import { scanRows, TOO_LARGE } from "./header_scan.ts";
import type { Rejection } from "./sip_message.ts";
import { codeAt, cut, indexIn } from "../runtime/text.ts";

/** Receives what the framer finds, in stream order, inside `push`. */
export interface StreamFramerEvents {
  /** One whole message. */
  onMessage(text: string): void;
  /** A double CRLF between messages, which asks for a single one. */
  onPing(): void;
  /** A message is rejected. `text` is its head, or the part of it that has come. */
  onRejected(text: string, rejection: Rejection): void;
  /** The stream cannot be read any further and must be closed. The last call. */
  onFailure(reason: string): void;
}

/** Bounds on the messages of one stream (`spec.limits`). */
export interface StreamLimits {
  /** Bytes of a head. Each piece that is appended copies it, so it must stay short. */
  readonly maxHeadSize: number;
  /** Bytes of a message, head and body. */
  readonly maxMessageSize: number;
}

const OVERSIZED: Rejection = { kind: "oversized", status: 513, reason: TOO_LARGE };
const NO_LENGTH: Rejection = {
  kind: "malformed",
  status: 400,
  reason: "Content-Length is missing or malformed",
};

const NOT_SIP: Rejection = { kind: "malformed", status: 400, reason: "Bytes are not SIP" };
/** Bytes that are shown of what is not SIP. */
const MAX_SHOWN = 64;

/** Pieces after which the buffer is flattened. */
const MAX_PIECES = 256;

/** A resumable framer for one connection. Text is latin1: one byte a character. */
export class StreamFramer {
  readonly #events: StreamFramerEvents;
  readonly #limits: StreamLimits;
  #buffer = "";
  /** Length of the message at the front of the buffer once its head is whole, else 0. */
  #wanted = 0;
  /** The buffer was searched for the end of the head up to here. */
  #searched = 0;
  #failed = false;
  #pieces = 0;

  constructor(events: StreamFramerEvents, limits: StreamLimits) {
    this.#events = events;
    this.#limits = limits;
  }

  /** Bytes of an unfinished message; half a keep-alive does not count. */
  get buffered(): number {
    // Reading a character flattens the buffer, so it is not read while a body is awaited.
    return this.#wanted === 0 && codeAt(this.#buffer, 0) === 13 ? 0 : this.#buffer.length;
  }

  push(chunk: string): void {
    if (this.#failed) return;
    this.#buffer = this.#buffer === "" ? chunk : this.#buffer + chunk;
    // Many small pieces cost many times their bytes until they are flattened.
    if (++this.#pieces % MAX_PIECES === 0) codeAt(this.#buffer, 0);
    while (!this.#failed && this.#takeOne());
  }

  /** Takes one message or keep-alive; false when more bytes are needed. */
  #takeOne(): boolean {
    if (this.#wanted === 0 && !this.#readHead()) return false;
    if (this.#buffer.length < this.#wanted) return false;
    const message = cut(this.#buffer, 0, this.#wanted);
    this.#consume(this.#wanted);
    this.#events.onMessage(message);
    return true;
  }

  #readHead(): boolean {
    this.#skipKeepAlives();
    const buffer = this.#buffer;
    if (buffer.length > 0 && !isPlausibleStart(buffer)) return this.#reject(NOT_SIP, MAX_SHOWN);
    const headEnd = indexIn(buffer, "\r\n\r\n", Math.max(0, this.#searched - 3));
    this.#searched = buffer.length;
    const { maxHeadSize, maxMessageSize } = this.#limits;
    if (headEnd < 0 && buffer.length <= maxHeadSize) return false;
    if (headEnd < 0 || headEnd > maxHeadSize) return this.#reject(OVERSIZED, maxHeadSize);
    const length = contentLength(buffer);
    if (length < 0) return this.#reject(NO_LENGTH, headEnd + 4);
    this.#wanted = headEnd + 4 + length;
    if (this.#wanted > maxMessageSize) return this.#reject(OVERSIZED, headEnd + 4);
    return true;
  }

  #skipKeepAlives(): void {
    while (codeAt(this.#buffer, 0) === 13 && codeAt(this.#buffer, 1) === 10) {
      if (codeAt(this.#buffer, 2) === 13 && codeAt(this.#buffer, 3) === 10) {
        this.#consume(4);
        this.#events.onPing();
      } else if (
        this.#buffer.length === 2 || this.#buffer.length === 3 && codeAt(this.#buffer, 2) === 13
      ) {
        return; // The second half of a ping may still come.
      } else this.#consume(2);
    }
  }

  #consume(length: number): void {
    this.#buffer = cut(this.#buffer, length);
    this.#wanted = 0;
    this.#searched = 0;
  }

  /** Rejects a message whose end is unknown or not awaited, and ends the stream. */
  #reject(rejection: Rejection, end: number): false {
    this.#events.onRejected(cut(this.#buffer, 0, end), rejection);
    return this.#fail(rejection.reason);
  }

  #fail(reason: string): false {
    this.#failed = true;
    this.#buffer = "";
    this.#events.onFailure(reason);
    return false;
  }
}

/** Reports whether a buffer may begin with a start line, that is with a token. */
function isPlausibleStart(buffer: string): boolean {
  const code = codeAt(buffer, 0);
  if (code === 13) return buffer.length === 1 || codeAt(buffer, 1) === 10;
  return code > 32 && code < 127;
}

/** Returns the Content-Length of the head in the buffer; -1 when it is missing or ambiguous. */
function contentLength(buffer: string): number {
  return scanRows(buffer, indexIn(buffer, "\r\n") + 2).contentLength;
}
