/** Wires of sockets, as their ground makes and ends them. */
import net from "node:net";
import type { Buffer } from "node:buffer";
import type { Wire } from "../../play/ground.ts";
import type { Inbox } from "../../play/inbox.ts";

export interface SocketWire extends Wire {
  close(): void;
}

export interface SocketWireParts {
  readonly address: string;
  readonly server: { readonly hostname: string; readonly port: number };
  /** A message has come, for this inbox. */
  onMessage(message: string, inbox: Inbox): void;
}

/** Bytes that the server has not taken yet; more are not sent. */
const MAX_UNSENT_BYTES = 1 << 20;
const CONNECT_TIMEOUT_MS = 2_000;

/** A connection that is made when it is needed, and again when the server has closed it. */
export class Connection {
  readonly #parts: SocketWireParts;
  readonly #onData: (bytes: string) => void;
  #socket: net.Socket | undefined;

  constructor(parts: SocketWireParts, onData: (bytes: string) => void) {
    this.#parts = parts;
    this.#onData = onData;
  }

  get isOpen(): boolean {
    return this.#socket !== undefined && this.#socket.writable;
  }

  /** Its own port, 0 while there is none. */
  get port(): number {
    return this.#socket?.localPort ?? 0;
  }

  /** Resolves when it is open, or cannot be opened in time. */
  open(): Promise<void> {
    const { address, server } = this.#parts;
    const socket = net.connect({
      host: server.hostname,
      port: server.port,
      localAddress: address,
      noDelay: true,
    });
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => this.#onData(bytes.toString("latin1")));
    socket.on("error", () => {});
    return new Promise((resolve) => {
      const timer = setTimeout(() => socket.destroy(), CONNECT_TIMEOUT_MS);
      const finish = () => {
        clearTimeout(timer);
        resolve();
      };
      socket.once("connect", finish);
      socket.once("close", finish);
    });
  }

  write(bytes: string): void {
    const socket = this.#socket;
    if (socket?.writable && socket.writableLength < MAX_UNSENT_BYTES) socket.write(bytes, "latin1");
  }

  /** Writes bytes in several segments. */
  async writeInPieces(bytes: string, cuts: readonly number[]): Promise<void> {
    for (const [index, cut] of [0, ...cuts].entries()) {
      this.write(bytes.slice(cut, cuts[index] ?? bytes.length));
      // The next turn of the event loop makes another segment.
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }
}
