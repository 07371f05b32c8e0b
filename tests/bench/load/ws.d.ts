/** What a phone uses of the package ws, which has no types of its own. */
import type { Buffer } from "node:buffer";
import type net from "node:net";

export class WebSocket {
  constructor(
    url: string,
    protocol: string,
    options: { perMessageDeflate: false; createConnection(): net.Socket },
  );
  /** Bytes given to `send` that the peer has not taken. */
  readonly bufferedAmount: number;
  on(event: "message", listener: (data: Buffer) => void): this;
  on(event: "close", listener: () => void): this;
  on(event: "error", listener: (error: Error) => void): this;
  once(event: string, listener: (error: Error) => void): this;
  off(event: string, listener: (error: Error) => void): this;
  send(text: string): void;
  pause(): void;
  terminate(): void;
}
