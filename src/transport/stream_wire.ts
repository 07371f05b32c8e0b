/** SIP on a stream (§18.3), cut into messages by Content-Length. */
import type { Buffer } from "node:buffer";
import type net from "node:net";
import { StreamFramer, type StreamLimits } from "../message/stream_framer.ts";
import type { Carrier, CarryEvents } from "./connection_transport.ts";
import { SocketWriter } from "./socket_writer.ts";
import type { Wire, WireEvents } from "./wire.ts";

/** The differences between protocols. */
export interface StreamWireOptions {
  readonly limits: StreamLimits;
  /** As in `SocketWriterOptions`. */
  readonly isMessageOriented: boolean;
  /** Reports whether bytes come from the kernel, not from the peer. */
  isForeign?(chunk: Buffer): boolean;
}

export class StreamWire implements Wire {
  readonly #socket: net.Socket;
  readonly #writer: SocketWriter;
  /** True when the peer may still be sending: closing with unread bytes would discard our answer. */
  #awaitsPeer = false;

  constructor(socket: net.Socket, events: WireEvents, options: StreamWireOptions) {
    this.#socket = socket;
    this.#writer = new SocketWriter(socket, {
      isMessageOriented: options.isMessageOriented,
      onWritten: (count) => events.onWritten(count),
    });
    const framer = new StreamFramer({
      onMessage: (text) => events.onMessage(text),
      onRejected: (text, rejection) => {
        this.#awaitsPeer = true;
        events.onRejected(text, rejection);
      },
      onPing: () => events.onPing(),
      onFailure: (reason) => events.onViolation(reason),
    }, options.limits);
    socket.on("data", (chunk: Buffer) => {
      if (options.isForeign?.(chunk)) return;
      events.onTraffic();
      framer.push(chunk.toString("latin1"));
      events.onUnfinished(framer.buffered);
    });
    socket.on("error", (error: Error) => events.onClosed(error.message));
    socket.on("close", () => events.onClosed("Connection closed"));
  }

  write(text: string): void {
    this.#writer.write(text);
  }

  end(): void {
    this.#writer.finish(() => this.#awaitsPeer ? this.#socket.end() : this.#socket.destroySoon());
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** Carries SIP on a stream, without a handshake. */
export class StreamCarrier implements Carrier {
  readonly #options: StreamWireOptions;

  constructor(options: StreamWireOptions) {
    this.#options = options;
  }

  accept(socket: net.Socket, on: CarryEvents): void {
    on.carried((events) => new StreamWire(socket, events, this.#options));
  }

  connect(socket: net.Socket, _host: string, on: CarryEvents): void {
    this.accept(socket, on);
  }
}
