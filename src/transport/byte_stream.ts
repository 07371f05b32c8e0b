/** A stream of bytes over a socket of any kind, as carriers of messages use it. */
import type { Buffer } from "node:buffer";

/** Receives the events of a stream. None is called within the methods of the stream. */
export interface StreamEvents {
  /**
   * Bytes have come: the first `length` of `bytes`. They are valid during the call only, in which they may be
   * overwritten.
   */
  onBytes(bytes: Buffer, length: number): void;
  /** The system has taken what was written for `count` more messages, oldest first. */
  onWritten(count: number): void;
  /** The stream is closed, for the first reason that is given. */
  onClosed(reason: string): void;
}

export interface ByteStream {
  /** The other end, the address in URI form; undefined when the peer has reset the connection already. */
  readonly remote: { readonly address: string; readonly port: number } | undefined;
  /** Sets the receiver of events, in place of another. */
  receive(events: StreamEvents): void;
  /** Calls back when the stream is closed. */
  whenClosed(onClosed: () => void): void;
  /**
   * Writes one byte a character. All that is written in a turn leaves together.
   * @param count the messages that `onWritten` reports for it
   */
  write(text: string, count?: number): void;
  /** Closes when everything is written. */
  finish(): void;
  /** Closes the sending direction when everything is written, and the stream when the peer does the same. */
  finishWriting(): void;
  /** Closes at once. */
  destroy(): void;
}
