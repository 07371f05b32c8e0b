/** SIP on a stream (§18.3), cut into messages by Content-Length. */
import type { Buffer } from "node:buffer";
import { StreamFramer, type StreamLimits } from "../message/stream_framer.ts";
import type { ByteStream, StreamEvents } from "./byte_stream.ts";
import type { Carrier, CarryEvents } from "./connection_transport.ts";
import type { Wire, WireEvents } from "./wire.ts";

export class StreamWire implements Wire, StreamEvents {
  readonly #stream: ByteStream;
  readonly #events: WireEvents;
  readonly #framer: StreamFramer;
  /** True when the peer may still be sending: closing with unread bytes would discard our answer. */
  #awaitsPeer = false;

  constructor(stream: ByteStream, events: WireEvents, limits: StreamLimits) {
    this.#stream = stream;
    this.#events = events;
    this.#framer = new StreamFramer({
      onMessage: (text) => events.onMessage(text),
      onRejected: (text, rejection) => {
        this.#awaitsPeer = true;
        events.onRejected(text, rejection);
      },
      onPing: () => events.onPing(),
      onFailure: (reason) => events.onViolation(reason),
    }, limits);
    stream.receive(this);
  }

  onBytes(bytes: Buffer, length: number): void {
    this.#events.onTraffic();
    this.#framer.push(bytes.toString("latin1", 0, length));
    this.#events.onUnfinished(this.#framer.buffered);
  }

  onWritten(count: number): void {
    this.#events.onWritten(count);
  }

  onClosed(reason: string): void {
    this.#events.onClosed(reason);
  }

  write(text: string): void {
    this.#stream.write(text);
  }

  end(): void {
    if (this.#awaitsPeer) this.#stream.finishWriting();
    else this.#stream.finish();
  }

  destroy(): void {
    this.#stream.destroy();
  }
}

/** Carries SIP on a stream, without a handshake. */
export class StreamCarrier implements Carrier {
  readonly #limits: StreamLimits;

  constructor(limits: StreamLimits) {
    this.#limits = limits;
  }

  accept(stream: ByteStream, on: CarryEvents): void {
    on.carried((events) => new StreamWire(stream, events, this.#limits));
  }

  connect(stream: ByteStream, _host: string, on: CarryEvents): void {
    this.accept(stream, on);
  }
}
