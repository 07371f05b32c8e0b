/** SIP messages in WebSocket messages, one in each (RFC 7118 §5). */
import type { Buffer } from "node:buffer";
import type { ByteStream, StreamEvents } from "../byte_stream.ts";
import type { Wire, WireEvents } from "../wire.ts";
import { CONTROL, controlFrame, frameHead, maskedFrame } from "./web_socket_frame.ts";
import {
  WebSocketReader,
  type WebSocketReaderEvents,
  type WebSocketReaderOptions,
} from "./web_socket_reader.ts";

const PING = "\r\n\r\n";
/** The status 1000 of a normal closure (§7.4.1), as two bytes. */
const NORMAL = statusText(1000);
/** Pongs that wait to be sent. */
const MAX_PONGS = 60;

/** A WebSocket after its handshake. */
export class WebSocketWire implements Wire, StreamEvents, WebSocketReaderEvents {
  readonly #stream: ByteStream;
  readonly #events: WireEvents;
  readonly #reader: WebSocketReader;
  readonly #isClient: boolean;
  #awaitsPong = false;
  #pongs = 0;
  /** True when a close frame was sent, after which nothing may follow. */
  #hasClosed = false;
  /** True when the peer sends nothing more that counts. */
  #isOver = false;

  constructor(stream: ByteStream, options: WebSocketReaderOptions, events: WireEvents) {
    this.#stream = stream;
    this.#events = events;
    this.#isClient = options.isClient;
    this.#reader = new WebSocketReader(options, this);
    stream.receive(this);
  }

  onBytes(bytes: Buffer, length: number): void {
    this.#awaitsPong = false;
    this.#events.onTraffic();
    this.#reader.push(bytes, length);
    this.#events.onUnfinished(this.#reader.unfinished);
  }

  onWritten(count: number): void {
    this.#pongs = 0;
    if (count > 0) this.#events.onWritten(count);
  }

  onClosed(reason: string): void {
    this.#events.onClosed(reason);
  }

  onMessage(text: string): void {
    if (text === PING) this.#events.onPing();
    else this.#events.onMessage(text);
  }

  onPing(text: string): void {
    if (this.#hasClosed) return;
    if (++this.#pongs > MAX_PONGS) this.#stream.destroy();
    else this.#control("pong", text);
  }

  onClose(text: string): void {
    this.#isOver = true;
    if (this.#hasClosed) return this.#stream.finishWriting();
    this.#close(text.slice(0, 2));
    this.#events.onEnd("Peer closes the connection");
  }

  onFault(status: number, reason: string): void {
    this.#isOver = true;
    this.#close(statusText(status));
    this.#events.onViolation(reason);
  }

  write(text: string): void {
    if (this.#isClient) return this.#stream.write(maskedFrame(text));
    // A head before its text would have to be copied with it.
    this.#stream.write(frameHead(text), 0);
    this.#stream.write(text);
  }

  /** Pings the peer. One that did not answer the last ping is gone. */
  ping(): void {
    if (this.#awaitsPong) return this.#events.onViolation("Peer does not answer pings");
    this.#awaitsPong = true;
    this.#control("ping", "");
  }

  end(): void {
    this.#close(NORMAL);
    if (this.#isOver) this.#stream.finishWriting();
  }

  destroy(): void {
    this.#stream.destroy();
  }

  #close(status: string): void {
    if (this.#hasClosed) return;
    this.#control("close", status);
    this.#hasClosed = true;
  }

  #control(kind: keyof typeof CONTROL, text: string): void {
    this.#stream.write(controlFrame(kind, text, this.#isClient), 0);
  }
}

function statusText(status: number): string {
  return String.fromCharCode(status >> 8, status & 255);
}
