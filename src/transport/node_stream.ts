/** A byte stream over a socket of node:net. */
import type { Buffer } from "node:buffer";
import type net from "node:net";
import { noteEvent } from "../runtime/rounds.ts";
import { toUriHost } from "../runtime/ip/ip_address.ts";
import type { ByteStream, StreamEvents } from "./byte_stream.ts";

/** The differences between protocols. */
export interface NodeStreamOptions {
  /** True when each message is one packet, written after the previous one has left (RFC 4168). */
  readonly isMessageOriented?: boolean;
  /** Reports whether bytes come from the kernel, not from the peer. */
  readonly isForeign?: (chunk: Buffer) => boolean;
}

export class NodeStream implements ByteStream {
  readonly #socket: net.Socket;
  readonly #options: NodeStreamOptions;
  #events: StreamEvents | undefined;
  /** Texts that are not handed to the socket yet, with the messages that they count for. */
  #queue: string[] = [];
  #counts: number[] = [];
  #isScheduled = false;
  #isWriting = false;
  #onDone: (() => void) | undefined;

  constructor(socket: net.Socket, options: NodeStreamOptions = {}) {
    this.#socket = socket;
    this.#options = options;
  }

  get remote(): { address: string; port: number } | undefined {
    const { remoteAddress, remotePort } = this.#socket;
    if (remoteAddress === undefined || remotePort === undefined) return undefined;
    return { address: toUriHost(remoteAddress), port: remotePort };
  }

  receive(events: StreamEvents): void {
    const isFirst = this.#events === undefined;
    this.#events = events;
    if (!isFirst) return;
    const { isForeign } = this.#options;
    this.#socket.on("data", (chunk: Buffer) => {
      noteEvent();
      if (!isForeign?.(chunk)) this.#events?.onBytes(chunk, chunk.length);
    });
    this.#socket.on("error", (error: Error) => this.#events?.onClosed(error.message));
    this.#socket.on("close", () => this.#events?.onClosed("Connection closed"));
  }

  whenClosed(onClosed: () => void): void {
    this.#socket.on("close", onClosed);
  }

  write(text: string, count = 1): void {
    noteEvent();
    this.#queue.push(text);
    this.#counts.push(count);
    if (this.#isScheduled || this.#isWriting) return;
    this.#isScheduled = true;
    queueMicrotask(() => this.#flush());
  }

  finish(): void {
    this.#whenHandedOn(() => this.#socket.destroySoon());
  }

  finishWriting(): void {
    this.#whenHandedOn(() => this.#socket.end());
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Calls back when all texts were handed to the socket: at once, unless each waits for the previous one. */
  #whenHandedOn(onDone: () => void): void {
    this.#onDone = onDone;
    if (!this.#isWriting) this.#flush();
  }

  #flush(): void {
    this.#isScheduled = false;
    const { isMessageOriented = false } = this.#options;
    const length = isMessageOriented ? Math.min(1, this.#queue.length) : this.#queue.length;
    if (length > 0) {
      const texts = this.#queue.splice(0, length);
      const count = this.#counts.splice(0, length).reduce((sum, one) => sum + one, 0);
      this.#isWriting = isMessageOriented;
      // All texts of a turn go in one write, since a write costs more than a message.
      this.#socket.write(length === 1 ? texts[0] : texts.join(""), "latin1", (error) => {
        this.#isWriting = false;
        if (error) return;
        this.#events?.onWritten(count);
        if (isMessageOriented) this.#flush();
      });
    }
    if (this.#isWriting) return;
    this.#onDone?.();
    this.#onDone = undefined;
  }
}
