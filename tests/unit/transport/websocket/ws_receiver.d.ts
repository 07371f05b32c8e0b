/** What a test uses of the package ws, which has no types of its own. */
import type { Buffer } from "node:buffer";
import type { EventEmitter } from "node:events";

export interface ReceiverOptions {
  readonly isServer: boolean;
  readonly maxPayload: number;
  readonly maxFragments: number;
  readonly skipUTF8Validation: boolean;
  readonly allowSynchronousEvents: boolean;
}

/** Reads frames; `message`, `ping` and `conclude` are its events. */
export class Receiver extends EventEmitter {
  constructor(options: ReceiverOptions);
  /** An error has the status to close with under a symbol of its own. */
  _write(chunk: Buffer, encoding: string, onDone: (error?: Error & Record<symbol, number>) => void): void;
}
