/** What is used of the package ws, which has no types of its own; those that others wrote for it bring all of Node's. */
import type { Buffer } from "node:buffer";
import type net from "node:net";
import type { HttpHead } from "./http_head.ts";

interface Options {
  perMessageDeflate: false;
  /** Bytes a message may have. */
  maxPayload: number;
  skipUTF8Validation: boolean;
}

export class WebSocket {
  constructor(url: string, protocol: string, options: Options & { createConnection(): net.Socket });
  readonly protocol: string;
  /** Bytes that wait to be sent. */
  readonly bufferedAmount: number;
  on(event: "message", listener: (data: Buffer, isBinary: boolean) => void): this;
  on(event: "ping" | "pong" | "close", listener: () => void): this;
  on(event: "error", listener: (error: Error) => void): this;
  once(event: "open", listener: () => void): this;
  once(event: "error", listener: (error: Error) => void): this;
  off(event: "error", listener: (error: Error) => void): this;
  send(data: Uint8Array, options: { binary: boolean }, sent: (error?: Error | null) => void): void;
  ping(): void;
  close(code: number): void;
  terminate(): void;
}

export class WebSocketServer {
  constructor(options: Options & { noServer: true; clientTracking: boolean; handleProtocols(): string });
  handleUpgrade(
    request: HttpHead,
    socket: net.Socket,
    rest: Buffer,
    upgraded: (webSocket: WebSocket) => void,
  ): void;
}
