/** SIP messages in WebSocket messages, one in each (RFC 7118 §5). */
import { Buffer, isUtf8 } from "node:buffer";
import type net from "node:net";
// @ts-types="./ws.d.ts"
import type { WebSocket } from "ws";
import type { Wire, WireEvents } from "../wire.ts";

const PING = "\r\n\r\n";

export class WebSocketWire implements Wire {
  readonly #webSocket: WebSocket;
  readonly #socket: net.Socket;
  readonly #events: WireEvents;
  #awaitsPong = false;
  #isCorked = false;

  constructor(webSocket: WebSocket, socket: net.Socket, events: WireEvents) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.#events = events;
    // After the library has had the bytes: what it still holds of them belongs to a message that is not finished.
    socket.on("data", () => {
      this.#awaitsPong = false;
      events.onTraffic();
      const { _bufferedBytes, _messageLength } = webSocket._receiver;
      events.onUnfinished(_bufferedBytes + _messageLength);
    });
    webSocket.on("message", (data) => this.#onMessage(data));
    webSocket.on("error", (error) => events.onViolation(error.message));
    webSocket.on("close", () => events.onClosed("Connection closed"));
  }

  get unsentBytes(): number {
    return this.#webSocket.bufferedAmount;
  }

  write(text: string): void {
    if (!this.#isCorked) {
      // All messages of one turn in one write.
      this.#isCorked = true;
      this.#socket.cork();
      queueMicrotask(() => {
        this.#isCorked = false;
        this.#socket.uncork();
      });
    }
    const bytes = Buffer.from(text, "latin1");
    this.#webSocket.send(bytes, { binary: !isUtf8(bytes) }, this.#onSent);
  }

  /** A peer that did not answer the last one is gone. */
  ping(): void {
    if (this.#awaitsPong) return this.#events.onViolation("Peer does not answer pings");
    this.#awaitsPong = true;
    this.#webSocket.ping();
  }

  end(): void {
    this.#webSocket.close(1000);
  }

  destroy(): void {
    this.#webSocket.terminate();
  }

  readonly #onSent = (error?: Error | null): void => {
    if (error) this.#events.onClosed(error.message);
    else this.#events.onWritten(1);
  };

  #onMessage(data: Buffer): void {
    const text = data.toString("latin1");
    if (text === PING) this.#events.onPing();
    else this.#events.onMessage(text);
  }
}
