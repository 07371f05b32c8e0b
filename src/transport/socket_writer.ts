/** Writes to a socket, all messages of a turn in one write, since a write costs more than a message. */
import type net from "node:net";

export interface SocketWriterOptions {
  /** True when each message is one packet, written after the previous one has left (RFC 4168). */
  readonly isMessageOriented: boolean;
  /** The system has taken `count` more messages, oldest first. */
  onWritten(count: number): void;
}

export class SocketWriter {
  readonly #socket: net.Socket;
  readonly #options: SocketWriterOptions;
  /** Messages that are not handed to the socket yet. */
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

  /** Calls back when all messages were handed to the socket: at once, unless each waits for the previous one. */
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
