/** What is used of the package ws, which has no types of its own; those that others wrote for it bring all of Node's. */
import type { Buffer } from "node:buffer";
import type net from "node:net";
import type { HttpHead } from "./http_head.ts";

export interface WebSocketOptions {
  perMessageDeflate: false;
  /** Bytes a message may have. */
  maxPayload: number;
  skipUTF8Validation: boolean;
  /** Milliseconds that a peer has to close after the closing handshake. */
  closeTimeout: number;
  /** Frames of one message. */
  maxFragments: number;
  /** Pieces of one frame. */
  maxBufferedChunks: number;
}

export class WebSocket {
  constructor(url: string, protocol: string, options: WebSocketOptions & { createConnection(): net.Socket });
  readonly protocol: string;
  /** Not for the public; there is no other way to learn how much a peer has begun and not finished. */
  readonly _receiver: {
    /** Bytes of an unfinished frame, and of the finished frames of an unfinished message. */
    readonly _bufferedBytes: number;
    readonly _messageLength: number;
    /** The pieces that they are in. */
    readonly _buffers: readonly unknown[];
    readonly _fragments: readonly unknown[];
  };
  /** 1 while it is open. */
  readonly readyState: number;
  on(event: "message", listener: (data: Buffer, isBinary: boolean) => void): this;
  on(event: "close", listener: () => void): this;
  on(event: "error", listener: (error: Error) => void): this;
  once(event: "open", listener: () => void): this;
  once(event: "error", listener: (error: Error) => void): this;
  off(event: "error", listener: (error: Error) => void): this;
  ping(): void;
  close(code: number): void;
  terminate(): void;
}

export class WebSocketServer {
  constructor(
    options: WebSocketOptions & { noServer: true; clientTracking: boolean; handleProtocols(): string },
  );
  /** A handshake that breaks the rules; nothing was answered. */
  on(event: "wsClientError", listener: (error: Error, socket: net.Socket) => void): this;
  handleUpgrade(
    request: HttpHead,
    socket: net.Socket,
    rest: Buffer,
    upgraded: (webSocket: WebSocket) => void,
  ): void;
}
