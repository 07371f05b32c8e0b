/** A wire of WebSocket frames (RFC 6455, RFC 7118), written by hand so that frames may be wrong. */
import { Inbox } from "../../play/inbox.ts";
import { Connection, type SocketWire, type SocketWireParts } from "./socket_wire.ts";

const HANDSHAKE = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
  "Sec-WebSocket-Protocol: sip\r\n\r\n";
const HANDSHAKE_TIMEOUT_MS = 2_000;

export class WebSocketWire implements SocketWire {
  readonly inbox = new Inbox();
  readonly server: string;
  readonly #parts: SocketWireParts;
  readonly #connection: Connection;
  #received = "";
  #onHandshake: (() => void) | undefined;

  constructor(parts: SocketWireParts) {
    this.#parts = parts;
    this.server = `${parts.server.hostname}:${parts.server.port}`;
    this.#connection = new Connection(parts, (bytes) => this.#take(bytes));
  }

  get endpoint(): string {
    return `${this.#parts.address}:${this.#connection.port}`;
  }

  async open(): Promise<void> {
    if (this.#connection.isOpen) return;
    this.#received = "";
    await this.#connection.open();
    const agreed = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, HANDSHAKE_TIMEOUT_MS);
      this.#onHandshake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#connection.write(HANDSHAKE);
    await agreed;
    this.#onHandshake = undefined;
  }

  async send(
    bytes: string,
    { cuts = [], isFrame = false }: { cuts?: readonly number[]; isFrame?: boolean } = {},
  ): Promise<void> {
    if (isFrame) return this.#connection.write(bytes);
    // Pieces of a message are fragments: a first frame, continuations, the last one with FIN.
    const pieces = [0, ...cuts].map((cut, index) => bytes.slice(cut, cuts[index] ?? bytes.length));
    for (const [index, piece] of pieces.entries()) {
      const isLast = index === pieces.length - 1;
      this.#connection.write(frameOf(piece, (isLast ? 0x80 : 0) | (index === 0 ? 1 : 0)));
      if (!isLast) await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }

  close(): void {
    this.#connection.close();
  }

  #take(bytes: string): void {
    this.#received += bytes;
    if (this.#onHandshake) {
      const end = this.#received.indexOf("\r\n\r\n");
      if (end < 0) return;
      this.#received = this.#received.slice(end + 4);
      this.#onHandshake();
    }
    for (let frame = readFrame(this.#received); frame; frame = readFrame(this.#received)) {
      this.#received = this.#received.slice(frame.length);
      if (frame.isMessage) this.#parts.onMessage(frame.payload, this.inbox);
    }
  }
}

/** A masked frame; a mask of zeros leaves the payload as it is. */
function frameOf(payload: string, first: number): string {
  const { length } = payload;
  const size = length < 126
    ? String.fromCharCode(0x80 | length)
    : length < 65_536
    ? String.fromCharCode(0xfe, length >> 8, length & 255)
    : String.fromCharCode(
      0xff,
      0,
      0,
      0,
      0,
      length >> 24 & 255,
      length >> 16 & 255,
      length >> 8 & 255,
      length & 255,
    );
  return `${String.fromCharCode(first)}${size}\0\0\0\0${payload}`;
}

/** The first frame of the server, if it is whole; servers do not mask. */
function readFrame(bytes: string): { length: number; payload: string; isMessage: boolean } | undefined {
  if (bytes.length < 2) return undefined;
  const code = bytes.charCodeAt(1) & 127;
  const head = code < 126 ? 2 : code === 126 ? 4 : 10;
  if (bytes.length < head) return undefined;
  let size = code;
  if (head > 2) {
    size = 0;
    for (let at = 2; at < head; at++) size = size * 256 + bytes.charCodeAt(at);
  }
  if (bytes.length < head + size) return undefined;
  const opcode = bytes.charCodeAt(0) & 15;
  return {
    length: head + size,
    payload: bytes.slice(head, head + size),
    isMessage: opcode === 1 || opcode === 2,
  };
}
