/** Cuts a byte stream into messages by Content-Length (§18.3), and sees the keep-alives between them (RFC 5626 §3.5.1). */
import { scanRows, TOO_LARGE } from "./header_scan.ts";
import type { Rejection } from "./sip_message.ts";

/** What the framer found. Calls come in stream order, inside `push`. */
export interface StreamFramerEvents {
  /** One whole message. */
  onMessage(text: string): void;
  /** A double CRLF before a message: the peer asks for a single one. */
  onPing(): void;
  /** A message is not taken from the stream. `text` is its head, or as much of that as there is. */
  onRejected(text: string, rejection: Rejection): void;
  /** The stream makes no sense any more and must be closed; nothing is called after this. */
  onFailure(reason: string): void;
}

/** Bounds on the messages of one stream (`spec.limits`). */
export interface StreamLimits {
  /** Bytes a head may have: appending to it copies it, so a sender of single bytes must not make it long. */
  readonly maxHeadSize: number;
  /** Bytes a message may have, head and body. */
  readonly maxMessageSize: number;
}

const OVERSIZED: Rejection = { kind: "oversized", status: 513, reason: TOO_LARGE };
const NO_LENGTH: Rejection = {
  kind: "malformed",
  status: 400,
  reason: "Content-Length is missing or malformed",
};

/** Pieces that a buffer is made of at most. */
const MAX_PIECES = 256;

/** A resumable framer for one connection. Text is latin1: one byte a character. */
export class StreamFramer {
  readonly #events: StreamFramerEvents;
  readonly #limits: StreamLimits;
  #buffer = "";
  /** Length of the message at the front of the buffer once its head is whole, else 0. */
  #wanted = 0;
  /** How far the buffer was searched for the end of the head. */
  #searched = 0;
  #failed = false;
  #pieces = 0;

  constructor(events: StreamFramerEvents, limits: StreamLimits) {
    this.#events = events;
    this.#limits = limits;
  }

  /** Bytes of a message that has come in part; half a keep-alive is none. */
  get buffered(): number {
    // To look at a character, everything that was appended is copied: not for each piece of a long body.
    return this.#wanted === 0 && this.#buffer.charCodeAt(0) === 13 ? 0 : this.#buffer.length;
  }

  push(chunk: string): void {
    if (this.#failed) return;
    this.#buffer = this.#buffer === "" ? chunk : this.#buffer + chunk;
    // Many small pieces cost many times what is in them, until they are copied together.
    if (++this.#pieces % MAX_PIECES === 0) this.#buffer.charCodeAt(0);
    while (!this.#failed && this.#takeOne());
  }

  /** Takes one message or keep-alive off the front; false when more bytes are needed. */
  #takeOne(): boolean {
    if (this.#wanted === 0 && !this.#readHead()) return false;
    if (this.#buffer.length < this.#wanted) return false;
    const message = this.#buffer.substring(0, this.#wanted);
    this.#consume(this.#wanted);
    this.#events.onMessage(message);
    return true;
  }

  #readHead(): boolean {
    this.#skipKeepAlives();
    const buffer = this.#buffer;
    if (buffer.length > 0 && !isPlausibleStart(buffer)) return this.#fail("Bytes are not SIP");
    const headEnd = buffer.indexOf("\r\n\r\n", Math.max(0, this.#searched - 3));
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
    while (this.#buffer.charCodeAt(0) === 13 && this.#buffer.charCodeAt(1) === 10) {
      if (this.#buffer.charCodeAt(2) === 13 && this.#buffer.charCodeAt(3) === 10) {
        this.#consume(4);
        this.#events.onPing();
      } else if (
        this.#buffer.length === 2 || this.#buffer.length === 3 && this.#buffer.charCodeAt(2) === 13
      ) {
        return; // The second half of a ping may still come.
      } else this.#consume(2);
    }
  }

  #consume(length: number): void {
    this.#buffer = this.#buffer.substring(length);
    this.#wanted = 0;
    this.#searched = 0;
  }

  /** Where the message ends is not known, or it is not waited for: the peer is told why, and the stream is over. */
  #reject(rejection: Rejection, end: number): false {
    this.#events.onRejected(this.#buffer.substring(0, end), rejection);
    return this.#fail(rejection.reason);
  }

  #fail(reason: string): false {
    this.#failed = true;
    this.#buffer = "";
    this.#events.onFailure(reason);
    return false;
  }
}

/** A start line begins with a token; anything else will never become a message. */
function isPlausibleStart(buffer: string): boolean {
  const code = buffer.charCodeAt(0);
  if (code === 13) return buffer.length === 1 || buffer.charCodeAt(1) === 10;
  return code > 32 && code < 127;
}

/** The Content-Length of the head that the buffer begins with; -1 when there is none, or more than one. */
function contentLength(buffer: string): number {
  return scanRows(buffer, buffer.indexOf("\r\n") + 2).contentLength;
}
