/** SIP on a stream (§18.3): messages cut by Content-Length, and what is sent in one turn written at once. */
import type { Buffer } from "node:buffer";
import type net from "node:net";
import { StreamFramer } from "../message/stream_framer.ts";
import type { Wire, WireEvents } from "./wire.ts";

/** How messages become writes. */
export interface StreamWireOptions {
  /** Bytes a message may have. */
  readonly maxMessageSize: number;
  /** Whether each message is written alone, after the one before has left: a message is a packet then (RFC 4168). */
  readonly isMessageOriented: boolean;
  /** Whether these bytes are not the peer's. */
  isForeign?(chunk: Buffer): boolean;
}

export class StreamWire implements Wire {
  readonly #socket: net.Socket;
  readonly #events: WireEvents;
  readonly #isMessageOriented: boolean;
  /** Not handed to the socket yet. */
  #queue: string[] = [];
  #queuedBytes = 0;
  #isScheduled = false;
  #isWriting = false;
  #isEnding = false;

  constructor(socket: net.Socket, events: WireEvents, options: StreamWireOptions) {
    this.#socket = socket;
    this.#events = events;
    this.#isMessageOriented = options.isMessageOriented;
    const framer = new StreamFramer({
      onMessage: (text) => events.onMessage(text),
      onPing: () => events.onPing(),
      onFailure: (reason) => events.onViolation(reason),
    }, options.maxMessageSize);
    socket.on("data", (chunk: Buffer) => {
      if (options.isForeign?.(chunk)) return;
      events.onTraffic();
      framer.push(chunk.toString("latin1"));
      events.onUnfinished(framer.buffered);
    });
    socket.on("error", (error: Error) => events.onClosed(error.message));
    socket.on("close", () => events.onClosed("Connection closed"));
  }

  get unsentBytes(): number {
    return this.#queuedBytes + this.#socket.writableLength;
  }

  write(text: string): void {
    this.#queue.push(text);
    this.#queuedBytes += text.length;
    if (this.#isScheduled || this.#isWriting) return;
    this.#isScheduled = true;
    queueMicrotask(() => this.#flush());
  }

  end(): void {
    this.#isEnding = true;
    if (!this.#isWriting) this.#flush();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #flush(): void {
    this.#isScheduled = false;
    const count = this.#isMessageOriented ? Math.min(1, this.#queue.length) : this.#queue.length;
    if (count === 0) {
      if (this.#isEnding) this.#socket.destroySoon();
      return;
    }
    const texts = this.#queue.splice(0, count);
    const text = count === 1 ? texts[0] : texts.join("");
    this.#queuedBytes -= text.length;
    this.#isWriting = this.#isMessageOriented;
    this.#socket.write(text, "latin1", (error) => {
      if (!error) this.#events.onWritten(count);
      this.#isWriting = false;
      if (this.#isMessageOriented && !error) this.#flush();
    });
    if (this.#isEnding && !this.#isWriting) this.#socket.destroySoon();
  }
}
