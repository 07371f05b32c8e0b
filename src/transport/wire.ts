import type { Rejection } from "../message/sip_message.ts";

/** The messages of one connection, on a stream or in a WebSocket. */
export interface Wire {
  /** Writes one message, one byte a character. */
  write(text: string): void;
  /** Asks the peer for a sign of life, if the protocol can (RFC 7118). */
  ping?(): void;
  /** Closes when everything is written. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
}

/** Events of a wire for its connection. */
export interface WireEvents {
  /** Any bytes have come. */
  onTraffic(): void;
  /** One whole message. */
  onMessage(text: string): void;
  /** A message is rejected, of which `text` is the head. The peer is told before the connection ends. */
  onRejected(text: string, rejection: Rejection): void;
  /** The bytes of an unfinished message have changed. */
  onUnfinished(bytes: number): void;
  /** The peer asks for a CRLF, to be sent when nothing else waits (RFC 5626 §3.5.1). */
  onPing(): void;
  /** The system has taken `count` more messages, oldest first. */
  onWritten(count: number): void;
  /** The peer has violated the protocol; the connection must be ended. */
  onViolation(reason: string): void;
  /** The peer closes, and reads nothing more; the connection must be ended. */
  onEnd(reason: string): void;
  /** The connection is gone. */
  onClosed(reason: string): void;
}
