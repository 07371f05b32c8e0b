/** A wire of messages on a TCP connection. */
import { MessageSplitter } from "../../../bench/load/message_splitter.ts";
import { Inbox } from "../../play/inbox.ts";
import { Connection, type SocketWire, type SocketWireParts } from "./socket_wire.ts";

export class TcpWire implements SocketWire {
  readonly inbox = new Inbox();
  readonly server: string;
  readonly #parts: SocketWireParts;
  readonly #connection: Connection;
  #splitter: MessageSplitter;

  constructor(parts: SocketWireParts) {
    this.#parts = parts;
    this.server = `${parts.server.hostname}:${parts.server.port}`;
    this.#splitter = this.#newSplitter();
    this.#connection = new Connection(parts, (bytes) => this.#splitter.push(bytes));
  }

  get endpoint(): string {
    return `${this.#parts.address}:${this.#connection.port}`;
  }

  async open(): Promise<void> {
    if (this.#connection.isOpen) return;
    this.#splitter = this.#newSplitter();
    await this.#connection.open();
  }

  async send(bytes: string, { cuts = [] }: { cuts?: readonly number[] } = {}): Promise<void> {
    if (cuts.length > 0) return await this.#connection.writeInPieces(bytes, cuts);
    this.#connection.write(bytes);
  }

  close(): void {
    this.#connection.close();
  }

  #newSplitter(): MessageSplitter {
    return new MessageSplitter((message) => this.#parts.onMessage(message, this.inbox));
  }
}
