import type { Rejection } from "../message/sip_message.ts";

/** What carries the messages of one connection: a stream, or a WebSocket. */
export interface Wire {
  /** Writes one message, one byte a character. */
  write(text: string): void;
  /** Asks the peer for a sign of life, where the protocol has a way for the server to do so (RFC 7118). */
  ping?(): void;
  /** Closes when everything is written. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
}

/** What a wire tells the connection it belongs to. */
export interface WireEvents {
  /** Bytes have come, whatever they are. */
  onTraffic(): void;
  /** One whole message. */
  onMessage(text: string): void;
  /** A message is not taken, of which this is the head: the peer is told before the connection is ended. */
  onRejected(text: string, rejection: Rejection): void;
  /** So many bytes of an unfinished message are kept. */
  onUnfinished(bytes: number): void;
  /** The peer asks for a sign of life: CRLF, to be sent when nothing else waits (RFC 5626 §3.5.1). */
  onPing(): void;
  /** So many more messages, oldest first, were taken by the system. */
  onWritten(count: number): void;
  /** The peer broke the rules of the protocol; the connection is of no more use. */
  onViolation(reason: string): void;
  /** The connection is gone. */
  onClosed(reason: string): void;
}
