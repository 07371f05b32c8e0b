/** Writes to a socket: what is sent in one turn goes in one write, for a write costs more than a message does. */
import type net from "node:net";

/** How messages become writes. */
export interface SocketWriterOptions {
  /** Whether each message is written alone, after the one before has left: a message is a packet then (RFC 4168). */
  readonly isMessageOriented: boolean;
  /** So many more messages, oldest first, were taken by the system. */
  onWritten(count: number): void;
}

export class SocketWriter {
  readonly #socket: net.Socket;
  readonly #options: SocketWriterOptions;
  /** Not handed to the socket yet. */
  #queue: string[] = [];
  #isScheduled = false;
  #isWriting = false;
  #onDone: (() => void) | undefined;

  constructor(socket: net.Socket, options: SocketWriterOptions) {
    this.#socket = socket;
    this.#options = options;
  }

  /** Writes one message, one byte a character. */
  write(text: string): void {
    this.#queue.push(text);
    if (this.#isScheduled || this.#isWriting) return;
    this.#isScheduled = true;
    queueMicrotask(() => this.#flush());
  }

  /** Calls back when everything was handed to the socket: at once, unless messages have to wait for each other. */
  finish(onDone: () => void): void {
    this.#onDone = onDone;
    if (!this.#isWriting) this.#flush();
  }

  #flush(): void {
    this.#isScheduled = false;
    const { isMessageOriented, onWritten } = this.#options;
    const count = isMessageOriented ? Math.min(1, this.#queue.length) : this.#queue.length;
    if (count > 0) {
      const texts = this.#queue.splice(0, count);
      const text = count === 1 ? texts[0] : texts.join("");
      this.#isWriting = isMessageOriented;
      this.#socket.write(text, "latin1", (error) => {
        this.#isWriting = false;
        if (error) return;
        onWritten(count);
        if (isMessageOriented) this.#flush();
      });
    }
    if (this.#isWriting) return;
    this.#onDone?.();
    this.#onDone = undefined;
  }
}
