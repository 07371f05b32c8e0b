/** The part of ws that is used. Its public types would bring all types of Node. */
import type { Buffer } from "node:buffer";
import type net from "node:net";
import type { HttpHead } from "./http_head.ts";

export interface WebSocketOptions {
  perMessageDeflate: false;
  /** Bytes of a message. */
  maxPayload: number;
  skipUTF8Validation: boolean;
  /** Milliseconds for the peer to close after the closing handshake. */
  closeTimeout: number;
  /** Frames of one message. */
  maxFragments: number;
  /** Pieces of one frame. */
  maxBufferedChunks: number;
}

export class WebSocket {
  constructor(url: string, protocol: string, options: WebSocketOptions & { createConnection(): net.Socket });
  readonly protocol: string;
  /** Internal, but the only way to the size of an unfinished message. */
  readonly _receiver: {
    /** Bytes of an unfinished frame. `_messageLength` are those of finished frames of an unfinished message. */
    readonly _bufferedBytes: number;
    readonly _messageLength: number;
    /** The pieces of these bytes. */
    readonly _buffers: readonly unknown[];
    readonly _fragments: readonly unknown[];
  };
  /** 1 while open. */
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
  /** A faulty handshake, which is not answered yet. */
  on(event: "wsClientError", listener: (error: Error, socket: net.Socket) => void): this;
  handleUpgrade(
    request: HttpHead,
    socket: net.Socket,
    rest: Buffer,
    upgraded: (webSocket: WebSocket) => void,
  ): void;
}
